#include "coordinator/access/permission.hpp"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <set>

#include "tests/unit/coordinator_access/access_generators.hpp"

namespace switchyard::access {
namespace {

const std::string production = "production";

rc::Gen<std::string> environments() { return rc::gen::element<std::string>("production", "staging", "*"); }

bool allowed_more(const Principal& more, const Principal& less) {
  for (const ActionRule& rule : action_rules()) {
    for (const char* environment : {"production", "staging", "unheard-of", "*"}) {
      if (may(less, rule.action, environment) && !may(more, rule.action, environment)) return false;
    }
  }
  return true;
}

// Feature: deployment-mcp, Property: RBAC lattice.

RC_GTEST_PROP(RbacLattice, RolesAreAPartialOrderWithJoinAndMeet, (Role a, Role b, Role c)) {
  RC_ASSERT(covers(a, a));
  RC_ASSERT(!(covers(a, b) && covers(b, a)) || a == b);
  RC_ASSERT(!(covers(a, b) && covers(b, c)) || covers(a, c));
  RC_ASSERT(covers(Role::admin, a) && covers(a, Role::viewer));
  const Role above = join(a, b);
  RC_ASSERT(covers(above, a) && covers(above, b) && above == join(b, a));
  RC_ASSERT(!(covers(c, a) && covers(c, b)) || covers(c, above));
  const Role below = meet(a, b);
  RC_ASSERT(covers(a, below) && covers(b, below) && below == meet(b, a));
  RC_ASSERT(!(covers(a, c) && covers(b, c)) || covers(below, c));
  RC_ASSERT(join(a, meet(a, b)) == a && meet(a, join(a, b)) == a);
}

RC_GTEST_PROP(RbacLattice, AHigherRoleMayWhateverALowerOneMay, (Principal principal, Role other)) {
  RC_PRE(!principal.grants.empty());
  const auto i = *rc::gen::inRange<std::size_t>(0, principal.grants.size());
  Principal higher = principal;
  higher.grants[i].role = join(principal.grants[i].role, other);
  RC_ASSERT(allowed_more(higher, principal));
}

RC_GTEST_PROP(RbacLattice, OneMoreGrantTakesNothingAway, (Principal principal, Grant grant)) {
  Principal richer = principal;
  richer.grants.push_back(grant);
  RC_ASSERT(allowed_more(richer, principal));
}

RC_GTEST_PROP(RbacLattice, EverywhereIsWorthAsMuchAsAnyEnvironment, (Principal principal)) {
  Principal everywhere = principal;
  for (Grant& grant : everywhere.grants) grant.environment = every_environment;
  RC_ASSERT(allowed_more(everywhere, principal));
}

RC_GTEST_PROP(RbacLattice, RightsInOneEnvironmentAreWorthNothingInAnother, (Principal principal, Action action)) {
  for (Grant& grant : principal.grants) grant.environment = "staging";
  RC_PRE(rule_of(action).scope == Scope::environment);
  RC_ASSERT(!may(principal, action, production));
  RC_ASSERT(!may(principal, action, every_environment));
}

RC_GTEST_PROP(RbacLattice, AMachineNeverApprovesNorAdministersWhateverWasForgedForIt, (Principal principal)) {
  principal.kind = *rc::gen::element(Kind::ci, Kind::ai);
  for (const ActionRule& rule : action_rules()) {
    const bool of_persons = rule.persons_only || rule.right == Right::approve || rule.right == Right::administer;
    if (!of_persons) continue;
    RC_ASSERT(!may(principal, rule.action, *environments()));
  }
}

RC_GTEST_PROP(RbacLattice, AMachineMayNothingThatAPersonWithItsGrantsMayNot, (Principal principal)) {
  Principal person = principal;
  person.kind = Kind::person;
  RC_ASSERT(allowed_more(person, principal));
}

RC_GTEST_PROP(RbacLattice, WhoHasNoGrantMayNothing, (Principal principal, Action action)) {
  principal.grants.clear();
  RC_ASSERT(!may(principal, action, *environments()));
}

RC_GTEST_PROP(RbacLattice, ARefusalSaysWhoWhatAndWhatIsMissing, (Principal principal)) {
  for (const ActionRule& rule : action_rules()) {
    const auto why = why_not(principal, rule.action, production);
    if (!why) continue;
    RC_ASSERT(why->find(principal.name) != std::string::npos);
    RC_ASSERT(why->find(std::string(rule.name)) != std::string::npos);
    RC_ASSERT(why->find("role") != std::string::npos || why->find("persons") != std::string::npos);
  }
}

RC_GTEST_PROP(RbacLattice, OperatorAndApproverTogetherAreNoAdmin, (Action action)) {
  const Principal both{"token:ann", Kind::person, {{Role::operator_, "*"}, {Role::approver, "*"}}};
  RC_ASSERT(may(both, action, production) == (rule_of(action).right != Right::administer));
}

TEST(Roles, AreGivenToTheKindsThatMayHoldThem) {
  for (const Role role : {Role::viewer, Role::operator_, Role::approver, Role::admin}) {
    EXPECT_FALSE(refuse_role(Kind::person, role));
    const bool for_machines = role == Role::viewer || role == Role::operator_;
    EXPECT_EQ(refuse_role(Kind::ci, role).has_value(), !for_machines);
    EXPECT_EQ(refuse_role(Kind::ai, role).has_value(), !for_machines);
  }
}

TEST(Roles, AreReadAsTheyAreWritten) {
  for (const Role role : {Role::viewer, Role::operator_, Role::approver, Role::admin}) {
    EXPECT_EQ(role_from_name(role_name(role)), role);
  }
  for (const Kind kind : {Kind::person, Kind::ci, Kind::ai}) EXPECT_EQ(kind_from_name(kind_name(kind)), kind);
  EXPECT_EQ(role_from_name("root"), std::nullopt);
  EXPECT_EQ(kind_from_name(""), std::nullopt);
}

TEST(Actions, HaveANameEach) {
  std::set<std::string_view> names;
  for (const ActionRule& rule : action_rules()) EXPECT_TRUE(names.insert(rule.name).second) << rule.name;
}

TEST(Persons, AreTheSameHoweverTheyCameIn) {
  EXPECT_EQ(person_of("token:alice"), person_of("local:alice"));
  EXPECT_NE(person_of("token:alice"), person_of("token:bob"));
  EXPECT_EQ(person_of("coordinator"), "coordinator");
}

}  // namespace
}  // namespace switchyard::access
