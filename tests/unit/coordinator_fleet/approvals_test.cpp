// Deployments that wait for people: from the proposal to the last word, through the door of the API.
#include "coordinator/fleet/approvals.hpp"

#include <gtest/gtest.h>

#include "common/hex.hpp"
#include "common/limits.hpp"
#include "tests/unit/coordinator_fleet/approvals_fixture.hpp"

namespace switchyard::fleet {
namespace {

using access::Kind;
using access::Role;
using model::ApprovalState;
using model::DeploymentState;

TEST_F(ApprovalsTest, AProposalLocksNothingAndNoHostHearsOfIt) {
  const DeploymentView proposed = propose("v1");
  EXPECT_EQ(proposed.row.state, DeploymentState::draft);
  EXPECT_TRUE(world.store().disk()->guarded.locks.empty());
  EXPECT_EQ(world.agent("web-1").count<protocol::Plan>() + world.agent("web-1").count<protocol::Prepare>(), 0u);
  const model::ApprovalRow asked = approval(proposed.row.id);
  EXPECT_EQ(asked.state, ApprovalState::waiting);
  EXPECT_EQ(asked.plan_hash, proposed.row.plan_hash);
  EXPECT_EQ(asked.author, "token:build");
  EXPECT_EQ(last_audit(), "deployment.propose");
}

TEST_F(ApprovalsTest, WithTheLastWordExactlyThePlanThatWasSeenIsCarriedOut) {
  const DeploymentView proposed = propose("v1");
  const ApprovalView view = expect_value(decide(ann, proposed.row.id, true, "looks good"));
  EXPECT_EQ(view.row.state, ApprovalState::granted);
  world.run(60'000);
  const model::DeploymentRow row = world.row(proposed.row.id);
  EXPECT_EQ(row.state, DeploymentState::done);
  EXPECT_EQ(row.plan_hash, proposed.row.plan_hash);
  EXPECT_EQ(serving("web-1"), world.upload("api", "v1"));
  EXPECT_TRUE(world.store().disk()->guarded.locks.empty());
  for (const protocol::Message& message : world.agent("web-1").heard) {
    if (const auto* plan = std::get_if<protocol::Plan>(&message)) {
      EXPECT_EQ(protocol::plan_hash(plan->plan.header), proposed.row.plan_hash);
    }
  }
}

TEST_F(ApprovalsTest, ADayLaterThePlanIsStillTakenByTheAgents) {
  const DeploymentView proposed = propose("v1");
  world.run(limits::approval_life_ms - 120'000);
  expect_value(decide(ann, proposed.row.id));
  world.run(60'000);
  EXPECT_EQ(world.row(proposed.row.id).state, DeploymentState::done);
  const auto header = protocol::decode_header(world.store().plan(proposed.row.id)->header);
  EXPECT_GE(header.not_after_wall_ms, world.clock.wall_ms());
}

TEST_F(ApprovalsTest, TheAuthorHasNoSayHoweverHeComesIn) {
  const Caller carl = caller_named("token:carl", Kind::person, Role::admin);
  const Caller carl_here = caller_named("local:carl", Kind::person, Role::admin);
  const DeploymentView proposed = propose("v1", carl);
  EXPECT_EQ(expect_refusal(decide(carl, proposed.row.id)).code, "own_deployment");
  EXPECT_EQ(expect_refusal(decide(carl_here, proposed.row.id)).code, "own_deployment");
  EXPECT_TRUE(approval(proposed.row.id).votes.empty());
  EXPECT_EQ(world.row(proposed.row.id).state, DeploymentState::draft);
}

TEST_F(ApprovalsTest, OnlyWhoMayApproveInThatEnvironmentHasASay) {
  const DeploymentView proposed = propose("v1");
  std::optional<Answer<ApprovalView>> answer;
  const auto ask = [&](const Caller& who) {
    world.now().guarded.decide_approval(who, {proposed.row.id, true, proposed.row.plan_hash, {}, {}},
                                        [&](Answer<ApprovalView> given) { answer = std::move(given); });
    return expect_refusal(answer.value()).status;
  };
  EXPECT_EQ(ask(build), 403);
  EXPECT_EQ(ask(caller_named("token:dora", Kind::person, Role::operator_)), 403);
  EXPECT_EQ(ask(caller_named("token:forged", Kind::ai, Role::admin)), 403);
  Caller elsewhere = ann;
  elsewhere.who.grants = {{Role::approver, "staging"}};
  EXPECT_EQ(ask(elsewhere), 403);
  EXPECT_EQ(world.row(proposed.row.id).state, DeploymentState::draft);
}

TEST_F(ApprovalsTest, AWordOnAnotherPlanDoesNotCount) {
  const DeploymentView proposed = propose("v1");
  std::optional<Answer<ApprovalView>> answer;
  world.operations().decide_approval(ann, {proposed.row.id, true, std::string(64, '0'), {}, {}},
                                     [&](Answer<ApprovalView> given) { answer = std::move(given); });
  EXPECT_EQ(expect_refusal(answer.value()).code, "another_plan");
}

TEST_F(ApprovalsTest, ARejectedDeploymentIsOverAndHasChangedNothing) {
  const DeploymentView proposed = propose("v1");
  expect_value(decide(ann, proposed.row.id, false, "not on a Friday"));
  const model::DeploymentRow row = world.row(proposed.row.id);
  EXPECT_EQ(row.state, DeploymentState::rejected);
  EXPECT_NE(row.reason.find("not on a Friday"), std::string::npos);
  EXPECT_EQ(expect_refusal(decide(bob, proposed.row.id)).code, "decided");
  world.run(60'000);
  EXPECT_TRUE(serving("web-1").empty());
  EXPECT_TRUE(expect_value(world.operations().deployment(bob, row.id)).progress.empty());
}

TEST_F(ApprovalsTest, WhatNobodyApprovesInTimeExpires) {
  const DeploymentView proposed = propose("v1");
  world.run(limits::approval_life_ms + limits::approval_sweep_ms);
  EXPECT_EQ(world.row(proposed.row.id).state, DeploymentState::rejected);
  EXPECT_EQ(approval(proposed.row.id).state, ApprovalState::expired);
  EXPECT_EQ(expect_refusal(decide(ann, proposed.row.id)).code, "decided");
}

TEST_F(ApprovalsTest, WhatHasExpiredWhileTheCoordinatorWasAwayIsNotStarted) {
  const DeploymentView proposed = propose("v1");
  world.clock.advance(limits::approval_life_ms + 1);
  EXPECT_EQ(expect_refusal(decide(ann, proposed.row.id)).code, "decided");
  EXPECT_EQ(world.row(proposed.row.id).state, DeploymentState::rejected);
}

TEST_F(ApprovalsTest, AnyChangeOfTheFleetVoidsItAndSaysWhatHasChanged) {
  const DeploymentView first = propose("v1");
  const DeploymentView second = propose_as("other", "v2");
  expect_value(decide(ann, second.row.id));
  world.run(60'000);
  const Refusal refusal = expect_refusal(decide(ann, first.row.id));
  EXPECT_EQ(refusal.code, "plan_changed");
  EXPECT_NE(refusal.message.find("api on host web-1"), std::string::npos);
  EXPECT_NE(refusal.message.find(second.row.id.str()), std::string::npos);
  EXPECT_EQ(world.row(first.row.id).state, DeploymentState::rejected);
  EXPECT_EQ(approval(first.row.id).state, ApprovalState::voided);
  EXPECT_TRUE(approval(first.row.id).votes.empty());
  EXPECT_EQ(serving("web-1"), world.upload("api", "v2"));
}

TEST_F(ApprovalsTest, AHostThatIsBackWhereItWasIsAChangeTooForItsAgentKnowsANewerPlan) {
  const DeploymentView first = propose("v1");
  world.agent("web-2").fail_prepare = true;
  deploy("v2", "other");
  world.agent("web-2").fail_prepare = false;
  ASSERT_TRUE(serving("web-1").empty());
  EXPECT_EQ(expect_refusal(decide(ann, first.row.id)).code, "plan_changed");
}

TEST_F(ApprovalsTest, WhileAnotherIsAtWorkTheWordDoesNotCountYetAndCanBeSaidAgain) {
  const DeploymentView first = propose("v1");
  const DeploymentView second = propose_as("other", "v2");
  expect_value(decide(ann, second.row.id));
  EXPECT_EQ(expect_refusal(decide(ann, first.row.id)).code, "locked");
  EXPECT_TRUE(approval(first.row.id).votes.empty());
  EXPECT_EQ(approval(first.row.id).state, ApprovalState::waiting);
}

TEST_F(ApprovalsTest, WhileAnotherChangesTheComponentOnOtherHostsTheWordDoesNotCountYetEither) {
  const DeploymentId first = propose_as("shop", "v1", build, "web-1").row.id;
  const DeploymentId second = propose_as("other", "v1", build, "web-2").row.id;
  expect_value(decide(ann, second));
  EXPECT_EQ(expect_refusal(decide(ann, first)).code, "locked");
  EXPECT_TRUE(approval(first).votes.empty());
  world.run(60'000);
  expect_value(decide(ann, first));
  world.run(60'000);
  EXPECT_EQ(world.row(first).state, DeploymentState::done);
}

TEST_F(ApprovalsTest, AHostThatIsAwayVoidsNothing) {
  const DeploymentView proposed = propose("v1");
  world.lose(world.agent("web-2"));
  EXPECT_EQ(expect_refusal(decide(ann, proposed.row.id)).code, "host_away");
  EXPECT_EQ(approval(proposed.row.id).state, ApprovalState::waiting);
  world.connect(world.agent("web-2"));
  world.run(1'000);
  expect_value(decide(ann, proposed.row.id));
  world.run(60'000);
  EXPECT_EQ(world.row(proposed.row.id).state, DeploymentState::done);
}

TEST_F(ApprovalsTest, AProposalOutlivesARestart) {
  const DeploymentView proposed = propose("v1");
  world.restart();
  world.connect(world.agent("web-1"));
  world.connect(world.agent("web-2"));
  world.run(5'000);
  EXPECT_EQ(world.row(proposed.row.id).state, DeploymentState::draft);
  EXPECT_EQ(world.agent("web-1").count<protocol::Plan>(), 0u);
  expect_value(decide(ann, proposed.row.id));
  world.run(60'000);
  EXPECT_EQ(world.row(proposed.row.id).state, DeploymentState::done);
}

TEST_F(ApprovalsTest, ALostTransactionLeavesItWaitingAndAKeptOneStartsIt) {
  const DeploymentView proposed = propose("v1");
  world.store().fail_commit(1, store::MemoryStore::Fault::lost);
  EXPECT_EQ(expect_refusal(decide(ann, proposed.row.id)).status, 503);
  EXPECT_EQ(approval(proposed.row.id).state, ApprovalState::waiting);
  EXPECT_TRUE(world.store().disk()->guarded.locks.empty());
  expect_value(decide(ann, proposed.row.id));
  world.run(60'000);
  EXPECT_EQ(world.row(proposed.row.id).state, DeploymentState::done);
}

/// The copy of the store is from before the approval; the hosts know more.
TEST_F(ApprovalsTest, WhatHadBegunAfterTheCopyOfTheStoreWasMadeIsNoDraftAnyMore) {
  for (const auto told : {protocol::AgentState::committed, protocol::AgentState::swapped}) {
    const DeploymentView proposed = propose(told == protocol::AgentState::committed ? "v1" : "v2");
    for (const char* host : {"web-1", "web-2"}) {
      protocol::DeploymentReport& report = world.agent(host).open[proposed.row.id];
      report.deployment = proposed.row.id;
      report.state = told;
      world.agent(host).plans[proposed.row.id] = world.store().plan(proposed.row.id)->slices.at(HostId(host));
    }
    world.store().commit({store::SetRestored{true}});
    world.clock.advance(limits::approval_life_ms);  // not even what has expired is closed before the hosts were heard
    world.restart();
    for (const char* host : {"web-1", "web-2"}) world.connect(world.agent(host));
    world.run(1'000);
    EXPECT_EQ(expect_refusal(decide(ann, proposed.row.id)).code, "recovery");
    EXPECT_EQ(expect_refusal(world.operations().cancel(build, proposed.row.id, "")).code, "recovery");
    expect_value(world.operations().recover(FleetWorld::caller, {{}, "a test"}));
    for (const char* host : {"web-1", "web-2"}) world.connect(world.agent(host));
    world.run(2 * limits::approval_sweep_ms);
    EXPECT_EQ(world.row(proposed.row.id).state,
              told == protocol::AgentState::committed ? DeploymentState::done : DeploymentState::rolled_back);
    EXPECT_EQ(expect_refusal(decide(ann, proposed.row.id)).code, "decided");
    EXPECT_EQ(approval(proposed.row.id).state, ApprovalState::voided);
  }
}

TEST_F(ApprovalsTest, AWithdrawnProposalIsOver) {
  const DeploymentView proposed = propose("v1");
  expect_value(world.operations().cancel(build, proposed.row.id, "superseded"));
  EXPECT_EQ(world.row(proposed.row.id).state, DeploymentState::rejected);
  EXPECT_EQ(approval(proposed.row.id).state, ApprovalState::withdrawn);
  EXPECT_EQ(expect_refusal(decide(ann, proposed.row.id)).code, "decided");
  EXPECT_EQ(expect_refusal(world.operations().cancel(build, proposed.row.id, "")).code, "finished");
}

TEST_F(ApprovalsTest, ARollbackNeedsNoneWhileTheOldSlotIsWarmAndOneAfterwards) {
  const DeploymentView first = deploy("v1");
  const DeploymentView second = deploy("v2");
  const auto rolled = expect_value(world.roll_back(second.row.id));
  EXPECT_EQ(world.row(rolled.row.id).state, DeploymentState::done);
  EXPECT_EQ(serving("web-1"), world.upload("api", "v1"));

  const DeploymentView third = deploy("v3");
  world.run(world.store().plan(third.row.id)->settings.keep_old_ms);
  const auto waits = expect_value(world.roll_back(third.row.id));
  EXPECT_EQ(world.row(waits.row.id).state, DeploymentState::draft);
  expect_value(decide(ann, waits.row.id));
  world.run(60'000);
  EXPECT_EQ(world.row(waits.row.id).state, DeploymentState::done);
  EXPECT_EQ(serving("web-1"), world.upload("api", "v1"));
}

class ApprovedRollbacksTest : public ApprovalsTest {
 protected:
  ApprovedRollbacksTest()
      : ApprovalsTest(
            access::EnvironmentRules{{"production", {.approvals = 1, .production = true, .approve_rollbacks = true}}}) {
  }
};

TEST_F(ApprovedRollbacksTest, WaitAlsoWhileTheOldSlotIsWarm) {
  deploy("v1");
  const DeploymentView second = deploy("v2");
  const auto waits = expect_value(world.roll_back(second.row.id));
  EXPECT_EQ(world.row(waits.row.id).state, DeploymentState::draft);
  EXPECT_EQ(serving("web-1"), world.upload("api", "v2"));
  expect_value(decide(ann, waits.row.id));
  world.run(60'000);
  EXPECT_EQ(world.row(waits.row.id).state, DeploymentState::done);
  EXPECT_EQ(serving("web-1"), world.upload("api", "v1"));
}

/// Where people start alone what is harmless, and only that.
class RiskyPlansTest : public ApprovalsTest {
 protected:
  RiskyPlansTest()
      : ApprovalsTest(access::EnvironmentRules{
            {"production", {.none_for_anybody = true, .approve_configuration = 1, .approve_high_risk = 2}}}) {}
  DeployRequest request(const std::string& text, const std::string& settings) {
    std::string yaml = api_manifest("web-1", settings);
    const std::string ports = "    ports:";
    yaml.replace(yaml.find(ports), ports.size(),
                 "    health_checks: [{name: up, type: tcp, config: {port: 8080}}]\n" + ports);
    return world.request(yaml, {{"api", world.upload("api", text)}});
  }
  DeploymentView start(const DeployRequest& wanted) { return expect_value(world.start(wanted, 60'000)); }
};

TEST_F(RiskyPlansTest, WaitForMoreWordsThanOthers) {
  EXPECT_NE(start(request("v1", "{}")).row.state, DeploymentState::draft);
  world.run(120'000);
  const DeployRequest risky = request("v2", "{keep_old_seconds: 0, rollback_on_failure: false}");
  std::optional<Answer<PlanView>> plan;
  world.operations().plan(FleetWorld::caller, risky, [&](Answer<PlanView> view) { plan = std::move(view); });
  world.run_until([&] { return plan.has_value(); });
  EXPECT_EQ(expect_value(*plan).outlook.approvals.count, 2u);
  EXPECT_EQ(expect_value(*plan).outlook.approvals.why,
            "its risk is high (keep_old_zero, rollback_disabled), for which `production` asks for 2");
  const DeploymentView waits = start(risky);
  EXPECT_EQ(waits.row.state, DeploymentState::draft);
  EXPECT_EQ(approval(waits.row.id).needed, 2u);
  expect_value(decide(ann, waits.row.id));
  EXPECT_EQ(world.row(waits.row.id).state, DeploymentState::draft);
  world.run(limits::plan_life_ms + 1'000);  // a plan that was signed to start at once would be over
  expect_value(decide(bob, waits.row.id));
  world.run(120'000);
  EXPECT_EQ(serving("web-1"), world.upload("api", "v2"));
}

TEST_F(RiskyPlansTest, WhatOnlyAHostThatIsAwayWouldGetIsNotStarted) {
  world.lose(world.agent("web-1"));
  const DeployRequest unseen = request("v1", "{unreachable: {defer: 1}}");
  EXPECT_EQ(expect_refusal(world.start(unseen, 60'000)).code, "unseen");
}

TEST_F(RiskyPlansTest, SoDoesAVersionThatIsNotTheOneBefore) {
  for (const char* version : {"v1", "v2", "v3"}) {
    DeployRequest wanted = request(version, "{}");
    const std::string one = "version: \"1.0\"";
    wanted.manifest.replace(wanted.manifest.find(one), one.size(), std::string("version: ") + version);
    EXPECT_NE(start(wanted).row.state, DeploymentState::draft);
    world.run(120'000);
  }
  RollbackRequest wanted;
  wanted.reason = "test";
  wanted.deployment = world.store().deployments(1).front().id;
  const auto ask = [&] {
    std::optional<Answer<DeploymentView>> answer;
    world.operations().start_rollback(FleetWorld::caller, wanted,
                                      [&](Answer<DeploymentView> given) { answer = std::move(given); });
    world.run_until([&] { return answer.has_value(); });
    return expect_value(*answer);
  };
  wanted.target_version = "v1";
  const DeploymentView far = ask();
  ASSERT_EQ(far.row.state, DeploymentState::draft);
  EXPECT_EQ(approval(far.row.id).needed, 2u);
  wanted.target_version = {};
  EXPECT_NE(ask().row.state, DeploymentState::draft) << "the plain way back";
}

TEST_F(RiskyPlansTest, ItsHostsAreNotChangedUnderAnotherName) {
  start(request("v1", "{}"));
  world.run(120'000);
  DeployRequest other = request("v2", "{}");
  other.environment = "staging";
  EXPECT_EQ(expect_refusal(world.start(other)).code, "guarded_host");
}

TEST_F(RiskyPlansTest, SoDoesAnotherConfiguration) {
  const auto configured = [this](const std::string& text, const std::string& value) {
    DeployRequest wanted = request(text, "{}");
    const std::string command = "service: {command: [bin/api]";
    wanted.manifest.replace(wanted.manifest.find(command), command.size(),
                            command + ", configuration: {format: json, file: app.json}");
    wanted.configuration.environment = "production";
    wanted.configuration.components["api"] = {model::ConfigurationFormat::json,
                                              {{"", {{model::ConfigurationPiece::Kind::text, "{\"level\": "}}},
                                               {"level", {{model::ConfigurationPiece::Kind::text, value}}},
                                               {"", {{model::ConfigurationPiece::Kind::text, "}"}}}}};
    return wanted;
  };
  const DeploymentView first = start(configured("v1", "1"));
  ASSERT_EQ(first.row.state, DeploymentState::draft) << "nobody has looked at the first one either";
  EXPECT_EQ(approval(first.row.id).needed, 1u);
  expect_value(decide(ann, first.row.id));
  world.run(120'000);
  EXPECT_EQ(serving("web-1"), world.upload("api", "v1"));
  EXPECT_NE(start(configured("v2", "1")).row.state, DeploymentState::draft) << "the configuration is as it was";
  world.run(120'000);
  EXPECT_EQ(start(configured("v2", "2")).row.state, DeploymentState::draft);
  EXPECT_EQ(start(request("v2", "{}")).row.state, DeploymentState::draft) << "it is taken away";
}

TEST_F(ApprovalsTest, WhereThereIsNothingToDoNobodyIsAsked) {
  deploy("v1");
  EXPECT_EQ(propose("v1").row.state, DeploymentState::done);
}

TEST_F(ApprovalsTest, OtherEnvironmentsStartAtOnce) {
  DeployRequest request = world.request(api_manifest("web-1"), {{"api", world.upload("api", "v1")}});
  request.environment = "staging";
  EXPECT_EQ(world.row(expect_value(world.start(request)).row.id).state, DeploymentState::done);
}

TEST_F(ApprovalsTest, OneKeyStandsForOneProposal) {
  DeployRequest request = world.request(api_manifest("web-1"), {{"api", world.upload("api", "v1")}});
  request.idempotency_key = "ci-run-7";
  const auto first = expect_value(world.start(request, 1'000, build));
  EXPECT_EQ(expect_value(world.start(request, 1'000, build)).row.id, first.row.id);
  EXPECT_EQ(world.store().approvals(10).size(), 1u);
}

TEST_F(ApprovalsTest, LookingAtAPlanProposesNothing) {
  const auto request = world.request(api_manifest("web-1"), {{"api", world.upload("api", "v1")}});
  const std::size_t rows = world.store().audit(0, 1'000).size();
  std::optional<Answer<PlanView>> answer;
  world.now().guarded.plan(build, request, [&](Answer<PlanView> given) { answer = std::move(given); });
  world.run_until([&] { return answer.has_value(); });
  EXPECT_EQ(expect_value(*answer).plan.environment, "production");
  EXPECT_TRUE(world.store().deployments(10).empty());
  EXPECT_TRUE(world.store().approvals(10).empty());
  EXPECT_EQ(world.store().audit(0, 1'000).size(), rows);
}

TEST_F(ApprovalsTest, NothingButItsApprovalSetsADraftGoing) {
  const DeploymentView proposed = propose("v1");
  const Caller carl = caller_named("token:carl", Kind::person, Role::admin);
  Operations& door = world.now().guarded;
  EXPECT_EQ(expect_refusal(door.resume(carl, proposed.row.id)).code, "waiting");
  EXPECT_EQ(expect_refusal(door.promote(carl, proposed.row.id, std::nullopt)).code, "waiting");
  EXPECT_EQ(expect_refusal(door.declare_gone(carl, proposed.row.id, HostId("web-1"), "why")).code, "waiting");
  RollbackRequest inverse;
  inverse.deployment = proposed.row.id;
  inverse.reason = "why";
  std::optional<Answer<DeploymentView>> answer;
  door.start_rollback(carl, inverse, [&](Answer<DeploymentView> given) { answer = std::move(given); });
  EXPECT_EQ(expect_refusal(answer.value()).code, "not_finished");
  world.run(60'000);
  EXPECT_EQ(world.row(proposed.row.id).state, DeploymentState::draft);
  EXPECT_TRUE(serving("web-1").empty());
}

/// The coordinator's keys were renewed while it waited: agents take no plan that is signed with the old one.
TEST_F(ApprovalsTest, WhatIsApprovedIsSignedWithTheKeyThatIsInForceThen) {
  const DeploymentView proposed = propose("v1");
  model::Plan plan = world.store().plan(proposed.row.id).value();
  const std::string signature = plan.signature;
  plan.signature.assign(signature.size(), 'x');
  world.store().commit({store::PutPlan{plan}});
  expect_value(decide(ann, proposed.row.id));
  EXPECT_EQ(world.store().plan(proposed.row.id)->signature, signature);
}

TEST_F(ApprovalsTest, AKeyThatIsUsedAgainBringsOutTheSameDraftAndStartsNothing) {
  DeployRequest request = world.request(api_manifest("web-1"), {{"api", world.upload("api", "v1")}});
  request.idempotency_key = "ci-run-7";
  const auto first = expect_value(world.start(request, 1'000, build));
  expect_value(decide(ann, first.row.id, false));
  EXPECT_EQ(expect_value(world.start(request, 60'000, build)).row.state, DeploymentState::rejected);
  EXPECT_TRUE(serving("web-1").empty());
}

TEST_F(ApprovalsTest, AnEditedManifestIsAnotherProposalWhoseApprovalIsItsOwn) {
  const DeploymentView seen = deploy("v1");
  const ReleaseId release = world.upload("api", "v2");
  const DeploymentView edited = expect_value(world.start(
      world.request(api_manifest("web-1, web-2", "{rollback_on_failure: false}"), {{"api", release}}), 1'000, build));
  ASSERT_EQ(edited.row.state, DeploymentState::draft);
  std::optional<Answer<ApprovalView>> answer;
  world.operations().decide_approval(ann, {edited.row.id, true, seen.row.plan_hash, {}, {}},
                                     [&](Answer<ApprovalView> given) { answer = std::move(given); });
  EXPECT_EQ(expect_refusal(answer.value()).code, "another_plan");
  world.run(60'000);
  EXPECT_EQ(serving("web-1"), world.upload("api", "v1"));
}

/// Convergence needs no approval, since what it brings was approved: it must not bring anything else.
TEST_F(ApprovalsTest, WhatOnlyAHostThatIsAwayWouldGetCannotBeProposed) {
  world.lose(world.agent("web-2"));
  const auto request = [&](const char* hosts) {
    return world.request(api_manifest(hosts, "{unreachable: {defer: 1}}"), {{"api", world.upload("api", "v1")}});
  };
  const Refusal refusal = expect_refusal(world.start(request("web-2"), 60'000, build));
  EXPECT_EQ(refusal.code, "unseen");
  EXPECT_EQ(refusal.details.at("host"), "web-2");
  const auto both = expect_value(world.start(request("web-1, web-2"), 1'000, build));
  EXPECT_EQ(both.row.state, DeploymentState::draft);
  expect_value(decide(ann, both.row.id));
  world.run(60'000);
  EXPECT_TRUE(serving("web-2").empty());
  world.connect(world.agent("web-2"));
  world.run(2 * limits::converge_retry_ms);
  EXPECT_EQ(serving("web-2"), world.upload("api", "v1")) << "the same was approved for the other host";
}

TEST_F(ApprovalsTest, AHostOfProductionIsNotChangedUnderAnotherName) {
  deploy("v1");
  Caller dora = caller_named("token:dora", Kind::ci, Role::operator_);
  DeployRequest request = world.request(api_manifest("web-1"), {{"api", world.upload("api", "v2")}});
  request.environment = "staging";
  const auto ask = [&] {
    std::optional<Answer<DeploymentView>> answer;
    world.now().guarded.start(dora, request, [&](Answer<DeploymentView> given) { answer = std::move(given); });
    world.run_until([&] { return answer.has_value(); });
    return expect_refusal(*answer);
  };
  dora.who.grants = {{Role::operator_, "staging"}};
  const Refusal stranger = ask();
  EXPECT_EQ(stranger.status, 403);
  EXPECT_NE(stranger.message.find("host web-1 serves for `production`"), std::string::npos);
  dora.who.grants = {{Role::operator_, "*"}};
  EXPECT_EQ(ask().code, "guarded_host");
  world.run(60'000);
  EXPECT_EQ(serving("web-1"), world.upload("api", "v1"));
}

TEST_F(ApprovalsTest, WhoAsksForMoreApproversMeansWhatWaitsToo) {
  const DeploymentView proposed = propose("v1");
  world.restart_with({{"production", {.approvals = 2, .production = true}}});
  for (const char* host : {"web-1", "web-2"}) world.connect(world.agent(host));
  world.run(5'000);
  EXPECT_EQ(expect_value(decide(ann, proposed.row.id)).row.state, ApprovalState::waiting);
  EXPECT_EQ(expect_value(decide(bob, proposed.row.id)).row.state, ApprovalState::granted);
}

/// Callers by tokens of the store, which can end.
class EndingTokensTest : public ApprovalsTest {
 protected:
  Caller with_token(const std::string& name, Kind kind, Role role) {
    made.push_back(expect_value(
        world.operations().create_api_token(FleetWorld::caller, {name, kind, role, "production", 60 * 60'000})));
    Caller caller = caller_named("token:" + name, kind, role);
    caller.token = made.back().row.id;
    return caller;
  }
  void revoke_last() { expect_value(world.operations().revoke_api_token(FleetWorld::caller, made.back().row.id)); }
  std::vector<ApiTokenMade> made;
};

TEST_F(EndingTokensTest, AWordWhoseTokenIsRevokedWhileItIsWeighedDoesNotCount) {
  const DeploymentView proposed = propose("v1");
  const Caller carl = with_token("carl", Kind::person, Role::approver);
  std::optional<Answer<ApprovalView>> answer;
  world.now().guarded.decide_approval(carl, {proposed.row.id, true, proposed.row.plan_hash, {}, {}},
                                      [&](Answer<ApprovalView> given) { answer = std::move(given); });
  ASSERT_FALSE(answer.has_value()) << "the hosts are being asked";
  revoke_last();
  world.run_until([&] { return answer.has_value(); });
  EXPECT_EQ(expect_refusal(*answer).status, 401);
  EXPECT_EQ(world.row(proposed.row.id).state, DeploymentState::draft);
  EXPECT_TRUE(approval(proposed.row.id).votes.empty());
}

TEST_F(EndingTokensTest, AStartWhoseTokenIsRevokedWhileItIsPlannedStartsNothing) {
  world.restart_with({});
  for (const char* host : {"web-1", "web-2"}) world.connect(world.agent(host));
  world.run(1'000);
  const Caller carl = with_token("carl", Kind::ci, Role::operator_);
  const auto request = world.request(api_manifest("web-1"), {{"api", world.upload("api", "v1")}});
  std::optional<Answer<DeploymentView>> answer;
  world.now().guarded.start(carl, request, [&](Answer<DeploymentView> given) { answer = std::move(given); });
  ASSERT_FALSE(answer.has_value());
  revoke_last();
  world.run_until([&] { return answer.has_value(); });
  EXPECT_EQ(expect_refusal(*answer).status, 401);
  EXPECT_TRUE(world.store().deployments(10).empty());
}

TEST_F(EndingTokensTest, WhoWatchesSeesNothingMoreWhenHisTokenEnds) {
  const DeploymentView proposed = propose("v1");
  const auto status_after = [&](const Caller& caller, const std::function<void()>& meanwhile) {
    std::optional<int> status;
    const Operations& door = world.now().guarded;
    world.now().guarded.when_timeline_grows(caller, proposed.row.id, 1'000, 30'000, [&] {
      const auto seen = door.deployment(caller, proposed.row.id);
      status = std::holds_alternative<Refusal>(seen) ? std::get<Refusal>(seen).status : 200;
      EXPECT_EQ(door.timeline(caller, proposed.row.id, 0, 10).empty(), *status != 200);
    });
    EXPECT_FALSE(status.has_value());
    meanwhile();
    world.run_until([&] { return status.has_value(); });
    return *status;
  };
  EXPECT_EQ(status_after(with_token("dora", Kind::ci, Role::viewer), [] {}), 200);
  EXPECT_EQ(status_after(with_token("carl", Kind::ci, Role::viewer), [&] { revoke_last(); }), 401);
  EXPECT_EQ(status_after(with_token("eve", Kind::ci, Role::viewer), [&] { world.clock.advance(60 * 60'000); }), 401);
}

TEST_F(ApprovalsTest, SoManyMayWaitAndNoMore) {
  for (std::size_t i = 0; i < limits::approvals_waiting_max; ++i) propose_as("shop-" + std::to_string(i), "v1");
  const ReleaseId release = world.upload("api", "v1");
  const auto refusal = expect_refusal(world.start(world.request(api_manifest("web-1"), {{"api", release}}), 0, build));
  EXPECT_EQ(refusal.code, "too_many_waiting");
  EXPECT_EQ(propose_as("shop-7", "v2").row.state, DeploymentState::draft) << "one that waits gives way to it";
}

class TwoApprovalsTest : public ApprovalsTest {
 protected:
  TwoApprovalsTest() : ApprovalsTest(2) {}
};

TEST_F(TwoApprovalsTest, TwoPersonsAreTwoPersons) {
  const DeploymentView proposed = propose("v1");
  EXPECT_EQ(expect_value(decide(ann, proposed.row.id)).row.state, ApprovalState::waiting);
  EXPECT_EQ(expect_refusal(decide(ann, proposed.row.id)).code, "approved_already");
  const Caller ann_here = caller_named("local:ann", Kind::person, Role::approver);
  EXPECT_EQ(expect_refusal(decide(ann_here, proposed.row.id)).code, "approved_already");
  Caller by_another_token = ann;
  by_another_token.token = "0123456789ab";
  EXPECT_EQ(expect_refusal(decide(by_another_token, proposed.row.id)).code, "approved_already");
  EXPECT_EQ(world.row(proposed.row.id).state, DeploymentState::draft);
  EXPECT_EQ(expect_value(decide(bob, proposed.row.id)).row.state, ApprovalState::granted);
  world.run(60'000);
  EXPECT_EQ(world.row(proposed.row.id).state, DeploymentState::done);
}

TEST_F(TwoApprovalsTest, TwoAtOnceStartItOnce) {
  const DeploymentView proposed = propose("v1");
  expect_value(decide(ann, proposed.row.id));
  const Caller carl = caller_named("token:carl", Kind::person, Role::approver);
  std::vector<Answer<ApprovalView>> answers;
  for (const Caller& who : {bob, carl}) {
    world.operations().decide_approval(who, {proposed.row.id, true, proposed.row.plan_hash, {}, {}},
                                       [&](Answer<ApprovalView> given) { answers.push_back(std::move(given)); });
  }
  world.run(60'000);
  ASSERT_EQ(answers.size(), 2u);
  EXPECT_EQ(expect_refusal(answers[0]).code, "busy");
  EXPECT_EQ(expect_value(answers[1]).row.state, ApprovalState::granted);
  EXPECT_EQ(world.row(proposed.row.id).state, DeploymentState::done);
}

TEST_F(TwoApprovalsTest, OneNoIsEnough) {
  const DeploymentView proposed = propose("v1");
  expect_value(decide(ann, proposed.row.id));
  expect_value(decide(bob, proposed.row.id, false));
  EXPECT_EQ(world.row(proposed.row.id).state, DeploymentState::rejected);
}

class SecondFactorTest : public CodesTest {
 protected:
  SecondFactorTest()
      : CodesTest({{"production",
                    {.approvals = 1,
                     .self_approval = access::SelfApproval::with_totp,
                     .require_mfa = true,
                     .production = true}}}) {}
  /// By a token of her name for another environment.
  static Caller ann_for(const std::string& environment) {
    Caller caller = ann;
    caller.who.grants = {{Role::viewer, environment}};
    return caller;
  }
};

TEST_F(SecondFactorTest, LetsTheAuthorApproveWithACodeAndNobodyWithoutOne) {
  const Caller carl = caller_named("token:carl", Kind::person, Role::admin);
  const std::string uri = enrol(carl);
  const DeploymentView proposed = propose("v1", carl);
  EXPECT_EQ(expect_refusal(approve(carl, proposed.row.id, "")).code, "code_needed");
  EXPECT_EQ(expect_refusal(approve(ann, proposed.row.id, "")).code, "code_needed");
  EXPECT_EQ(expect_refusal(approve(ann, proposed.row.id, code_of(uri))).code, "wrong_code") << "it is not hers";
  EXPECT_EQ(expect_refusal(approve(carl, proposed.row.id, code_of(uri, -2))).code, "wrong_code");
  const auto view = expect_value(approve(carl, proposed.row.id, code_of(uri)));
  EXPECT_TRUE(view.row.votes.at(0).second_factor);
  world.run(60'000);
  EXPECT_EQ(world.row(proposed.row.id).state, DeploymentState::done);
}

TEST_F(SecondFactorTest, ACodeCountsOnce) {
  const std::string uri = enrol(ann);
  const DeploymentView first = propose("v1");
  const std::string code = code_of(uri, 1);
  expect_value(approve(ann, first.row.id, code));
  world.run(10'000);
  const DeploymentView second = propose("v2");
  EXPECT_EQ(expect_refusal(approve(ann, second.row.id, code)).code, "wrong_code");
}

TEST_F(SecondFactorTest, ACodeThatHasNotCountedYetCanBeShownAgain) {
  const std::string uri = enrol(ann);
  const DeploymentView proposed = propose("v1");
  const std::string code = code_of(uri, 1);
  world.disconnect(world.agent("web-2"));
  EXPECT_EQ(expect_refusal(approve(ann, proposed.row.id, code)).code, "host_away");
  world.connect(world.agent("web-2"));
  world.run(1'000);
  expect_value(approve(ann, proposed.row.id, code));
}

TEST_F(SecondFactorTest, AfterSomeWrongCodesNoneCountsForAWhile) {
  const std::string uri = enrol(ann);
  const DeploymentView proposed = propose("v1");
  for (unsigned i = 0; i < limits::totp_wrong_max; ++i) {
    EXPECT_EQ(expect_refusal(approve(ann, proposed.row.id, "wrong")).code, "wrong_code");
  }
  EXPECT_EQ(expect_refusal(approve(ann, proposed.row.id, code_of(uri))).code, "wrong_code");
  world.run(limits::totp_lock_ms);
  expect_value(approve(ann, proposed.row.id, code_of(uri)));
}

/// Whoever makes tokens in one environment can make one of any name.
TEST_F(SecondFactorTest, WrongCodesOfATokenOfTheSameNameForAnotherEnvironmentLockNobodyOut) {
  const std::string uri = enrol(ann);
  const Caller other = ann_for("staging");
  for (unsigned i = 0; i < 2 * limits::totp_wrong_max; ++i) {
    EXPECT_EQ(expect_refusal(world.operations().enrol_totp(other, "wrong")).code, "enrolled_already");
  }
  EXPECT_EQ(expect_refusal(world.operations().enrol_totp(other, code_of(uri))).code, "enrolled_already") << "it is";
  const DeploymentView proposed = propose("v1");
  expect_value(approve(ann, proposed.row.id, code_of(uri)));
}

TEST_F(SecondFactorTest, TokensForTheSameEnvironmentHaveTheirTriesTogether) {
  const std::string uri = enrol(ann);
  const DeploymentView proposed = propose("v1");
  for (unsigned i = 0; i < limits::totp_wrong_max; ++i) {
    Caller caller = ann;
    caller.token = "token-" + std::to_string(i);
    EXPECT_EQ(expect_refusal(approve(caller, proposed.row.id, "wrong")).code, "wrong_code");
  }
  Caller fresh = ann;
  fresh.token = "token-fresh";
  EXPECT_EQ(expect_refusal(approve(fresh, proposed.row.id, code_of(uri))).code, "wrong_code");
}

TEST_F(SecondFactorTest, TokensForManyEnvironmentsHaveNoMoreTriesThanAFewTogether) {
  const std::string uri = enrol(ann);
  for (unsigned i = 0; i < limits::totp_wrong_of_person_max; ++i) {
    const Caller other = ann_for("review-" + std::to_string(i));
    EXPECT_EQ(expect_refusal(world.operations().enrol_totp(other, "wrong")).code, "enrolled_already");
  }
  const Caller fresh = ann_for("review-fresh");
  EXPECT_EQ(expect_refusal(world.operations().enrol_totp(fresh, code_of(uri))).code, "enrolled_already");
  world.run(limits::totp_lock_ms);
  expect_value(world.operations().enrol_totp(fresh, code_of(uri)));
}

TEST_F(SecondFactorTest, AnAppIsReplacedByItsOwnCodeOrTakenAwayBySomebodyElse) {
  const std::string old = enrol(ann);
  EXPECT_EQ(expect_refusal(world.operations().enrol_totp(ann, "")).code, "enrolled_already");
  EXPECT_EQ(expect_refusal(world.operations().enrol_totp(ann, "000000")).code, "enrolled_already");
  const std::string next = expect_value(world.operations().enrol_totp(ann, code_of(old)));
  EXPECT_NE(next, old);
  EXPECT_EQ(expect_refusal(world.operations().reset_totp(ann, "ann")).code, "own_app");
  expect_value(world.operations().reset_totp(FleetWorld::caller, "ann"));
  EXPECT_EQ(expect_refusal(world.operations().reset_totp(FleetWorld::caller, "ann")).status, 404);
  enrol(ann);
}

TEST_F(SecondFactorTest, TheStoreAloneGivesNoCodes) {
  const std::string uri = enrol(ann);
  const std::size_t at = uri.find("secret=") + 7;
  const std::string secret = from_base32(uri.substr(at, uri.find('&', at) - at));
  const model::TotpRow row = world.store().totp("ann").value();
  EXPECT_EQ(secret.size(), 20u);
  EXPECT_EQ(row.salt.find(to_hex(secret)), std::string::npos);
  world.restart();
  EXPECT_EQ(world.store().totp("ann"), row);
}

TEST(RollbackReason, IsNeededInEveryEnvironment) {
  FleetWorld world;
  world.add_agent("web-1");
  world.add_agent("web-2");
  const auto roll_back = [&](const std::string& environment, const std::string& reason) {
    const std::string host = environment == "production" ? "web-1" : "web-2";
    DeployRequest request = world.request(api_manifest(host), {{"api", world.upload("api", environment + reason)}});
    request.environment = environment;
    RollbackRequest wanted;
    wanted.deployment = expect_value(world.start(request)).row.id;
    wanted.reason = reason;
    wanted.to_nothing = true;
    std::optional<Answer<DeploymentView>> answer;
    world.operations().start_rollback(FleetWorld::caller, wanted,
                                      [&](Answer<DeploymentView> given) { answer = given; });
    world.run_until([&] { return answer.has_value(); });
    world.run(60'000);
    return *answer;
  };
  for (const char* environment : {"production", "staging"}) {
    for (const char* nothing : {"", " \n"}) {
      const std::size_t rows = world.store().deployments(100).size();
      const Refusal refusal = expect_refusal(roll_back(environment, nothing));
      EXPECT_EQ(refusal.status, 400);
      EXPECT_EQ(refusal.code, "reason_needed");
      EXPECT_NE(refusal.message.find("--reason"), std::string::npos) << refusal.message;
      EXPECT_EQ(world.store().deployments(100).size(), rows + 1) << "only what was deployed to be rolled back";
    }
    const DeploymentId back = expect_value(roll_back(environment, "too slow")).row.id;
    EXPECT_EQ(world.row(back).state, DeploymentState::done);
    bool audited = false;
    for (const store::StoredAudit& row : world.store().audit(0, 1'000)) {
      const bool start = row.entry.object == back.str() && row.entry.operation == "rollback.start";
      audited = audited || (start && row.entry.reason == "too slow");
    }
    EXPECT_TRUE(audited);
  }
}

}  // namespace
}  // namespace switchyard::fleet
