#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "coordinator/access/role.hpp"

/// Who acts, and what was given to him. Pure values.
namespace switchyard::access {

/// A person; a job of continuous integration; an assistant. Kept in the store: never renumber.
enum class Kind : std::uint8_t { person = 1, ci = 2, ai = 3 };
std::string_view kind_name(Kind kind);
std::optional<Kind> kind_from_name(std::string_view name);

/// Stands for every environment, and for what belongs to none: the fleet itself.
inline constexpr std::string_view every_environment = "*";

struct Grant {
  Role role = Role::viewer;
  std::string environment;  ///< a name, or every_environment
  bool operator==(const Grant&) const = default;
};

struct Principal {
  std::string name;  ///< local:root, token:alice
  Kind kind = Kind::person;
  std::vector<Grant> grants = {};  ///< nothing by default: who is not known may do nothing
  bool operator==(const Principal&) const = default;
};

/// Who showed a bearer token, and how that token is called in the audit: the first digits of its SHA-256.
struct Bearer {
  Principal who;
  std::string token;
  bool guessable = false;  ///< so short that it can be found by trying
  bool operator==(const Bearer&) const = default;
};
/// The first 12 of a digest's 64 hexadecimal digits.
std::string token_mark(std::string_view sha256_hex);

/// Admin of everything: the local user that the kernel vouches for, the token of the first start.
Principal administrator(std::string name);

/// The person behind a principal's name, however he came in: `token:alice` and `local:alice` are one person.
std::string_view person_of(std::string_view principal_name);

/// What a kind may hold at most: a machine looks and operates, it never approves nor administers.
Rights rights_of(Kind kind);
/// Why a token of this kind must not be given this role; nothing when it may.
std::optional<std::string> refuse_role(Kind kind, Role role);

/// The rights in an environment, by the grants for it and by those for every environment.
Rights rights_in(const Principal& principal, std::string_view environment);
/// Whether he is an admin of it.
inline bool administers(const Principal& principal, std::string_view environment) {
  return rights_in(principal, environment).has(Right::administer);
}
/// The rights in at least one environment.
Rights rights_somewhere(const Principal& principal);

}  // namespace switchyard::access
