// An old copy of the store was restored: hosts know more than it.
#include "coordinator/fleet/recovery.hpp"

#include <gtest/gtest.h>

#include <algorithm>

#include "tests/unit/coordinator_fleet/fleet_world.hpp"

namespace switchyard::fleet {
namespace {

class RecoveryTest : public ::testing::Test {
 protected:
  RecoveryTest() : web(world.add_agent("web-1")), db(world.add_agent("db-1")) {}

  void say_hello(FakeAgent& agent, std::uint64_t epoch) {
    protocol::Hello hello;
    hello.max_epoch = epoch;
    for (const auto& [id, report] : agent.open) hello.open.push_back(report);
    agent.session = sha256(agent.host.str() + std::to_string(++agent.connection)).substr(0, 16);
    world.say(agent, hello);
    world.run(2 * latency_ms);
  }
  std::string refusal_code(const FakeAgent& agent) const {
    for (auto message = agent.heard.rbegin(); message != agent.heard.rend(); ++message) {
      if (const auto* refuse = std::get_if<protocol::Refuse>(&*message)) return refuse->code;
      if (std::holds_alternative<protocol::Welcome>(*message)) return "";
    }
    return "";
  }
  void know(FakeAgent& agent, const std::string& id, protocol::AgentState state) {
    protocol::DeploymentReport report;
    report.deployment = DeploymentId(id);
    report.state = state;
    agent.open[report.deployment] = report;
  }
  bool audited(const std::string& operation) {
    const auto rows = world.store().audit(0, 1'000);
    return std::any_of(rows.begin(), rows.end(), [&](const auto& row) { return row.entry.operation == operation; });
  }
  Recovery& recovery() { return world.now().recovery; }

  FleetWorld world;
  FakeAgent& web;
  FakeAgent& db;
};

TEST_F(RecoveryTest, GivesNoCommandToAnybodyOnceAHostHasObeyedANewerEpoch) {
  say_hello(web, world.store().epoch() + 5);
  EXPECT_EQ(refusal_code(web), "recovery");
  EXPECT_EQ(refusal_code(db), "recovery");
  EXPECT_FALSE(world.now().registry.connected(HostId("db-1")));
  EXPECT_TRUE(audited("recovery.begin"));
  const auto release = world.upload("api", "one");
  const Refusal refusal = expect_refusal(world.start(world.request(api_manifest("web-1"), {{"api", release}})));
  EXPECT_EQ(refusal.code, "recovery");
  EXPECT_EQ(refusal.status, 503);
}

/// However often the coordinator is restarted, and its epoch grows with it.
TEST_F(RecoveryTest, BeginsWhenAHostKnowsADeploymentThatTheStoreDoesNot) {
  know(web, "d-00000000000000aa", protocol::AgentState::committed);
  for (int i = 0; i < 5; ++i) world.restart();
  say_hello(web, 1);
  EXPECT_EQ(refusal_code(web), "recovery");
}

TEST_F(RecoveryTest, WaitsForEveryHostUnlessItIsSaidToBeGone) {
  say_hello(web, 40);
  const Refusal refusal = expect_refusal(recovery().recover(FleetWorld::caller, {{}, "test"}));
  EXPECT_EQ(refusal.code, "hosts_missing");
  EXPECT_NE(refusal.message.find("db-1"), std::string::npos);
  const RecoveryDone done = expect_value(recovery().recover(FleetWorld::caller, {{HostId("db-1")}, "test"}));
  EXPECT_EQ(done.epoch, 41u);
  EXPECT_TRUE(audited("recovery.end"));
  say_hello(web, 40);
  EXPECT_EQ(refusal_code(web), "");
}

/// Else one host would be told to commit, and the other to go back.
TEST_F(RecoveryTest, TakesADeploymentForCommittedWhenOneHostHasCommittedIt) {
  const DeploymentId lost("d-00000000000000aa"), vain("d-00000000000000bb");
  know(web, lost.str(), protocol::AgentState::committed);
  know(db, lost.str(), protocol::AgentState::held);
  know(db, vain.str(), protocol::AgentState::held);
  say_hello(web, 40);
  say_hello(db, 40);
  const RecoveryDone done = expect_value(recovery().recover(FleetWorld::caller, {{}, "test"}));
  EXPECT_EQ(done.committed, std::vector{lost});
  EXPECT_EQ(done.aborted, std::vector{vain});
  EXPECT_EQ(world.store().decision(lost), model::Decision::commit);
  db.heard.clear();
  say_hello(db, 41);
  EXPECT_EQ(db.count<protocol::Commit>(), 1u);
  EXPECT_EQ(db.count<protocol::Abort>(), 1u);
}

TEST_F(RecoveryTest, RefusesToRollBackWhatItKnowsOnlyFromJournals) {
  know(web, "d-00000000000000aa", protocol::AgentState::committed);
  say_hello(web, 40);
  expect_value(recovery().recover(FleetWorld::caller, {{HostId("db-1")}, "test"}));
  const Refusal refusal = expect_refusal(world.roll_back(DeploymentId("d-00000000000000aa")));
  EXPECT_EQ(refusal.code, "no_plan");
}

TEST_F(RecoveryTest, HasNothingToDoWhenNothingWasLost) {
  EXPECT_EQ(recovery().view(), std::nullopt);
  EXPECT_EQ(expect_refusal(recovery().recover(FleetWorld::caller, {{}, "test"})).code, "no_recovery");
}

}  // namespace
}  // namespace switchyard::fleet
