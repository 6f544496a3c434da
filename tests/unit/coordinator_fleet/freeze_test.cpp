// Freeze windows: when nothing may begin in an environment, and what may all the same.
#include <gtest/gtest.h>

#include <algorithm>

#include "tests/unit/coordinator_fleet/approvals_fixture.hpp"

namespace switchyard::fleet {
namespace {

/// The fleet's wall clock begins at 2026-09-21T14:13Z.
access::EnvironmentRules frozen_in_between(std::uint32_t approvals) {
  access::FreezeWindow window;
  window.from_wall_ms = access::parse_utc("2026-09-21T15:00Z").value();
  window.to_wall_ms = access::parse_utc("2026-09-22T06:00Z").value();
  window.text = "2026-09-21T15:00Z to 2026-09-22T06:00Z";
  window.reason = "audit";
  return {{"production", {.approvals = approvals, .production = true, .freeze_windows = {window}}}};
}
constexpr std::int64_t an_hour_ms = 3'600'000;
const Caller carl = caller_named("token:carl", access::Kind::person, access::Role::admin);

class FreezeTest : public ApprovalsTest {
 protected:
  explicit FreezeTest(std::uint32_t approvals = 0) : ApprovalsTest(frozen_in_between(approvals)) {}
  void freeze() { world.run(an_hour_ms); }
  DeployRequest request(const std::string& text) {
    return world.request(api_manifest("web-1"), {{"api", world.upload("api", text)}});
  }
  Answer<DeploymentView> guarded_start(const Caller& who, const DeployRequest& wanted) {
    std::optional<Answer<DeploymentView>> answer;
    world.now().guarded.start(who, wanted, [&](Answer<DeploymentView> given) { answer = std::move(given); });
    world.run_until([&] { return answer.has_value(); });
    return *answer;
  }
  std::vector<model::AuditEntry> overrides() {
    std::vector<model::AuditEntry> found;
    for (const auto& row : world.store().audit(0, 1'000)) {
      if (row.entry.operation == "freeze.override") found.push_back(row.entry);
    }
    return found;
  }
  std::vector<std::string> plan_notes(const DeployRequest& wanted) {
    std::optional<Answer<PlanView>> answer;
    world.operations().plan(FleetWorld::caller, wanted, [&](Answer<PlanView> given) { answer = given; });
    world.run_until([&] { return answer.has_value(); });
    return expect_value(*answer).outlook.notes;
  }
};
class FrozenApprovalTest : public FreezeTest {
 protected:
  FrozenApprovalTest() : FreezeTest(1) {}
};

TEST_F(FreezeTest, AStartInsideIsRefusedWithTheWindowItsReasonAndItsEnd) {
  freeze();
  const Refusal refusal = expect_refusal(world.start(request("v1"), 1'000));
  EXPECT_EQ(refusal.status, 409);
  EXPECT_EQ(refusal.code, "frozen");
  EXPECT_EQ(refusal.details.at("reason"), "audit");
  EXPECT_EQ(refusal.details.at("until"), "2026-09-22T06:00Z");
  EXPECT_TRUE(world.store().deployments(10).empty());
}

TEST_F(FreezeTest, BeforeAndAfterItNothingIsRefused) {
  expect_value(world.start(request("v1")));
  world.run(16 * an_hour_ms);
  expect_value(world.start(request("v2")));
}

TEST_F(FreezeTest, ARollbackIsNeverFrozen) {
  const DeploymentId first = expect_value(world.start(request("v1"))).row.id;
  freeze();
  EXPECT_EQ(world.row(expect_value(world.roll_back(first)).row.id).state, model::DeploymentState::done);
}

TEST_F(FreezeTest, OnlyAnAdministratorOverridesItAndItIsAudited) {
  freeze();
  DeployRequest wanted = request("v1");
  wanted.override_freeze = "the site is down";
  EXPECT_EQ(expect_refusal(guarded_start(build, wanted)).code, "not_allowed");
  EXPECT_TRUE(overrides().empty());
  expect_value(guarded_start(carl, wanted));
  ASSERT_EQ(overrides().size(), 1u);
  EXPECT_EQ(overrides().front().reason, "the site is down");
  EXPECT_EQ(overrides().front().details.at("frozen"), "production");
  EXPECT_EQ(overrides().front().details.at("window"), "2026-09-21T15:00Z to 2026-09-22T06:00Z");
}

TEST_F(FreezeTest, WhatIsFrozenByNothingOverridesNothing) {
  DeployRequest wanted = request("v1");
  wanted.override_freeze = "just in case";
  expect_value(guarded_start(carl, wanted));
  EXPECT_TRUE(overrides().empty());
}

TEST_F(FreezeTest, AnotherNameIsNoWayAroundIt) {
  expect_value(world.start(request("v1")));
  freeze();
  std::string manifest = api_manifest("web-1");
  for (const auto& [old, now] : {std::pair{"name: api", "name: web"},
                                 {"stable: 8080", "stable: 8090"},
                                 {"blue: 5002", "blue: 5012"},
                                 {"green: 5003", "green: 5013"}}) {
    manifest.replace(manifest.find(old), std::string(old).size(), now);
  }
  DeployRequest wanted = world.request(manifest, {{"web", world.upload("web", "v1")}});
  wanted.environment = "staging";
  EXPECT_EQ(expect_refusal(world.start(wanted, 1'000)).code, "frozen");
  ASSERT_EQ(plan_notes(wanted).size(), 1u);
  EXPECT_NE(plan_notes(wanted).front().find("`production` is frozen"), std::string::npos);
}

TEST_F(FreezeTest, APlanMayBeLookedAtAndSaysIt) {
  freeze();
  const std::vector<std::string> notes = plan_notes(request("v1"));
  ASSERT_EQ(notes.size(), 1u);
  EXPECT_NE(notes.front().find("2026-09-22T06:00Z"), std::string::npos);
}

TEST_F(FreezeTest, ASimulationSaysThatAStartWouldBeRefused) {
  freeze();
  std::optional<Answer<SimulationView>> answer;
  world.operations().simulate(FleetWorld::caller, request("v1"), "",
                              [&](Answer<SimulationView> given) { answer = given; });
  world.run_until([&] { return answer.has_value(); });
  const auto& assumed = expect_value(*answer).simulation.assumed;
  ASSERT_EQ(assumed.size(), 1u);
  EXPECT_NE(assumed.front().find("2026-09-22T06:00Z"), std::string::npos);
}

TEST_F(FrozenApprovalTest, TheLastApprovalInsideDoesNotStartWhatWasProposedBefore) {
  const DeploymentView proposed = propose("v1");
  freeze();
  EXPECT_EQ(expect_refusal(decide(ann, proposed.row.id)).code, "frozen");
  EXPECT_EQ(world.row(proposed.row.id).state, model::DeploymentState::draft);
  world.run(15 * an_hour_ms);
  expect_value(decide(ann, proposed.row.id));
  world.run(60'000);
  EXPECT_EQ(world.row(proposed.row.id).state, model::DeploymentState::done);
}

/// The manifest is read again with what stood in for its silence then: without that it would not even load.
TEST_F(FrozenApprovalTest, AnApprovalInsideDoesNotStartWhatHasItsStrategyFromTheEnvironmentsFile) {
  std::string manifest = api_manifest("web-1");
  const std::string traffic = "    traffic: {kind: nftables}\n";
  manifest.insert(manifest.find(traffic), "    canary: {weights: [50]}\n");
  DeployRequest wanted = world.request(manifest, {{"api", world.upload("api", "v1")}});
  wanted.defaults.strategy = model::Strategy::canary;
  wanted.defaults.strategy_source = model::StrategySource::environment;
  const DeploymentView proposed = expect_value(world.start(wanted, 1'000, build));
  ASSERT_EQ(proposed.row.state, model::DeploymentState::draft);
  freeze();
  EXPECT_EQ(expect_refusal(decide(ann, proposed.row.id)).code, "frozen");
}

TEST_F(FrozenApprovalTest, WhoApprovesInTheWindowSeesTheOverrideAndSetsItInForce) {
  DeployRequest wanted = request("v1");
  wanted.override_freeze = "the site is down";
  const DeploymentId id = expect_value(guarded_start(carl, wanted)).row.id;
  EXPECT_TRUE(overrides().empty()) << "nothing is frozen yet";
  freeze();
  EXPECT_EQ(expect_value(world.operations().approval(ann, id)).override_freeze, "the site is down");
  expect_value(decide(ann, id));
  ASSERT_EQ(overrides().size(), 1u);
  EXPECT_EQ(overrides().front().principal, "token:ann");
  world.run(60'000);
  EXPECT_EQ(world.row(id).state, model::DeploymentState::done);
}

}  // namespace
}  // namespace switchyard::fleet
