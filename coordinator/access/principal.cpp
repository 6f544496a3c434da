#include "coordinator/access/principal.hpp"

#include <array>
#include <utility>

namespace switchyard::access {
namespace {

constexpr std::array all_kinds = {Kind::person, Kind::ci, Kind::ai};
constexpr std::size_t mark_digits = 12;

}  // namespace

std::string_view kind_name(Kind kind) {
  switch (kind) {
    case Kind::person:
      return "person";
    case Kind::ci:
      return "ci";
    case Kind::ai:
      return "ai";
  }
  return "ai";
}

std::optional<Kind> kind_from_name(std::string_view name) {
  for (const Kind kind : all_kinds) {
    if (kind_name(kind) == name) return kind;
  }
  return std::nullopt;
}

std::string token_mark(std::string_view sha256_hex) { return std::string(sha256_hex.substr(0, mark_digits)); }

Principal administrator(std::string name) {
  return {std::move(name), Kind::person, {{Role::admin, std::string(every_environment)}}};
}

std::string_view person_of(std::string_view principal_name) {
  const std::size_t colon = principal_name.find(':');
  return colon == std::string_view::npos ? principal_name : principal_name.substr(colon + 1);
}

Rights rights_of(Kind kind) {
  switch (kind) {
    case Kind::person:
      return rights_of(Role::admin);
    case Kind::ci:
    case Kind::ai:
      return rights_of(Role::operator_);
  }
  return no_rights;
}

std::optional<std::string> refuse_role(Kind kind, Role role) {
  if ((rights_of(kind) & rights_of(role)) == rights_of(role)) return std::nullopt;
  return "the kind `" + std::string(kind_name(kind)) + "` cannot hold the role `" + std::string(role_name(role)) +
         "`: what a machine proposes is approved, and who may do what is decided, by a person (kind `person`)";
}

Rights rights_in(const Principal& principal, std::string_view environment) {
  Rights rights;
  for (const Grant& grant : principal.grants) {
    if (grant.environment == every_environment || grant.environment == environment) {
      rights = rights | rights_of(grant.role);
    }
  }
  return rights & rights_of(principal.kind);
}

Rights rights_somewhere(const Principal& principal) {
  Rights rights;
  for (const Grant& grant : principal.grants) rights = rights | rights_of(grant.role);
  return rights & rights_of(principal.kind);
}

}  // namespace switchyard::access
