// What a proposal keeps until it is approved, what it stands in nobody's way of, and what gets in its own.
#include <gtest/gtest.h>

#include "common/limits.hpp"
#include "coordinator/fleet/approvals.hpp"
#include "tests/unit/coordinator_fleet/approvals_fixture.hpp"

namespace switchyard::fleet {
namespace {

using model::ApprovalState;
using model::DeploymentState;

class ProposalsTest : public ApprovalsTest {
 protected:
  Answer<DeploymentView> roll_back(RollbackRequest request) {
    request.reason = "test";
    std::optional<Answer<DeploymentView>> answer;
    world.operations().start_rollback(build, request, [&](Answer<DeploymentView> given) { answer = std::move(given); });
    world.run_until([&] { return answer.has_value(); });
    return *answer;
  }
  /// Carried out on the hosts that answer; the others follow.
  DeploymentId deploy_deferring(const std::string& text) {
    const auto request =
        world.request(api_manifest("web-1, web-2", "{unreachable: {defer: 1}}"), {{"api", world.upload("api", text)}});
    const DeploymentId id = expect_value(world.start(request, 1'000, build)).row.id;
    expect_value(decide(ann, id));
    world.run(60'000);
    return id;
  }
  /// Until its old slot is cold, and its inverse has to be approved as well.
  void cool_down(const DeploymentId& id) { world.run(world.store().plan(id)->settings.keep_old_ms); }
  DeploymentId deploy_long_ago(const std::string& text) {
    const DeploymentId id = deploy(text).row.id;
    cool_down(id);
    return id;
  }
  DeploymentId propose_rollback(const RollbackRequest& request) {
    const DeploymentView waits = expect_value(roll_back(request));
    EXPECT_EQ(waits.row.state, DeploymentState::draft);
    return waits.row.id;
  }
  void approve_and_run(const DeploymentId& id) {
    expect_value(decide(ann, id));
    world.run(60'000);
    EXPECT_EQ(world.row(id).state, DeploymentState::done) << world.row(id).reason;
  }
};

TEST_F(ProposalsTest, ThatAServiceIsTakenAwayMustBeMeantAndIsKept) {
  const DeploymentId first = deploy_long_ago("v1");
  EXPECT_EQ(expect_refusal(roll_back({.deployment = first})).code, "to_nothing");
  EXPECT_EQ(world.store().approvals(10).size(), 1u) << "nothing was proposed";
  const DeploymentId back = propose_rollback({.deployment = first, .to_nothing = true});
  EXPECT_TRUE(approval(back).to_nothing);
  EXPECT_EQ(serving("web-1"), world.upload("api", "v1"));
  approve_and_run(back);
  EXPECT_TRUE(serving("web-1").empty());
}

TEST_F(ProposalsTest, WhoIsLeftOutIsLeftOutWhenItIsApprovedToo) {
  deploy("v1");
  const DeploymentId second = deploy_long_ago("v2");
  world.lose(world.agent("web-2"));
  EXPECT_EQ(expect_refusal(roll_back({.deployment = second})).code, "host_away");
  const DeploymentId back = propose_rollback({.deployment = second, .without = {HostId("web-2")}});
  EXPECT_EQ(approval(back).without, std::vector{HostId("web-2")});
  approve_and_run(back);
  EXPECT_EQ(world.row(back).gone, std::vector{HostId("web-2")});
  EXPECT_EQ(serving("web-1"), world.upload("api", "v1"));
  EXPECT_EQ(serving("web-2"), world.upload("api", "v2"));
  world.connect(world.agent("web-2"));
  world.run(120'000);
  EXPECT_EQ(serving("web-2"), world.upload("api", "v1"));
}

TEST_F(ProposalsTest, WhoIsBackMeanwhileIsNotLeftOut) {
  deploy("v1");
  const DeploymentId second = deploy_long_ago("v2");
  world.lose(world.agent("web-2"));
  const DeploymentId back = propose_rollback({.deployment = second, .without = {HostId("web-2")}});
  world.connect(world.agent("web-2"));
  world.run(1'000);
  EXPECT_EQ(expect_refusal(decide(ann, back)).code, "host_connected");
  EXPECT_EQ(approval(back).state, ApprovalState::waiting);
  EXPECT_TRUE(approval(back).votes.empty());
  EXPECT_EQ(serving("web-1"), world.upload("api", "v2"));
}

TEST_F(ProposalsTest, WhoHasLeftTheFleetMeanwhileIsLeftOutForGood) {
  deploy("v1");
  const DeploymentId second = deploy_long_ago("v2");
  world.lose(world.agent("web-2"));
  const DeploymentId back = propose_rollback({.deployment = second, .without = {HostId("web-2")}});
  expect_value(world.operations().remove_host(FleetWorld::caller, HostId("web-2")));
  approve_and_run(back);
  EXPECT_TRUE(world.row(back).gone.empty());
  EXPECT_EQ(serving("web-1"), world.upload("api", "v1"));
}

/// It goes on while the rollback is only proposed, and may still be over before that is approved.
TEST_F(ProposalsTest, WhatBringsAHostToWhatIsRolledBackGivesWayWithTheLastWord) {
  deploy_deferring("v1");
  world.disconnect(world.agent("web-2"));
  const DeploymentId second = deploy_deferring("v2");
  cool_down(second);
  const DeploymentId back = propose_rollback({.deployment = second});
  world.connect(world.agent("web-2"));
  world.run_until([&] { return world.store().deployments(1).at(0).kind == model::DeploymentKind::converge; });
  const DeploymentId converge = world.store().deployments(1).at(0).id;
  EXPECT_EQ(world.store().decision(converge), std::nullopt);
  expect_value(decide(ann, back));
  EXPECT_EQ(world.store().decision(converge), model::Decision::abort);
  world.run(240'000);
  EXPECT_EQ(world.row(back).state, DeploymentState::done);
  EXPECT_EQ(world.row(converge).state, DeploymentState::rolled_back);
  EXPECT_EQ(serving("web-1"), world.upload("api", "v1"));
  EXPECT_EQ(serving("web-2"), world.upload("api", "v1"));
}

TEST_F(ProposalsTest, AHostThatIsAboutToBeWhereTheOthersAreHoldsTheWordUp) {
  deploy_deferring("v1");
  FakeAgent& away = world.agent("web-2");
  world.disconnect(away);
  const DeploymentId second = deploy_deferring("v2");
  cool_down(second);
  const DeploymentId back = propose_rollback({.deployment = second});
  world.connect(away);
  world.run_until([&] { return world.store().deployments(1).at(0).kind == model::DeploymentKind::converge; });
  const DeploymentId converge = world.store().deployments(1).at(0).id;
  world.run_until([&] { return world.row(converge).state == DeploymentState::watching; });
  away.deaf = true;
  world.run_until([&] { return world.store().decision(converge).has_value(); });
  EXPECT_EQ(expect_refusal(decide(ann, back)).code, "converging");
  EXPECT_EQ(approval(back).state, ApprovalState::waiting);
  EXPECT_TRUE(approval(back).votes.empty());
  away.deaf = false;
  world.run(60'000);
  ASSERT_EQ(world.row(converge).state, DeploymentState::done);
  EXPECT_EQ(expect_refusal(decide(ann, back)).code, "plan_changed") << "that host would go back too";
}

TEST_F(ProposalsTest, ANewerOneTakesThePlaceOfTheOlderWhichCanBeApprovedNoMore) {
  const DeploymentId older = propose("v1").row.id;
  const DeploymentId newer =
      propose("v2", caller_named("token:dora", access::Kind::person, access::Role::operator_)).row.id;
  const model::DeploymentRow row = world.row(older);
  EXPECT_EQ(row.state, DeploymentState::rejected);
  EXPECT_EQ(row.reason, "superseded by " + newer.str() + ", which token:dora has proposed since");
  EXPECT_EQ(approval(older).state, ApprovalState::voided);
  const Refusal refusal = expect_refusal(decide(ann, older));
  EXPECT_EQ(refusal.code, "decided");
  EXPECT_NE(refusal.message.find("superseded by " + newer.str()), std::string::npos) << refusal.message;
  EXPECT_EQ(world.store().timeline(older, 0, 10).back().text, row.reason);
  EXPECT_NE(world.store().timeline(newer, 0, 10).back().text.find("takes the place of " + older.str()),
            std::string::npos);
  approve_and_run(newer);
  EXPECT_EQ(serving("web-1"), world.upload("api", "v2"));
}

TEST_F(ProposalsTest, ThatAnOlderOneGaveWayIsInTheAudit) {
  const DeploymentId older = propose("v1").row.id;
  const DeploymentId newer = propose("v2").row.id;
  std::size_t found = 0;
  for (const store::StoredAudit& row : world.store().audit(0, 1'000)) {
    if (row.entry.object != older.str() || row.entry.operation != "deployment.rejected") continue;
    ++found;
    EXPECT_EQ(row.entry.principal, build.principal) << "who has proposed the newer one";
    EXPECT_EQ(row.entry.details.at("superseded_by"), newer.str());
    EXPECT_EQ(row.entry.details.at("approval"), "voided");
  }
  EXPECT_EQ(found, 1u);
}

TEST_F(ProposalsTest, AnotherNameOrEnvironmentTakesNobodysPlace) {
  world.restart_with({{"production", {.approvals = 1, .production = true}}, {"eu", {.approvals = 1}}});
  for (const char* host : {"web-1", "web-2"}) world.connect(world.agent(host));
  world.run(5'000);
  const DeploymentId first = propose("v1").row.id;
  propose_as("other", "v2");
  DeployRequest elsewhere = world.request(api_manifest("web-1"), {{"api", world.upload("api", "v3")}});
  elsewhere.environment = "eu";
  EXPECT_EQ(expect_value(world.start(elsewhere, 1'000, build)).row.state, DeploymentState::draft);
  EXPECT_EQ(world.row(first).state, DeploymentState::draft);
  EXPECT_EQ(approval(first).state, ApprovalState::waiting);
}

TEST_F(ProposalsTest, PartsOfAManifestStandBesideEachOtherUnlessTheyHaveAComponentInCommon) {
  const std::string manifest =
      "metadata: {name: shop, environment: production, version: \"1.0\"}\n"
      "components:\n"
      "  - name: api\n    hosts: [web-1]\n    artifact: {directory: api}\n    service: {command: [bin/api]}\n"
      "    ports: {stable: 8080, blue: 5002, green: 5003}\n"
      "  - name: web\n    hosts: [web-1]\n    artifact: {directory: web}\n    service: {command: [bin/web]}\n"
      "    ports: {stable: 8090, blue: 5012, green: 5013}\n";
  const auto propose_part = [&](std::vector<std::string> components) {
    DeployRequest wanted =
        world.request(manifest, {{"api", world.upload("api", "v1")}, {"web", world.upload("web", "v1")}});
    wanted.components = std::move(components);
    const DeploymentId id = expect_value(world.start(wanted, 1'000, build)).row.id;
    EXPECT_EQ(world.row(id).state, DeploymentState::draft);
    return id;
  };
  const DeploymentId api = propose_part({"api"});
  const DeploymentId web = propose_part({"web"});
  EXPECT_EQ(world.row(api).state, DeploymentState::draft);
  propose_part({"web"});
  EXPECT_EQ(world.row(web).state, DeploymentState::rejected);
  EXPECT_EQ(world.row(api).state, DeploymentState::draft);
  propose_part({});
  EXPECT_EQ(world.row(api).state, DeploymentState::rejected) << "all of it is more than a part";
}

TEST_F(ProposalsTest, ARollbackThatIsProposedTakesThePlaceOfADeploymentThatWaits) {
  deploy("v1");
  const DeploymentId second = deploy_long_ago("v2");
  const DeploymentId waits = propose("v3").row.id;
  const DeploymentId back = propose_rollback({.deployment = second});
  EXPECT_EQ(world.row(waits).state, DeploymentState::rejected);
  approve_and_run(back);
  EXPECT_EQ(serving("web-1"), world.upload("api", "v1"));
}

TEST_F(ProposalsTest, ALookOrALostTransactionTakesNobodysPlace) {
  const DeploymentId first = propose("v1").row.id;
  Caller rehearsing = build;
  rehearsing.rehearses = true;
  const DeployRequest wanted = world.request(api_manifest("web-1, web-2"), {{"api", world.upload("api", "v2")}});
  EXPECT_EQ(expect_refusal(world.start(wanted, 1'000, rehearsing)).status, 200);
  EXPECT_EQ(world.row(first).state, DeploymentState::draft);
  world.store().fail_commit(1, store::MemoryStore::Fault::lost);
  EXPECT_EQ(expect_refusal(world.start(wanted, 1'000, build)).status, 503);
  EXPECT_EQ(world.row(first).state, DeploymentState::draft);
  EXPECT_EQ(approval(first).state, ApprovalState::waiting);
  approve_and_run(first);
}

/// Its last approver has said his word, and the hosts are being asked once more.
/// A machine that may approve nothing takes no person's approval back.
TEST_F(ProposalsTest, WhatIsBeingStartedWithItsLastWordIsNotVoidedByANewerOne) {
  const DeploymentId older = propose("v1").row.id;
  const DeployRequest wanted = world.request(api_manifest("web-1, web-2"), {{"api", world.upload("api", "v2")}});
  std::optional<Answer<DeploymentView>> newer;
  world.operations().start(build, wanted, [&](Answer<DeploymentView> given) { newer = std::move(given); });
  std::optional<Answer<ApprovalView>> word;
  world.operations().decide_approval(ann, {older, true, world.row(older).plan_hash, {}, {}},
                                     [&](Answer<ApprovalView> given) { word = std::move(given); });
  world.run_until([&] { return newer.has_value() && word.has_value(); });
  expect_value(*word);
  world.run(60'000);
  EXPECT_EQ(world.row(older).state, DeploymentState::done);
  EXPECT_EQ(serving("web-1"), world.upload("api", "v1"));
  EXPECT_EQ(approval(older).state, ApprovalState::granted);
}

TEST_F(ProposalsTest, NothingIsBeingChangedByOne) {
  const DeploymentId first = deploy("v1").row.id;
  propose("v2");
  const auto views = world.serving();
  ASSERT_EQ(views.size(), 2u);
  for (const ServingView& view : views) {
    EXPECT_EQ(view.row.deployment, first);
    EXPECT_TRUE(view.changing.empty());
  }
}

TEST_F(ProposalsTest, WhatWasLookedAtIsProposedUnderAHashOfItsOwn) {
  DeployRequest request = world.request(api_manifest("web-1"), {{"api", world.upload("api", "v1")}});
  std::optional<Answer<PlanView>> looked;
  world.operations().plan(build, request, [&](Answer<PlanView> given) { looked = std::move(given); });
  world.run_until([&] { return looked.has_value(); });
  request.plan_hash = std::string(64, '0');
  EXPECT_EQ(expect_refusal(world.start(request, 1'000, build)).code, "plan_changed");
  request.plan_hash = expect_value(*looked).plan.hash;
  const DeploymentId proposed = expect_value(world.start(request, 1'000, build)).row.id;
  EXPECT_EQ(world.row(proposed).state, DeploymentState::draft);
  EXPECT_NE(world.row(proposed).plan_hash, request.plan_hash) << "an approval is good for one plan, once";
  approve_and_run(proposed);
}

/// Nothing of it serves there yet, or for now.
TEST_F(ProposalsTest, WhereProductionIsUnderWayOrOwedNothingElseIsDeployed) {
  const auto staging = [&](const char* host) {
    DeployRequest request = world.request(api_manifest(host), {{"api", world.upload("api", "other")}});
    request.environment = "staging";
    return expect_refusal(world.start(request, 0)).code;
  };
  world.disconnect(world.agent("web-2"));
  const auto request =
      world.request(api_manifest("web-1, web-2", "{unreachable: {defer: 1}}"), {{"api", world.upload("api", "v1")}});
  const DeploymentId first = expect_value(world.start(request, 1'000, build)).row.id;
  expect_value(decide(ann, first));
  ASSERT_TRUE(world.store().serving().empty());
  EXPECT_EQ(staging("web-1"), "guarded_host");
  world.run(60'000);
  ASSERT_EQ(world.row(first).state, DeploymentState::done);
  EXPECT_EQ(staging("web-2"), "guarded_host");
}

TEST_F(ProposalsTest, AKeyWhoseRequestWasRefusedMayBeUsedAgain) {
  deploy("v1");
  DeployRequest request = world.request(api_manifest("web-1"), {{"api", world.upload("api", "v2")}});
  request.environment = "staging";
  request.idempotency_key = "ci-run-7";
  for (int i = 0; i < 2; ++i) EXPECT_EQ(expect_refusal(world.start(request, 0)).code, "guarded_host");
  request.environment = "production";
  EXPECT_EQ(expect_value(world.start(request, 1'000, build)).row.state, DeploymentState::draft);
}

// Found by review: what the second asked was answered never, and its connection was kept.
TEST_F(ProposalsTest, AKeyWhoseConfigurationWasRefusedMayBeUsedAgain) {
  DeployRequest request = world.request(api_manifest("web-1"), {{"api", world.upload("api", "v1")}});
  request.idempotency_key = "ci-run-8";
  model::ConfigurationPiece pin;
  pin.kind = model::ConfigurationPiece::Kind::secret;
  pin.text = "NOT_SET";
  request.configuration.environment = "production";
  request.configuration.components["api"].parts.push_back({"pin", {pin}});
  for (int i = 0; i < 2; ++i) EXPECT_EQ(expect_refusal(world.start(request, 0)).code, "cannot_configure");
}

// Found by review: it was "being started by another approver" until the coordinator was restarted.
TEST_F(ProposalsTest, AWordWhosePlanningCouldNotBeginCanBeSaidAgain) {
  deploy("v1");
  const DeploymentId second = deploy_long_ago("v2");
  const DeploymentId back = propose_rollback({.deployment = second});
  world.store().fail_serving(true);
  EXPECT_THROW(decide(ann, back), StoreError);
  EXPECT_THROW(decide(ann, back), StoreError) << "and not busy";
  world.store().fail_serving(false);
  EXPECT_TRUE(approval(back).votes.empty());
  approve_and_run(back);
}

TEST_F(ProposalsTest, ACoordinatorMayEndWhileTheHostsAreAskedForAnApproval) {
  const DeploymentId waits = propose("v1").row.id;
  bool answered = false;
  world.operations().decide_approval(ann, {waits, true, world.row(waits).plan_hash, {}, {}},
                                     [&](const Answer<ApprovalView>&) { answered = true; });
  ASSERT_FALSE(answered);
  world.restart();
  for (const char* host : {"web-1", "web-2"}) world.connect(world.agent(host));
  world.run(5'000);
  EXPECT_FALSE(answered);
  approve_and_run(waits);
}

/// Of so many it has forgotten which it had, and takes an older plan for one of them.
TEST_F(ProposalsTest, SoManyLaterDeploymentsOnAHostAreAChangeToo) {
  const DeploymentId waits = propose("v1").row.id;
  model::Plan other = world.store().plan(waits).value();
  for (auto& [host, slice] : other.slices) slice.components.at(0).name = "web";
  for (std::size_t i = 0; i < limits::closed_deployments_max / 2; ++i) {
    model::DeploymentRow row = world.row(waits);
    row.id = other.deployment = DeploymentId("d-other-" + std::to_string(i));
    row.state = DeploymentState::rolled_back;
    world.store().commit({store::PutDeployment{row}, store::PutPlan{other}});
  }
  const Refusal refusal = expect_refusal(decide(ann, waits));
  EXPECT_EQ(refusal.code, "plan_changed");
  EXPECT_NE(refusal.message.find("so many deployments have ended on host web-1 since"), std::string::npos)
      << refusal.message;
}

}  // namespace
}  // namespace switchyard::fleet
