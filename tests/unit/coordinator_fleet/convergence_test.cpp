#include "coordinator/fleet/convergence.hpp"

#include <gtest/gtest.h>

#include "common/crypto.hpp"
#include "common/limits.hpp"
#include "protocol/enrolment.hpp"
#include "tests/unit/coordinator_fleet/fleet_world.hpp"

namespace switchyard::fleet {
namespace {

using model::DeploymentKind;
using model::DeploymentState;

class ConvergenceTest : public ::testing::Test {
 protected:
  ConvergenceTest() {
    world.add_agent("web-1");
    world.add_agent("web-2");
  }
  DeploymentView deploy(const std::string& text) {
    const ReleaseId release = world.upload("api", text);
    return expect_value(
        world.start(world.request(api_manifest("web-1, web-2", "{unreachable: {defer: 1}}"), {{"api", release}})));
  }
  /// Promoted at once.
  ReleaseId deploy_canary(const std::string& text) {
    const ReleaseId release = world.upload("api", text);
    std::string manifest = api_manifest("web-1, web-2", "{unreachable: {defer: 1}}");
    manifest.insert(manifest.find("    ports:"),
                    "    strategy: canary\n    canary: {weights: [50], pause_seconds: 1, promote: manual}\n");
    const auto started = expect_value(world.start(world.request(manifest, {{"api", release}}), 30'000));
    expect_value(world.operations().promote(FleetWorld::caller, started.row.id, 50));
    world.run(60'000);
    return release;
  }
  model::DeploymentRow newest() { return world.store().deployments(1).at(0); }
  std::size_t deployments() { return world.store().deployments(100).size(); }
  /// A new machine under the old name, without any release.
  void replace(const std::string& host) {
    const TokenMade token = expect_value(world.operations().replace_host(FleetWorld::caller, HostId(host)));
    FakeAgent& machine = world.agent(host);
    world.disconnect(machine);
    machine.serving.clear();
    machine.open.clear();
    world.deliver(protocol::enrolment_peer(token.id), protocol::Channel::control, std::string(16, 'e'),
                  protocol::Enrol{host, sha256_hex("new key of " + host).substr(0, 40), "0.1.0"});
    world.connect(machine);
    world.run(60'000);
  }
  DeploymentState roll_back(const DeploymentId& id) {
    return world.row(expect_value(world.roll_back(id)).row.id).state;
  }
  ReleaseId serving(const std::string& host) { return world.agent(host).serving["api"].release; }

  FleetWorld world;
};

/// What the caller's environment said then is a part of what was committed.
TEST_F(ConvergenceTest, AHostThatFollowsIsBroughtThereWithTheDefaultsOfThen) {
  world.disconnect(world.agent("web-2"));
  DeployRequest request =
      world.request(api_manifest("web-1, web-2", "{unreachable: {defer: 1}}"), {{"api", world.upload("api", "v1")}});
  request.defaults = {.check_deadline_s = 7};
  const DeploymentId id = expect_value(world.start(request)).row.id;
  EXPECT_EQ(world.store().source(id)->defaults, request.defaults);
  world.connect(world.agent("web-2"));
  world.run(120'000);
  const model::DeploymentRow followed = newest();
  ASSERT_EQ(followed.kind, model::DeploymentKind::converge);
  EXPECT_EQ(world.store().plan(followed.id)->settings.caller_defaults,
            (std::vector<std::string>{"HEALTH_CHECK_TIMEOUT=7s for api"}));
}

TEST_F(ConvergenceTest, LeavesAHostOutThatIsNotThereWhenTheManifestAllowsIt) {
  world.disconnect(world.agent("web-2"));
  const DeploymentView started = deploy("v1");
  EXPECT_EQ(world.row(started.row.id).state, DeploymentState::done);
  EXPECT_EQ(world.row(started.row.id).deferred, std::vector{HostId("web-2")});
}

TEST_F(ConvergenceTest, BringsADeferredHostToTheCommittedReleaseWhenItComesBack) {
  world.disconnect(world.agent("web-2"));
  const DeploymentView started = deploy("v1");
  world.connect(world.agent("web-2"));
  world.run(60'000);
  EXPECT_EQ(newest().kind, DeploymentKind::converge);
  EXPECT_EQ(newest().state, DeploymentState::done);
  EXPECT_EQ(newest().rollback_of, started.row.id);
  EXPECT_EQ(newest().version, started.row.version);
  EXPECT_EQ(serving("web-2"), world.upload("api", "v1"));
  EXPECT_TRUE(world.row(started.row.id).deferred.empty());
  world.connect(world.agent("web-2"));
  world.run(60'000);
  EXPECT_EQ(deployments(), 2u) << "once is enough";
}

TEST_F(ConvergenceTest, HostsThatFollowDoNotWaitForEachOther) {
  world.add_agent("web-3");
  for (const char* host : {"web-2", "web-3"}) world.disconnect(world.agent(host));
  const ReleaseId release = world.upload("api", "v1");
  expect_value(
      world.start(world.request(api_manifest("web-1, web-2, web-3", "{unreachable: {defer: 2}}"), {{"api", release}})));
  for (const char* host : {"web-2", "web-3"}) world.connect(world.agent(host));
  world.run_until([&] { return world.store().unfinished_deployments().size() == 2; });
  for (const model::DeploymentRow& row : world.store().unfinished_deployments()) {
    EXPECT_EQ(row.kind, DeploymentKind::converge);
  }
  world.run(60'000);
  for (const char* host : {"web-2", "web-3"}) EXPECT_EQ(serving(host), release);
}

TEST_F(ConvergenceTest, RemembersADeferredHostAcrossARestart) {
  world.disconnect(world.agent("web-2"));
  deploy("v1");
  world.restart();
  world.connect(world.agent("web-1"));
  world.connect(world.agent("web-2"));
  world.run(60'000);
  EXPECT_EQ(serving("web-2"), world.upload("api", "v1"));
}

TEST_F(ConvergenceTest, BringsAHostThatMissedSeveralDeploymentsToTheNewest) {
  world.disconnect(world.agent("web-2"));
  const DeploymentView first = deploy("v1");
  const DeploymentView second = deploy("v2");
  EXPECT_TRUE(world.row(first.row.id).deferred.empty());
  world.connect(world.agent("web-2"));
  world.run(60'000);
  EXPECT_EQ(serving("web-2"), world.upload("api", "v2"));
  EXPECT_EQ(deployments(), 3u);
  EXPECT_TRUE(world.row(second.row.id).deferred.empty());
}

TEST_F(ConvergenceTest, BringsAHostBackThatReturnsWhileTheDeploymentStillRuns) {
  world.disconnect(world.agent("web-2"));
  const ReleaseId release = world.upload("api", "v1");
  const auto started = expect_value(
      world.start(world.request(api_manifest("web-1, web-2", "{unreachable: {defer: 1}}"), {{"api", release}}), 0));
  ASSERT_NE(world.row(started.row.id).state, DeploymentState::done);
  world.connect(world.agent("web-2"));
  world.run(120'000);
  EXPECT_EQ(serving("web-2"), release);
}

TEST_F(ConvergenceTest, TriesAHostAgainThatFailedAndNotForEver) {
  world.disconnect(world.agent("web-2"));
  deploy("v1");
  world.agent("web-2").fail_prepare = true;
  world.connect(world.agent("web-2"));
  world.run(20 * limits::converge_retry_ms);
  EXPECT_EQ(deployments(), 1u + limits::state_entries_max);
  EXPECT_EQ(newest().state, DeploymentState::rolled_back);
  world.agent("web-2").fail_prepare = false;
  world.connect(world.agent("web-2"));
  world.run(60'000);
  EXPECT_EQ(serving("web-2"), world.upload("api", "v1"));
}

TEST_F(ConvergenceTest, LeavesAHostThatFailedTimeBeforeItTriesAgain) {
  world.disconnect(world.agent("web-2"));
  deploy("v1");
  world.agent("web-2").fail_prepare = true;
  world.connect(world.agent("web-2"));
  world.run(limits::converge_retry_ms / 2);
  EXPECT_EQ(deployments(), 2u);
  world.agent("web-2").fail_prepare = false;
  world.run(2 * limits::converge_retry_ms);
  EXPECT_EQ(serving("web-2"), world.upload("api", "v1"));
}

TEST_F(ConvergenceTest, BringsTheNewMachineOfAReplacedHostToWhatWasCommitted) {
  deploy("v1");
  const DeploymentView second = deploy("v2");
  replace("web-2");
  EXPECT_EQ(serving("web-2"), world.upload("api", "v2"));
  EXPECT_TRUE(world.row(second.row.id).deferred.empty());
}

TEST_F(ConvergenceTest, TakesAHostAlongInARollbackThatWasBroughtThereLater) {
  const ReleaseId first = deploy("v1").plan->slices.begin()->second.components.at(0).release;
  world.disconnect(world.agent("web-2"));
  const DeploymentView second = deploy("v2");
  world.connect(world.agent("web-2"));
  world.run(60'000);
  ASSERT_NE(serving("web-2"), first);
  const DeploymentView rollback = expect_value(world.roll_back(second.row.id));
  EXPECT_EQ(world.row(rollback.row.id).state, DeploymentState::done);
  EXPECT_EQ(serving("web-1"), first);
  EXPECT_EQ(serving("web-2"), first);
}

TEST_F(ConvergenceTest, TakesTheNewMachineOfAReplacedHostBackToWhatTheOthersGoBackTo) {
  deploy("v1");
  const DeploymentView second = deploy("v2");
  replace("web-2");
  ASSERT_EQ(serving("web-2"), world.upload("api", "v2"));
  EXPECT_EQ(roll_back(second.row.id), DeploymentState::done);
  EXPECT_EQ(serving("web-1"), world.upload("api", "v1"));
  EXPECT_EQ(serving("web-2"), world.upload("api", "v1"));
  // And forward again: the rollback can be rolled back.
  EXPECT_EQ(roll_back(newest().id), DeploymentState::done);
  EXPECT_EQ(serving("web-1"), world.upload("api", "v2"));
  EXPECT_EQ(serving("web-2"), world.upload("api", "v2"));
}

TEST_F(ConvergenceTest, TakesAHostThatMissedSeveralDeploymentsBackToWhatTheOthersGoBackTo) {
  world.disconnect(world.agent("web-2"));
  deploy("v1");
  const DeploymentView second = deploy("v2");
  world.connect(world.agent("web-2"));
  world.run(60'000);
  ASSERT_EQ(serving("web-2"), world.upload("api", "v2"));
  EXPECT_EQ(roll_back(second.row.id), DeploymentState::done);
  EXPECT_EQ(serving("web-1"), world.upload("api", "v1"));
  EXPECT_EQ(serving("web-2"), world.upload("api", "v1"));
}

TEST_F(ConvergenceTest, TakesEveryHostBackToNothingWhenTheFirstDeploymentIsRolledBack) {
  const DeploymentView first = deploy("v1");
  replace("web-2");
  EXPECT_EQ(roll_back(first.row.id), DeploymentState::done);
  EXPECT_EQ(serving("web-1"), ReleaseId());
  EXPECT_EQ(serving("web-2"), ReleaseId());
}

TEST_F(ConvergenceTest, BringsAHostThatStayedAwayToWhatTheOthersWentBackTo) {
  world.disconnect(world.agent("web-2"));
  deploy("v1");
  const DeploymentView second = deploy("v2");
  EXPECT_EQ(roll_back(second.row.id), DeploymentState::done);
  ASSERT_EQ(serving("web-1"), world.upload("api", "v1"));
  world.connect(world.agent("web-2"));
  world.run(60'000);
  EXPECT_EQ(serving("web-2"), world.upload("api", "v1"));
}

TEST_F(ConvergenceTest, RefusesARollbackThatWouldLeaveTheNewMachineWithoutTheRelease) {
  deploy("v1");
  const DeploymentView second = deploy("v2");
  replace("web-2");
  world.forget_artifact(world.upload("api", "v1"));
  const Refusal refusal = expect_refusal(world.roll_back(second.row.id));
  EXPECT_EQ(refusal.status, 422);
  EXPECT_NE(refusal.message.find("host web-2"), std::string::npos) << refusal.message;
  EXPECT_NE(refusal.message.find("version of v1"), std::string::npos) << refusal.message;
  EXPECT_EQ(serving("web-1"), world.upload("api", "v2"));
}

TEST_F(ConvergenceTest, RefusesToRollBackWhatOnlyBroughtOneHostToTheOthers) {
  deploy("v1");
  const DeploymentView second = deploy("v2");
  replace("web-2");
  const Refusal refusal = expect_refusal(world.roll_back(newest().id));
  EXPECT_EQ(refusal.code, "converged");
  EXPECT_NE(refusal.message.find(second.row.id.str()), std::string::npos) << refusal.message;
}

TEST_F(ConvergenceTest, IsNotHeldUpInARollbackByAHostThatWasDeclaredGone) {
  deploy("v1");
  const ReleaseId release = world.upload("api", "v2");
  const auto second = expect_value(world.start(world.request(api_manifest("web-1, web-2"), {{"api", release}}), 0));
  world.lose(world.agent("web-2"));
  expect_value(world.operations().declare_gone(FleetWorld::caller, second.row.id, HostId("web-2"), "test"));
  world.run(60'000);
  ASSERT_EQ(serving("web-1"), release);
  const DeploymentView rollback = expect_value(world.roll_back(second.row.id));
  EXPECT_EQ(world.row(rollback.row.id).state, DeploymentState::done);
  EXPECT_EQ(serving("web-1"), world.upload("api", "v1"));
}

TEST_F(ConvergenceTest, NeedsNobodyAndNoPausesForWhatWasACanaryWhereItWasCommitted) {
  deploy("v1");
  world.disconnect(world.agent("web-2"));
  const ReleaseId release = deploy_canary("v2");
  ASSERT_EQ(serving("web-1"), release);
  world.connect(world.agent("web-2"));
  world.run_until([&] { return newest().kind == DeploymentKind::converge; });
  const auto plan = world.store().plan(newest().id);
  ASSERT_EQ(plan->nodes.size(), 1u);
  EXPECT_FALSE(plan->nodes.front().pauses());
  EXPECT_EQ(plan->slices.at(HostId("web-2")).components.at(0).stages, 1u);
  world.run(60'000);
  EXPECT_EQ(newest().state, DeploymentState::done);
  EXPECT_EQ(serving("web-2"), release);
}

/// The way back has one stage only; at the first share of a canary it would end with both releases in use.
TEST_F(ConvergenceTest, TakesANewMachineBackToACanarysReleaseInOneStage) {
  deploy("v1");
  const ReleaseId first = deploy_canary("v2");
  const DeploymentView second = deploy("v3");
  replace("web-2");
  ASSERT_EQ(serving("web-2"), world.upload("api", "v3"));
  EXPECT_EQ(roll_back(second.row.id), DeploymentState::done);
  EXPECT_EQ(serving("web-2"), first);
  EXPECT_EQ(world.store().plan(newest().id)->slices.at(HostId("web-2")).components.at(0).stages, 1u);
}

TEST_F(ConvergenceTest, HasNothingToDoForAHostThatServesTheReleaseAlready) {
  world.disconnect(world.agent("web-2"));
  const DeploymentView started = deploy("v1");
  world.agent("web-2").serving["api"] = world.agent("web-1").serving["api"];
  world.connect(world.agent("web-2"));
  world.run(60'000);
  EXPECT_TRUE(world.row(started.row.id).deferred.empty());
}

TEST(ManifestForHost, HasNoPausesSinceNobodyIsThereToEndThem) {
  model::Manifest manifest;
  manifest.components.resize(2);
  manifest.components[0].name = "shared";
  manifest.components[0].hosts = {HostId("web-1")};
  manifest.components[0].strategy = model::Strategy::canary;
  manifest.components[0].canary = {{10, 50}, 60'000, true};
  manifest.components[1].name = "batched";
  manifest.components[1].hosts = {HostId("web-1")};
  manifest.components[1].strategy = model::Strategy::rolling;
  manifest.components[1].min_healthy_ms = 60'000;
  const model::Manifest part = manifest_for_host(manifest, HostId("web-1"));
  EXPECT_EQ(part.components[0].strategy, model::Strategy::blue_green);
  EXPECT_EQ(part.components[0].canary, model::Canary());
  EXPECT_EQ(part.components[1].strategy, model::Strategy::rolling);
  EXPECT_EQ(part.components[1].min_healthy_ms, 0u);
}

TEST(ManifestForHost, KeepsTheHostsOwnPartOnly) {
  model::Manifest manifest;
  manifest.components.resize(3);
  manifest.components[0].name = "db";
  manifest.components[0].hosts = {HostId("db-1")};
  manifest.components[1].name = "api";
  manifest.components[1].hosts = {HostId("web-1"), HostId("web-2")};
  manifest.components[1].dependencies = {"db"};
  manifest.components[2].name = "web";
  manifest.components[2].hosts = {HostId("web-2")};
  manifest.components[2].dependencies = {"api"};
  const model::Manifest part = manifest_for_host(manifest, HostId("web-2"));
  ASSERT_EQ(part.components.size(), 2u);
  EXPECT_EQ(part.components[0].hosts, std::vector{HostId("web-2")});
  EXPECT_TRUE(part.components[0].dependencies.empty());
  EXPECT_EQ(part.components[1].dependencies, std::vector<std::string>{"api"});
}

}  // namespace
}  // namespace switchyard::fleet
