// Who owes which host what: deployments, rollbacks and replaced machines that cross each other.
#include "coordinator/fleet/deferrals.hpp"

#include <gtest/gtest.h>

#include "common/crypto.hpp"
#include "common/limits.hpp"
#include "protocol/enrolment.hpp"
#include "tests/unit/coordinator_fleet/fleet_world.hpp"

namespace switchyard::fleet {
namespace {

using model::DeploymentKind;
using model::DeploymentState;

class DeferralsTest : public ::testing::Test {
 protected:
  DeferralsTest() : away(world.add_agent("web-2")) { world.add_agent("web-1"); }

  struct Wanted {
    std::string name = "shop";
    std::string environment = "production";
    std::vector<std::string> components;
    std::string settings = "unreachable: {defer: 1}";
  };
  static std::string manifest(const Wanted& wanted) {
    std::string text = "metadata: {name: " + wanted.name + ", environment: " + wanted.environment +
                       ", version: \"1.0\"}\ndeployment_settings: {" + wanted.settings + "}\ncomponents:\n";
    for (const std::string& name : wanted.components) {
      const int port = name == "ja" ? 5'000 : 6'000;
      text += "  - name: " + name + "\n    hosts: [web-1, web-2]\n    artifact: {directory: api}\n" +
              "    service: {command: [bin/api]}\n    ports: {stable: " + std::to_string(port) +
              ", blue: " + std::to_string(port + 1) + ", green: " + std::to_string(port + 2) +
              "}\n    traffic: {kind: nftables}\n";
    }
    return text;
  }
  DeploymentId deploy(const std::string& version, const Wanted& wanted) {
    std::map<std::string, ReleaseId> artifacts;
    for (const std::string& name : wanted.components) artifacts[name] = release(name, version);
    return expect_value(world.start(world.request(manifest(wanted), std::move(artifacts)))).row.id;
  }
  ReleaseId release(const std::string& component, const std::string& version) {
    return world.upload(component, component + " " + version);
  }
  Answer<DeploymentView> roll_back(const DeploymentId& id, std::vector<std::string> components, std::int64_t ms) {
    std::optional<Answer<DeploymentView>> answer;
    RollbackRequest wanted;
    wanted.deployment = id;
    wanted.components = std::move(components);
    wanted.reason = "test";
    world.operations().start_rollback(FleetWorld::caller, wanted, [&](auto given) { answer = std::move(given); });
    world.run_until([&] { return answer.has_value(); });
    world.run(ms);
    return *answer;
  }
  void come_back(std::int64_t ms = 120'000) {
    world.connect(away);
    world.run(ms);
  }
  /// The one that brings the host that was away to `target`, as soon as it has begun.
  DeploymentId next_convergence(const DeploymentId& target) {
    const std::size_t before = converged_to(target);
    world.run_until([&] { return converged_to(target) > before; });
    return world.store().deployments(1).at(0).id;
  }
  void replace(std::int64_t ms = 120'000) {
    const TokenMade token = expect_value(world.operations().replace_host(FleetWorld::caller, away.host));
    lost = token.lost;
    world.disconnect(away);
    away.serving.clear();
    away.open.clear();
    world.deliver(protocol::enrolment_peer(token.id), protocol::Channel::control, std::string(16, 'e'),
                  protocol::Enrol{away.host.str(), sha256_hex("a new key").substr(0, 40), "0.1.0"});
    come_back(ms);
  }
  ReleaseId serving(const std::string& host, const std::string& component) {
    return world.agent(host).serving[component].release;
  }
  std::size_t owed() {
    std::size_t hosts = 0;
    for (const model::DeploymentRow& row : world.store().deployments(100)) hosts += row.deferred.size();
    return hosts;
  }
  std::size_t converged_to(const DeploymentId& id) {
    std::size_t count = 0;
    for (const model::DeploymentRow& row : world.store().deployments(100)) {
      count += row.kind == DeploymentKind::converge && row.rollback_of == id ? 1 : 0;
    }
    return count;
  }

