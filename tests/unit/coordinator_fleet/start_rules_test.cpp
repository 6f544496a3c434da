// What a start takes where the coordinator's configuration asks for no approval: in production an admin, or an
// approval; and, wherever the environment file of the deployment says `require_mfa`, a code.
#include <gtest/gtest.h>

#include "tests/unit/coordinator_fleet/approvals_fixture.hpp"

namespace switchyard::fleet {
namespace {

using access::Kind;
using access::Role;
using model::ApprovalState;
using model::DeploymentState;

const Caller chief = caller_named("token:chief", Kind::person, Role::admin);
const Caller robot = caller_named("token:robot", Kind::ai, Role::operator_);

/// Nothing is configured: `production` is production by its name.
class StartRulesTest : public CodesTest {
 protected:
  explicit StartRulesTest(access::EnvironmentRules rules = {}) : CodesTest(std::move(rules)) {}
  DeployRequest request(const std::string& text, const std::string& environment = {}) {
    DeployRequest wanted = world.request(api_manifest("web-1, web-2"), {{"api", world.upload("api", text)}});
    wanted.environment = environment;
    return wanted;
  }
  DeploymentId start(const DeployRequest& wanted, const Caller& by, std::int64_t ms = 60'000) {
    return expect_value(world.start(wanted, ms, by)).row.id;
  }
  DeploymentState state(const DeploymentId& id) { return world.row(id).state; }
  forecast::ApprovalNeed looked_at(const DeployRequest& wanted, const Caller& by) {
    std::optional<Answer<PlanView>> answer;
    world.operations().plan(by, wanted, [&](Answer<PlanView> given) { answer = std::move(given); });
    world.run_until([&] { return answer.has_value(); });
    return expect_value(*answer).outlook.approvals;
  }
  DeploymentId roll_back(const DeploymentId& id, const Caller& by) {
    RollbackRequest wanted;
    wanted.deployment = id;
    wanted.to_nothing = true;
    wanted.reason = "test";
    std::optional<Answer<DeploymentView>> answer;
    world.operations().start_rollback(by, wanted, [&](Answer<DeploymentView> given) { answer = std::move(given); });
    world.run_until([&] { return answer.has_value(); });
    world.run(60'000);
    return expect_value(*answer).row.id;
  }
  void cool_down(const DeploymentId& id) { world.run(world.store().plan(id)->settings.keep_old_ms); }
};

TEST_F(StartRulesTest, AnAdminStartsProductionAtOnce) {
  EXPECT_EQ(state(start(request("v1"), chief)), DeploymentState::done);
  EXPECT_EQ(state(start(request("v2"), FleetWorld::caller)), DeploymentState::done) << "root on the machine itself";
  EXPECT_EQ(looked_at(request("v3"), chief).count, 0u);
}

TEST_F(StartRulesTest, WhoOnlyOperatesProductionWaitsForSomebodyElse) {
  const Caller dora = caller_named("token:dora", Kind::person, Role::operator_);
  for (const Caller& who : {build, robot, dora}) {
    const DeploymentId id = start(request("v of " + who.principal), who);
    ASSERT_EQ(state(id), DeploymentState::draft) << who.principal;
    EXPECT_EQ(approval(id).needed, 1u);
    const auto timeline = world.store().timeline(id, 0, 10);
    EXPECT_NE(timeline.front().text.find("`production` is production"), std::string::npos) << timeline.front().text;
    expect_value(decide(ann, id));
    world.run(60'000);
    EXPECT_EQ(state(id), DeploymentState::done);
    // Of the old slot of the one before, the next is not the inverse: each waits for itself.
  }
}

TEST_F(StartRulesTest, APlanSaysBeforehandThatItWouldWaitAndForWhom) {
  const forecast::ApprovalNeed need = looked_at(request("v1"), build);
  EXPECT_EQ(need.count, 1u);
  EXPECT_NE(need.why.find("`production` is production"), std::string::npos) << need.why;
  EXPECT_NE(need.who.find("who are not the author"), std::string::npos) << need.who;
}

/// An admin of somewhere else, or who has approving and operating but not administering, is no admin here.
TEST_F(StartRulesTest, OnlyTheRightInThatVeryEnvironmentCounts) {
  Caller elsewhere = chief;
  elsewhere.who.grants = {{Role::admin, "staging"}, {Role::operator_, "production"}};
  EXPECT_EQ(state(start(request("v1"), elsewhere)), DeploymentState::draft);
  Caller both = chief;
  both.who.grants = {{Role::operator_, "production"}, {Role::approver, "production"}};
  const DeploymentId own = start(request("v2"), both);
  EXPECT_EQ(state(own), DeploymentState::draft);
  EXPECT_EQ(expect_refusal(decide(both, own)).code, "own_deployment");
  Caller everywhere = chief;
  everywhere.who.grants = {{Role::admin, "*"}};
  EXPECT_EQ(state(start(request("v3"), everywhere)), DeploymentState::done);
}

TEST_F(StartRulesTest, StagingTakesAnyTokenThatMayOperateIt) {
  EXPECT_EQ(state(start(request("v1", "staging"), build)), DeploymentState::done);
  EXPECT_EQ(looked_at(request("v2", "staging"), robot).count, 0u);
}

TEST_F(StartRulesTest, AMachineNeverApprovesNotEvenAsAnAdmin) {
  const DeploymentId id = start(request("v1"), build);
  for (const Kind kind : {Kind::ci, Kind::ai}) {
    const Caller forged = caller_named("token:forged", kind, Role::admin);
    EXPECT_EQ(expect_refusal(decide(forged, id)).code, "not_a_person");
    DeployRequest own = request("w1");
    own.manifest.replace(own.manifest.find("shop"), 4, "other");
    EXPECT_EQ(state(start(own, forged)), DeploymentState::draft) << "it administers nothing either";
  }
  EXPECT_EQ(state(id), DeploymentState::draft);
}

/// It is what was approved, or what an admin began, taken back; later it is a change of production like any other.
TEST_F(StartRulesTest, ARollbackOfAnOperatorWaitsOnlyWhenTheOldSlotIsCold) {
  start(request("v1"), chief);
  const DeploymentId second = start(request("v2"), chief);
  EXPECT_EQ(state(roll_back(second, build)), DeploymentState::done);
  const DeploymentId third = start(request("v3"), chief);
  cool_down(third);
  const DeploymentId back = roll_back(third, build);
  EXPECT_EQ(state(back), DeploymentState::draft);
  EXPECT_EQ(approval(back).needed, 1u);
  expect_value(decide(ann, back));
  world.run(60'000);
  EXPECT_EQ(state(back), DeploymentState::done);
  EXPECT_EQ(serving("web-1"), world.upload("api", "v1"));
  const DeploymentId fourth = start(request("v4"), chief);
  cool_down(fourth);
  EXPECT_EQ(state(roll_back(fourth, chief)), DeploymentState::done);
}

/// Whoever deploys to a host can change everything on it: another environment's name is no way around.
TEST_F(StartRulesTest, AHostOfProductionIsNotChangedUnderAnotherNameByWhoOnlyOperatesIt) {
  start(request("v1"), chief);
  Caller everywhere = build;
  everywhere.who.grants = {{Role::operator_, "*"}};
  EXPECT_EQ(expect_refusal(world.start(request("v2", "staging"), 1'000, everywhere)).code, "guarded_host");
  std::optional<Answer<PlanView>> looked;
  world.operations().plan(everywhere, request("v2", "staging"), [&](Answer<PlanView> given) { looked = given; });
  world.run_until([&] { return looked.has_value(); });
  EXPECT_EQ(expect_refusal(*looked).code, "guarded_host");
  EXPECT_NE(expect_refusal(world.start(request("v2", "staging"), 1'000, FleetWorld::caller)).code, "guarded_host")
      << "an admin of production is refused for another reason: the component serves there";
}

class NoneForAnybodyTest : public StartRulesTest {
 protected:
  NoneForAnybodyTest()
      : StartRulesTest(
            {{"production", {.production = true, .none_for_anybody = true}}, {"live", {.production = true}}}) {}
};

TEST_F(NoneForAnybodyTest, WhoWroteThatNoApprovalIsNeededMeantIt) {
  EXPECT_EQ(state(start(request("v1"), build)), DeploymentState::done);
}

TEST_F(NoneForAnybodyTest, ProductionIsWhatIsCalledSoInTheConfiguration) {
  EXPECT_EQ(state(start(request("v1", "live"), build)), DeploymentState::draft);
}

/// Configured with an environment file that says `require_mfa`.
class FilePolicyTest : public StartRulesTest {
 protected:
  explicit FilePolicyTest(access::EnvironmentRules rules = {}) : StartRulesTest(std::move(rules)) {}
  DeployRequest with_codes(const std::string& text, const std::string& environment = "production") {
    DeployRequest wanted = request(text, environment);
    wanted.configuration.environment = environment;
    wanted.configuration.require_mfa = true;
    return wanted;
  }
};

TEST_F(FilePolicyTest, WhereNothingAsksForApprovalsOneWithACodeIsAskedFor) {
  const std::string uri = enrol(chief);
  const DeploymentId id = start(with_codes("v1"), chief);
  ASSERT_EQ(state(id), DeploymentState::draft);
  EXPECT_EQ(approval(id).needed, 1u);
  EXPECT_TRUE(serving("web-1").empty());
  EXPECT_EQ(expect_refusal(approve(chief, id, "")).code, "code_needed");
  EXPECT_EQ(expect_refusal(approve(ann, id, "")).code, "code_needed");
  EXPECT_EQ(expect_refusal(approve(chief, id, "000000")).code, "wrong_code");
  const ApprovalView view = expect_value(approve(chief, id, code_of(uri)));
  EXPECT_TRUE(view.row.votes.at(0).second_factor);
  world.run(60'000);
  EXPECT_EQ(state(id), DeploymentState::done);
}

TEST_F(FilePolicyTest, ItHoldsInAnyEnvironmentAndForWhoeverApproves) {
  const Caller admin_there{"token:chief", "test", access::administrator("token:chief")};
  const std::string uri = enrol(ann);
  const DeploymentId id = start(with_codes("v1", "staging"), admin_there);
  ASSERT_EQ(state(id), DeploymentState::draft);
  EXPECT_EQ(expect_refusal(approve(ann, id, "")).code, "code_needed");
  expect_value(approve(ann, id, code_of(uri)));
  world.run(60'000);
  EXPECT_EQ(state(id), DeploymentState::done);
}

TEST_F(FilePolicyTest, AnOperatorOfProductionWaitsForSomebodyElsesCode) {
  const std::string uri = enrol(ann);
  const DeploymentId id = start(with_codes("v1"), build);
  EXPECT_EQ(expect_refusal(decide(ann, id)).code, "code_needed");
  EXPECT_EQ(expect_value(approve(ann, id, code_of(uri))).row.state, ApprovalState::granted);
}

TEST_F(FilePolicyTest, APlanSaysThatACodeIsNeeded) {
  const forecast::ApprovalNeed need = looked_at(with_codes("v1"), chief);
  EXPECT_EQ(need.count, 1u);
  EXPECT_NE(need.who.find("the author among them with the code"), std::string::npos) << need.who;
  EXPECT_NE(need.who.find("each with the code"), std::string::npos) << need.who;
  EXPECT_NE(need.why.find("`require_mfa`"), std::string::npos) << need.why;
}

TEST_F(FilePolicyTest, WhereNoFileHasAskedForCodesNoneAreAskedFor) {
  DeployRequest wanted = with_codes("v1");
  wanted.configuration.require_mfa = false;
  EXPECT_EQ(state(start(wanted, chief)), DeploymentState::done);
}

TEST_F(FilePolicyTest, ARollbackOfItTakesACodeTooOnceTheOldSlotIsCold) {
  const std::string uri = enrol(chief);
  const auto deploy_with_codes = [&](const std::string& text) {
    const DeploymentId id = start(with_codes(text), chief, 1'000);
    world.run(access::totp_step_ms);  // a code counts once
    expect_value(approve(chief, id, code_of(uri)));
    world.run(60'000);
    return id;
  };
  deploy_with_codes("v1");
  EXPECT_EQ(state(roll_back(deploy_with_codes("v2"), chief)), DeploymentState::done) << "while it is warm";
  const DeploymentId third = deploy_with_codes("v3");
  cool_down(third);
  const DeploymentId back = roll_back(third, chief);
  ASSERT_EQ(state(back), DeploymentState::draft);
  EXPECT_EQ(expect_refusal(approve(chief, back, "")).code, "code_needed");
  expect_value(approve(chief, back, code_of(uri)));
  world.run(60'000);
  EXPECT_EQ(state(back), DeploymentState::done);
  cool_down(back);
  EXPECT_EQ(state(roll_back(back, chief)), DeploymentState::draft) << "a rollback of a rollback is no way around";
}

/// What its file asked for when it was deployed is remembered of the environment, whoever leaves the file out.
class RememberedPolicyTest : public FilePolicyTest {
 protected:
  explicit RememberedPolicyTest(access::EnvironmentRules rules = {}) : FilePolicyTest(std::move(rules)) {}
  /// With a file that asks for these.
  DeployRequest with_file(const std::string& text, const model::Policies& asked,
                          const std::string& environment = "production") {
    DeployRequest wanted = request(text, environment);
    wanted.configuration.environment = environment;
    wanted.configuration.require_mfa = asked.require_mfa;
    wanted.configuration.encrypt_at_rest = asked.encrypt_at_rest;
    return wanted;
  }
  void run_approved(const DeploymentId& id, const Caller& who) {
    world.run(access::totp_step_ms);  // a code counts once
    expect_value(approve(who, id, code_of(uri)));
    world.run(60'000);
    EXPECT_EQ(state(id), DeploymentState::done) << world.row(id).reason;
  }
  DeploymentId remember_codes(const std::string& environment = "production") {
    uri = enrol(chief);
    const DeploymentId id = start(with_file("v1", codes, environment), chief, 1'000);
    run_approved(id, chief);
    return id;
  }
  model::Policies remembered(const std::string& environment = "production") {
    const auto row = world.store().policies(environment);
    return row ? row->policies : model::Policies{};
  }
  std::size_t audited(const std::string& operation) {
    std::size_t found = 0;
    for (const store::StoredAudit& row : world.store().audit(0, 1'000)) found += row.entry.operation == operation;
    return found;
  }

  static constexpr model::Policies nothing{};
  static constexpr model::Policies codes{.require_mfa = true};
  static constexpr model::Policies encrypted{.encrypt_at_rest = true};
  const Caller dora = caller_named("token:dora", Kind::person, Role::operator_);
  std::string uri;
};

TEST_F(RememberedPolicyTest, WhoLeavesTheFileOutIsHeldToItAllTheSame) {
  const DeploymentId first = remember_codes();
  EXPECT_EQ(remembered(), codes);
  EXPECT_EQ(world.store().policies("production")->deployment, first);
  EXPECT_EQ(audited("policy.remember"), 1u);
  EXPECT_NE(looked_at(request("v2"), chief).why.find("`require_mfa`"), std::string::npos);
  const DeploymentId second = start(request("v2"), chief);
  ASSERT_EQ(state(second), DeploymentState::draft);
  EXPECT_EQ(expect_refusal(approve(chief, second, "")).code, "code_needed");
  EXPECT_EQ(expect_refusal(approve(ann, second, "")).code, "code_needed");
  run_approved(second, chief);
  EXPECT_EQ(remembered(), codes) << "without a file nothing is said about it";
}

TEST_F(RememberedPolicyTest, ItOutlivesARestart) {
  remember_codes();
  world.restart();
  for (const char* host : {"web-1", "web-2"}) world.connect(world.agent(host));
  world.run(5'000);
  EXPECT_EQ(state(start(request("v2"), chief)), DeploymentState::draft);
}

TEST_F(RememberedPolicyTest, AFileThatAsksForLessIsHeldToWhatIsRememberedUntilItsCommitLiftsIt) {
  remember_codes();
  const DeploymentId second = start(with_file("v2", nothing), chief);
  ASSERT_EQ(state(second), DeploymentState::draft) << "it lifts what holds by what holds";
  const auto timeline = world.store().timeline(second, 0, 10);
  EXPECT_NE(timeline.front().text.find("it lifts `require_mfa` of `production`"), std::string::npos)
      << timeline.front().text;
  EXPECT_EQ(expect_refusal(approve(chief, second, "")).code, "code_needed");
  EXPECT_EQ(remembered(), codes);
  run_approved(second, chief);
  EXPECT_EQ(remembered(), nothing);
  EXPECT_EQ(audited("policy.remember"), 2u);
  EXPECT_EQ(state(start(request("v3"), chief)), DeploymentState::done);
}

TEST_F(RememberedPolicyTest, WhatIsNotCommittedLiftsNothing) {
  remember_codes();
  world.agent("web-2").fail_prepare = true;
  const DeploymentId second = start(with_file("v2", nothing), chief, 1'000);
  world.run(access::totp_step_ms);
  expect_value(approve(chief, second, code_of(uri)));
  world.run(60'000);
  ASSERT_EQ(state(second), DeploymentState::rolled_back);
  EXPECT_EQ(remembered(), codes);
}

TEST_F(RememberedPolicyTest, WhoOnlyOperatesLiftsNothingWithoutSomebodyElsesWord) {
  Caller both = dora;
  both.who.grants = {{Role::operator_, "*"}, {Role::approver, "*"}};
  start(with_file("v1", encrypted, "staging"), chief);
  ASSERT_EQ(remembered("staging"), encrypted);
  EXPECT_EQ(state(start(with_file("v2", encrypted, "staging"), both)), DeploymentState::done) << "as before";
  const DeploymentId third = start(with_file("v3", nothing, "staging"), both);
  ASSERT_EQ(state(third), DeploymentState::draft);
  EXPECT_EQ(expect_refusal(decide(both, third)).code, "own_deployment");
  EXPECT_EQ(remembered("staging"), encrypted);
  expect_value(decide(ann, third));
  world.run(60'000);
  EXPECT_EQ(state(third), DeploymentState::done);
  EXPECT_EQ(remembered("staging"), nothing);
}

TEST_F(RememberedPolicyTest, AnAdminLiftsWhatAsksForNoApprovalAndThePlanSaysSo) {
  const Caller admin{"token:chief", "test", access::administrator("token:chief")};
  start(with_file("v1", encrypted, "staging"), admin);
  ASSERT_EQ(remembered("staging"), encrypted);
  std::optional<Answer<PlanView>> looked;
  world.operations().plan(admin, with_file("v2", nothing, "staging"), [&](Answer<PlanView> given) { looked = given; });
  world.run_until([&] { return looked.has_value(); });
  const auto notes = expect_value(*looked).outlook.notes;
  ASSERT_EQ(notes.size(), 1u);
  EXPECT_EQ(notes.front(), "with its commit it lifts `encrypt_at_rest` of `staging`");
  EXPECT_EQ(state(start(with_file("v2", nothing, "staging"), admin)), DeploymentState::done);
  EXPECT_EQ(remembered("staging"), nothing);
}

TEST_F(RememberedPolicyTest, AnybodyWhoDeploysMayAskForMore) {
  Caller operates = dora;
  operates.who.grants = {{Role::operator_, "staging"}};
  EXPECT_EQ(state(start(with_file("v1", encrypted, "staging"), operates)), DeploymentState::done);
  EXPECT_EQ(remembered("staging"), encrypted);
}

TEST_F(RememberedPolicyTest, WhatHasNothingToDoAsksForMoreAndLiftsOnlyWhatItMayLift) {
  Caller operates = dora;
  operates.who.grants = {{Role::operator_, "staging"}};
  start(request("v1", "staging"), operates);
  EXPECT_EQ(state(start(with_file("v1", encrypted, "staging"), operates)), DeploymentState::done);
  EXPECT_EQ(remembered("staging"), encrypted);
  EXPECT_EQ(expect_refusal(world.start(with_file("v1", nothing, "staging"), 1'000, operates)).code,
            "nothing_to_approve");
  EXPECT_EQ(remembered("staging"), encrypted) << "nobody was asked";
  const Caller admin{"token:chief", "test", access::administrator("token:chief")};
  EXPECT_EQ(state(start(with_file("v1", nothing, "staging"), admin)), DeploymentState::done);
  EXPECT_EQ(remembered("staging"), nothing);
}

TEST_F(RememberedPolicyTest, WhatIsBeingPlannedWhileMoreIsAskedForIsNotStartedWithLess) {
  const Caller admin{"token:chief", "test", access::administrator("token:chief")};
  start(request("v1", "staging"), admin);
  std::optional<Answer<DeploymentView>> less;
  std::optional<Answer<DeploymentView>> more;
  // Nothing to do, so that it is committed as soon as the hosts have answered; the other is answered after it.
  world.operations().start(admin, with_file("v1", encrypted, "staging"),
                           [&](Answer<DeploymentView> given) { more = std::move(given); });
  world.operations().start(admin, with_file("v2", nothing, "staging"),
                           [&](Answer<DeploymentView> given) { less = std::move(given); });
  world.run_until([&] { return less && more; });
  expect_value(*more);
  ASSERT_EQ(remembered("staging"), encrypted);
  EXPECT_EQ(expect_refusal(*less).code, "policies_changed");
}

TEST_F(RememberedPolicyTest, AVoteWithoutACodeCountsNoMoreOnceCodesAreAskedFor) {
  const DeploymentId waits = start(with_file("v1", nothing), build, 1'000);
  ASSERT_EQ(state(waits), DeploymentState::draft);
  model::ApprovalRow row = world.store().approval(waits).value();
  row.needed = 2;
  row.votes.push_back({"token:ann", true, "", 1, false});
  model::PolicyRow asked{"production", codes, waits};
  world.store().commit({store::PutApproval{row}, store::PutPolicies{asked}});
  EXPECT_TRUE(expect_value(world.operations().approval(FleetWorld::caller, waits)).row.votes.empty());
}

TEST_F(RememberedPolicyTest, WhatWaitedWhileMoreWasAskedForIsNotBroughtToHostsInClear) {
  const DeploymentId waits = start(with_file("v1", nothing), build);
  ASSERT_EQ(state(waits), DeploymentState::draft);
  world.store().commit({store::PutPolicies{{"production", encrypted, DeploymentId("d-other")}}});
  const Refusal refusal = expect_refusal(decide(ann, waits));
  EXPECT_EQ(refusal.code, "plan_changed");
  EXPECT_NE(refusal.message.find("`encrypt_at_rest`"), std::string::npos) << refusal.message;
  EXPECT_EQ(state(waits), DeploymentState::rejected);
}

/// It was judged by what was remembered when it was started.
TEST_F(RememberedPolicyTest, ACommitLiftsNothingThatAnotherHasAskedForMeanwhile) {
  const DeploymentId first = start(with_file("v1", nothing), chief, 0);
  world.store().commit({store::PutPolicies{{"production", codes, DeploymentId("d-other")}}});
  world.run(60'000);
  ASSERT_EQ(state(first), DeploymentState::done);
  EXPECT_EQ(remembered(), codes);
}

TEST_F(RememberedPolicyTest, ARollbackOfWhatWasDeployedBeforeTakesACodeToo) {
  uri = enrol(chief);
  start(request("v1"), chief);
  const DeploymentId second = start(request("v2"), chief);
  const DeploymentId third = start(with_file("v2", codes), chief);
  ASSERT_EQ(state(third), DeploymentState::done) << "nothing to do but to remember";
  cool_down(second);
  const DeploymentId back = roll_back(second, chief);
  ASSERT_EQ(state(back), DeploymentState::draft);
  EXPECT_EQ(expect_refusal(approve(chief, back, "")).code, "code_needed");
  run_approved(back, chief);
}

TEST_F(RememberedPolicyTest, ItsHostsAreNotChangedUnderAnotherName) {
  remember_codes();
  EXPECT_EQ(expect_refusal(world.start(request("v2", "staging"), 1'000, chief)).code, "guarded_host");
}

class StricterRuleTest : public FilePolicyTest {
 protected:
  StricterRuleTest() : FilePolicyTest({{"production", {.approvals = 1, .production = true}}}) {}
};

/// The file may ask for more than the coordinator's own rule, and never for less.
TEST_F(StricterRuleTest, TheFileAddsTheCodeAndTakesNothingAway) {
  const std::string of_chief = enrol(chief);
  const std::string of_ann = enrol(ann);
  const DeploymentId id = start(with_codes("v1"), chief);
  ASSERT_EQ(state(id), DeploymentState::draft);
  EXPECT_EQ(expect_refusal(approve(chief, id, code_of(of_chief))).code, "own_deployment");
  EXPECT_EQ(expect_refusal(approve(ann, id, "")).code, "code_needed");
  expect_value(approve(ann, id, code_of(of_ann)));
  world.run(60'000);
  EXPECT_EQ(state(id), DeploymentState::done);
}

TEST_F(StricterRuleTest, WithoutTheFileTheRuleAloneHolds) {
  const DeploymentId id = start(request("v1"), chief);
  expect_value(decide(ann, id));
  world.run(60'000);
  EXPECT_EQ(state(id), DeploymentState::done);
}

}  // namespace
}  // namespace switchyard::fleet
