#include "coordinator/access/role.hpp"

#include <array>

namespace switchyard::access {
namespace {

constexpr Rights look = Rights::of(Right::look);
constexpr std::array all_roles = {Role::viewer, Role::operator_, Role::approver, Role::admin};

}  // namespace

Rights rights_of(Role role) {
  switch (role) {
    case Role::viewer:
      return look;
    case Role::operator_:
      return look | Rights::of(Right::operate);
    case Role::approver:
      return look | Rights::of(Right::approve);
    case Role::admin:
      return look | Rights::of(Right::operate) | Rights::of(Right::approve) | Rights::of(Right::administer);
  }
  return no_rights;
}

bool covers(Role high, Role low) { return (rights_of(high) & rights_of(low)) == rights_of(low); }

Role join(Role a, Role b) {
  if (covers(a, b)) return a;
  return covers(b, a) ? b : Role::admin;
}

Role meet(Role a, Role b) {
  if (covers(a, b)) return b;
  return covers(b, a) ? a : Role::viewer;
}

std::string_view role_name(Role role) {
  switch (role) {
    case Role::viewer:
      return "viewer";
    case Role::operator_:
      return "operator";
    case Role::approver:
      return "approver";
    case Role::admin:
      return "admin";
  }
  return "viewer";
}

std::optional<Role> role_from_name(std::string_view name) {
  for (const Role role : all_roles) {
    if (role_name(role) == name) return role;
  }
  return std::nullopt;
}

std::string_view right_name(Right right) {
  switch (right) {
    case Right::look:
      return "look";
    case Right::operate:
      return "operate";
    case Right::approve:
      return "approve";
    case Right::administer:
      return "administer";
  }
  return "look";
}

Role least_role_with(Right right) {
  switch (right) {
    case Right::look:
      return Role::viewer;
    case Right::operate:
      return Role::operator_;
    case Right::approve:
      return Role::approver;
    case Right::administer:
      return Role::admin;
  }
  return Role::admin;
}

}  // namespace switchyard::access
