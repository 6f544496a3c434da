#pragma once

#include <rapidcheck.h>

#include <string>
#include <vector>

#include "coordinator/access/permission.hpp"

/// Principals and actions at random. Grants come as they could stand in a damaged or forged store too: of any role to
/// any kind.
namespace rc {

template <>
struct Arbitrary<switchyard::access::Role> {
  static Gen<switchyard::access::Role> arbitrary() {
    using switchyard::access::Role;
    return gen::element(Role::viewer, Role::operator_, Role::approver, Role::admin);
  }
};
template <>
struct Arbitrary<switchyard::access::Kind> {
  static Gen<switchyard::access::Kind> arbitrary() {
    using switchyard::access::Kind;
    return gen::element(Kind::person, Kind::ci, Kind::ai);
  }
};
template <>
struct Arbitrary<switchyard::access::Action> {
  static Gen<switchyard::access::Action> arbitrary() {
    return gen::map(gen::inRange<std::size_t>(0, switchyard::access::action_rules().size()),
                    [](std::size_t i) { return switchyard::access::action_rules()[i].action; });
  }
};
template <>
struct Arbitrary<switchyard::access::Grant> {
  static Gen<switchyard::access::Grant> arbitrary() {
    using switchyard::access::Grant;
    return gen::build<Grant>(gen::set(&Grant::role),
                             gen::set(&Grant::environment, gen::element<std::string>("production", "staging", "*")));
  }
};
template <>
struct Arbitrary<switchyard::access::Principal> {
  static Gen<switchyard::access::Principal> arbitrary() {
    using switchyard::access::Principal;
    return gen::build<Principal>(gen::set(&Principal::name, gen::element<std::string>("token:ann", "local:root")),
                                 gen::set(&Principal::kind), gen::set(&Principal::grants));
  }
};

}  // namespace rc