  FleetWorld world;
  FakeAgent& away;
  std::vector<std::string> lost;
};

/// The plan to bring a host there was being made when the rollback began.
TEST_F(DeferralsTest, BringsNoHostToWhatIsRolledBackWhileItIsAsked) {
  deploy("v1", {.components = {"ja"}});
  world.disconnect(away);
  const DeploymentId second = deploy("v2", {.components = {"ja"}});
  world.connect(away);
  expect_value(roll_back(second, {}, 120'000));
  EXPECT_EQ(converged_to(second), 0u);
  EXPECT_EQ(serving("web-1", "ja"), release("ja", "v1"));
  EXPECT_EQ(serving("web-2", "ja"), release("ja", "v1"));
  EXPECT_EQ(owed(), 0u);
}

/// It was on its way there already: nobody asked for that, and the rollback need not wait for it.
TEST_F(DeferralsTest, ARollbackTakesAHostBackThatIsOnItsWayToWhatIsRolledBack) {
  deploy("v1", {.components = {"ja"}});
  world.disconnect(away);
  const DeploymentId second = deploy("v2", {.components = {"ja"}});
  world.connect(away);
  const DeploymentId converge = next_convergence(second);
  const DeploymentId back = expect_value(roll_back(second, {}, 0)).row.id;
  EXPECT_EQ(world.store().decision(converge), model::Decision::abort) << "before the rollback has begun";
  EXPECT_NE(world.row(converge).reason.find(second.str()), std::string::npos) << world.row(converge).reason;
  world.run(240'000);
  EXPECT_EQ(world.row(back).state, DeploymentState::done);
  EXPECT_EQ(world.row(converge).state, DeploymentState::rolled_back);
  EXPECT_EQ(converged_to(second), 1u) << "it is not tried again";
  EXPECT_EQ(serving("web-1", "ja"), release("ja", "v1"));
  EXPECT_EQ(serving("web-2", "ja"), release("ja", "v1"));
  EXPECT_EQ(owed(), 0u);
}

TEST_F(DeferralsTest, ARollbackLeavesAConvergenceAloneThatIsAboutNoneOfItsComponents) {
  deploy("v1", {.components = {"ja", "jb"}});
  world.disconnect(away);
  const DeploymentId second = deploy("v2", {.components = {"jb"}});
  deploy("v3", {.components = {"ja"}});
  const DeploymentId third = world.store().deployments(1).at(0).id;
  world.connect(away);
  next_convergence(third);
  const DeploymentId converge = world.store().deployments(1).at(0).id;
  expect_value(roll_back(second, {}, 240'000));
  EXPECT_EQ(world.row(converge).state, DeploymentState::done);
  EXPECT_EQ(serving("web-2", "ja"), release("ja", "v3"));
  EXPECT_EQ(serving("web-2", "jb"), release("jb", "v1"));
}

/// It is newer than what is undone, and its host does not go back.
TEST_F(DeferralsTest, ARollbackLeavesAConvergenceAloneThatLeadsToALaterDeployment) {
  deploy("v1", {.components = {"ja"}});
  world.disconnect(away);
  const DeploymentId second = deploy("v2", {.components = {"ja"}});
  const ReleaseId newest = release("ja", "v3");
  std::string only_there = manifest({.name = "there", .components = {"ja"}});
  only_there.replace(only_there.find("web-1, "), 7, "");
  world.connect(world.agent("web-1"));
  const auto third = world.start(world.request(only_there, {{"ja", newest}}));
  const DeploymentId later = expect_value(third).row.id;
  world.connect(away);
  const DeploymentId converge = next_convergence(later);
  expect_value(roll_back(second, {}, 240'000));
  EXPECT_EQ(world.row(converge).state, DeploymentState::done);
  EXPECT_EQ(serving("web-1", "ja"), release("ja", "v1"));
  EXPECT_EQ(serving("web-2", "ja"), newest);
}

/// It cannot be taken back any more, and is over in a moment: then its host goes along.
TEST_F(DeferralsTest, ARollbackIsRefusedWhileAHostIsAboutToBeWhereTheOthersAre) {
  deploy("v1", {.components = {"ja"}});
  world.disconnect(away);
  const DeploymentId second = deploy("v2", {.components = {"ja"}});
  world.connect(away);
  const DeploymentId converge = next_convergence(second);
  world.run_until([&] { return world.row(converge).state == DeploymentState::watching; });
  away.deaf = true;
  world.run_until([&] { return world.store().decision(converge).has_value(); });
  const Refusal refusal = expect_refusal(roll_back(second, {}, 0));
  EXPECT_EQ(refusal.status, 409);
  EXPECT_EQ(refusal.code, "converging");
  EXPECT_NE(refusal.message.find(converge.str()), std::string::npos) << refusal.message;
  EXPECT_NE(refusal.message.find("try again in a moment"), std::string::npos) << refusal.message;
  away.deaf = false;
  world.run(60'000);
  ASSERT_EQ(world.row(converge).state, DeploymentState::done);
  const DeploymentId back = expect_value(roll_back(second, {}, 60'000)).row.id;
  EXPECT_TRUE(world.store().plan(back)->slices.contains(away.host));
  EXPECT_EQ(serving("web-2", "ja"), release("ja", "v1"));
}

/// It serves nothing that it could go back from.
TEST_F(DeferralsTest, ARollbackWaitsForANewMachineThatIsBroughtToWhereTheOthersAre) {
  deploy("v1", {.components = {"ja"}});
  const DeploymentId second = deploy("v2", {.components = {"ja"}});
  replace(0);
  const DeploymentId converge = next_convergence(second);
  const Refusal refusal = expect_refusal(roll_back(second, {}, 0));
  EXPECT_EQ(refusal.status, 409);
  EXPECT_EQ(refusal.code, "converging");
  EXPECT_NE(refusal.message.find(converge.str()), std::string::npos) << refusal.message;
  EXPECT_NE(refusal.message.find("try again in a moment"), std::string::npos) << refusal.message;
  world.run(30'000);
  ASSERT_EQ(world.row(converge).state, DeploymentState::done);
  expect_value(roll_back(second, {}, 240'000));
  EXPECT_EQ(serving("web-1", "ja"), release("ja", "v1"));
  EXPECT_EQ(serving("web-2", "ja"), release("ja", "v1"));
  EXPECT_EQ(owed(), 0u);
}

/// A convergence that is decided may commit while the rollback runs, when its host was away as that began.
TEST_F(DeferralsTest, ARollbackTakesAHostBackThatIsBroughtThereByAConvergenceThatItCannotTakeBack) {
  deploy("v1", {.components = {"ja"}});
  world.disconnect(away);
  const DeploymentId second = deploy("v2", {.components = {"ja"}});
  world.connect(away);
  const DeploymentId converge = next_convergence(second);
  world.run_until([&] { return world.row(converge).state == DeploymentState::watching; });
  away.deaf = true;
  world.run_until([&] { return world.store().decision(converge).has_value(); });
  away.deaf = false;
  world.lose(away);
  ASSERT_EQ(world.row(converge).state, DeploymentState::committing);
  expect_value(roll_back(second, {}, 60'000));
  EXPECT_EQ(serving("web-1", "ja"), release("ja", "v1"));
  come_back();
  EXPECT_EQ(world.row(converge).state, DeploymentState::done);
  EXPECT_EQ(serving("web-2", "ja"), release("ja", "v1"));
  EXPECT_EQ(owed(), 0u);
}

TEST_F(DeferralsTest, AreOvertakenByAnyLaterDeploymentOfTheComponentWhateverItsName) {
  world.disconnect(away);
  const DeploymentId older = deploy("v1", {.name = "other", .components = {"ja"}});
  deploy("v2", {.name = "sample", .components = {"ja"}});
  come_back();
  EXPECT_EQ(serving("web-2", "ja"), release("ja", "v2"));
  EXPECT_EQ(converged_to(older), 0u);
  EXPECT_EQ(owed(), 0u);
}

/// The store of an older coordinator may know a component in two environments: what was deployed last served.
TEST_F(DeferralsTest, OfAReplacedHostAreOfTheEnvironmentThatDeployedLast) {
  const DeploymentId first = deploy("v1", {.components = {"ja"}});
  const DeploymentId second = deploy("v2", {.components = {"ja"}});
  for (model::ServingRow row : world.store().serving()) {
    row.environment = "aside";
    row.deployment = first;
    row.serving.release = release("ja", "v1");
    world.store().commit({store::PutServing{row}});
  }
  replace();
  EXPECT_EQ(serving("web-2", "ja"), release("ja", "v2"));
  EXPECT_EQ(converged_to(second), 1u);
}

TEST_F(DeferralsTest, OfOtherComponentsOutliveALaterDeploymentOfTheSameName) {
  world.disconnect(away);
  const DeploymentId first = deploy("v1", {.components = {"ja", "jb"}});
  deploy("v2", {.components = {"ja"}});
  EXPECT_EQ(world.row(first).deferred_components.at(away.host), std::vector<std::string>{"jb"});
  come_back();
  EXPECT_EQ(serving("web-2", "ja"), release("ja", "v2"));
  EXPECT_EQ(serving("web-2", "jb"), release("jb", "v1"));
  EXPECT_EQ(owed(), 0u);
}

TEST_F(DeferralsTest, OfWhatAPartialRollbackLeavesAreStillOwed) {
  deploy("v1", {.components = {"ja", "jb"}});
  world.disconnect(away);
  const DeploymentId second = deploy("v2", {.components = {"ja", "jb"}});
  expect_value(roll_back(second, {"ja"}, 60'000));
  come_back();
  for (const std::string host : {"web-1", "web-2"}) {
    EXPECT_EQ(serving(host, "ja"), release("ja", "v1")) << host;
    EXPECT_EQ(serving(host, "jb"), release("jb", "v2")) << host;
  }
  EXPECT_EQ(owed(), 0u);
}

TEST_F(DeferralsTest, FollowARollbackOfARollbackForwardAgain) {
  deploy("v1", {.components = {"ja"}});
  world.disconnect(away);
  const DeploymentId second = deploy("v2", {.components = {"ja"}});
  const DeploymentId back = expect_value(roll_back(second, {}, 60'000)).row.id;
  expect_value(roll_back(back, {}, 60'000));
  ASSERT_EQ(serving("web-1", "ja"), release("ja", "v2"));
  come_back();
  EXPECT_EQ(serving("web-2", "ja"), release("ja", "v2"));
}

TEST_F(DeferralsTest, OfAReplacedHostAreOfEveryComponentThatServedThere) {
  deploy("v1", {.components = {"ja"}});
  deploy("v1", {.components = {"jb"}});
  replace();
  EXPECT_EQ(serving("web-2", "ja"), release("ja", "v1"));
  EXPECT_EQ(serving("web-2", "jb"), release("jb", "v1"));
  EXPECT_EQ(owed(), 0u);
  EXPECT_TRUE(lost.empty());
}

TEST_F(DeferralsTest, OfAReplacedHostSayWhatNobodyCanBringBack) {
  deploy("v1", {.components = {"ja", "jb"}});
  model::ServingRow unknown = world.store().serving().at(0);
  unknown.host = away.host;
  unknown.component = "jb";
  unknown.serving.release = ReleaseId(std::string(64, 'f'));
  world.store().commit({store::PutServing{unknown}});
  replace();
  EXPECT_EQ(lost, std::vector<std::string>{"jb"});
  EXPECT_EQ(serving("web-2", "ja"), release("ja", "v1"));
}

TEST_F(DeferralsTest, OfARollbackGoAlongWithWhatTheHostWasBroughtToInParts) {
  deploy("v1", {.components = {"ja", "jb"}});
  const DeploymentId second = deploy("v2", {.components = {"ja", "jb"}});
  replace();
  ASSERT_EQ(serving("web-2", "jb"), release("jb", "v2"));
  expect_value(roll_back(second, {"ja"}, 60'000));
  EXPECT_EQ(serving("web-2", "ja"), release("ja", "v1"));
  replace();
  EXPECT_EQ(serving("web-2", "ja"), release("ja", "v1"));
  EXPECT_EQ(serving("web-2", "jb"), release("jb", "v2"));
}

}  // namespace
}  // namespace switchyard::fleet
