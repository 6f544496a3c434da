#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

/// What a principal holds in an environment. A role is a set of rights, and one role is above another when it has all
/// of its rights:
///
///                 admin          look, operate, approve, administer
///                /     \.
///         operator     approver  look, operate | look, approve
///                \     /
///                 viewer         look
///
/// Operator and approver stand beside each other: who starts a deployment and who lets it through are two people.
/// Who holds both has the rights of both, which are not those of an admin. Pure values.
namespace switchyard::access {

enum class Right : std::uint8_t { look = 1, operate = 2, approve = 4, administer = 8 };

/// A set of rights.
struct Rights {
  std::uint8_t bits = 0;

  static constexpr Rights of(Right right) { return {static_cast<std::uint8_t>(right)}; }
  constexpr bool has(Right right) const { return (bits & static_cast<std::uint8_t>(right)) != 0; }
  constexpr Rights operator|(Rights other) const { return {static_cast<std::uint8_t>(bits | other.bits)}; }
  constexpr Rights operator&(Rights other) const { return {static_cast<std::uint8_t>(bits & other.bits)}; }
  bool operator==(const Rights&) const = default;
};
inline constexpr Rights no_rights{};

/// Kept in the store: never renumber.
enum class Role : std::uint8_t { viewer = 1, operator_ = 2, approver = 3, admin = 4 };

Rights rights_of(Role role);
/// `high` has every right of `low`.
bool covers(Role high, Role low);
/// The smallest role that covers both, and the greatest that both cover.
Role join(Role a, Role b);
Role meet(Role a, Role b);

std::string_view role_name(Role role);
std::optional<Role> role_from_name(std::string_view name);
std::string_view right_name(Right right);
/// The smallest role that brings the right; for messages.
Role least_role_with(Right right);

}  // namespace switchyard::access
