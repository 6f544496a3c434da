// An old copy of the store was restored: hosts know more than it.
#include "coordinator/fleet/recovery.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <limits>

#include "common/limits.hpp"
#include "protocol/enrolment.hpp"
#include "tests/unit/coordinator_fleet/fleet_world.hpp"

namespace switchyard::fleet {
namespace {

class RecoveryTest : public ::testing::Test {
 protected:
  RecoveryTest() : web(world.add_agent("web-1")), db(world.add_agent("db-1")) {}

  void say_hello(FakeAgent& agent, std::uint64_t epoch) {
    protocol::Hello hello;
    hello.max_epoch = epoch;
    hello.audit_head = agent.audit_head;
    hello.forgotten_plan_seq = agent.forgotten_plan_seq;
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

/// Each host speaks for itself: one that says what is not so harms nobody else.
TEST_F(RecoveryTest, HoldsBackTheHostThatHasObeyedANewerEpochAndServesTheOthers) {
  say_hello(web, world.store().epoch() + 5);
  EXPECT_EQ(refusal_code(web), "recovery");
  EXPECT_EQ(refusal_code(db), "");
  EXPECT_FALSE(world.now().registry.connected(HostId("web-1")));
  EXPECT_TRUE(world.now().registry.connected(HostId("db-1")));
  EXPECT_TRUE(audited("recovery.begin"));
  const auto release = world.upload("api", "one");
  const Refusal refusal = expect_refusal(world.start(world.request(api_manifest("web-1"), {{"api", release}})));
  EXPECT_NE(refusal.message.find("held back until `switchyard recover` was run: web-1"), std::string::npos)
      << refusal.message;
  const auto other = expect_value(world.start(world.request(api_manifest("db-1"), {{"api", release}})));
  EXPECT_EQ(world.row(other.row.id).state, model::DeploymentState::done);
}

TEST_F(RecoveryTest, DoesNotBelieveAnEpochThatNobodyCanHaveReached) {
  for (const std::uint64_t epoch :
       {world.store().epoch() + limits::epoch_lead_max + 1, std::numeric_limits<std::uint64_t>::max()}) {
    say_hello(web, epoch);
    EXPECT_EQ(refusal_code(web), "forbidden");
  }
  EXPECT_EQ(recovery().view(), std::nullopt);
  EXPECT_TRUE(world.now().registry.connected(HostId("db-1")));
  world.run(3 * limits::ping_interval_ms);
  EXPECT_TRUE(audited("message.refuse"));
  EXPECT_FALSE(audited("recovery.begin"));
  web.open.clear();
  say_hello(web, 1);
  EXPECT_EQ(refusal_code(web), "") << "it may come back to its senses";
}

TEST_F(RecoveryTest, TakesNoWordOfADeploymentFromAHostThatTakesNoPartInIt) {
  const auto release = world.upload("api", "one");
  const auto started = expect_value(world.start(world.request(api_manifest("db-1"), {{"api", release}})));
  know(web, started.row.id.str(), protocol::AgentState::stuck);
  say_hello(web, 1);
  EXPECT_EQ(refusal_code(web), "forbidden");
  EXPECT_EQ(recovery().view(), std::nullopt);
}

/// What it knows may be that the deployment is committed: nothing may be decided about it, nor undone on its other
/// hosts.
TEST_F(RecoveryTest, HoldsTheUnfinishedDeploymentsOfWhoKnowsMoreWithAllTheirHosts) {
  FakeAgent& other = world.add_agent("other-1");
  const auto release = world.upload("api", "one");
  const auto started = expect_value(
      world.start(world.request(api_manifest("web-1, db-1", "{watch_seconds: 60}"), {{"api", release}}), 5'000));
  const DeploymentId& id = started.row.id;
  ASSERT_EQ(world.row(id).state, model::DeploymentState::watching);
  web.open[id].state = protocol::AgentState::committed;
  say_hello(web, world.store().epoch());
  EXPECT_EQ(refusal_code(web), "recovery");
  EXPECT_EQ(refusal_code(db), "recovery");
  EXPECT_EQ(refusal_code(other), "");
  world.run(600'000);
  EXPECT_EQ(world.store().decision(id), std::nullopt);
  EXPECT_EQ(db.count<protocol::Abort>(), 0u);
  EXPECT_EQ(expect_refusal(world.operations().cancel(FleetWorld::caller, id, "test")).code, "recovery");
  say_hello(db, 1);
  EXPECT_EQ(expect_value(recovery().recover(FleetWorld::caller, {{}, "test"})).committed, std::vector{id});
  say_hello(web, 1);
  say_hello(db, 1);
  world.run(60'000);
  EXPECT_EQ(world.row(id).state, model::DeploymentState::done);
}

/// However often the coordinator is restarted, and its epoch grows with it.
TEST_F(RecoveryTest, BeginsWhenAHostKnowsADeploymentThatTheStoreDoesNot) {
  know(web, "d-00000000000000aa", protocol::AgentState::committed);
  for (int i = 0; i < 5; ++i) world.restart();
  say_hello(web, 1);
  EXPECT_EQ(refusal_code(web), "recovery");
}

/// Nothing else that the newer store knew had reached this host.
TEST_F(RecoveryTest, BeginsWhenAHostWasToldOfAnAuditRowThatTheStoreDoesNotHave) {
  say_hello(web, 1);
  EXPECT_EQ(refusal_code(web), "");
  web.audit_head = sha256_hex("a row that was lost");
  say_hello(web, 1);
  EXPECT_EQ(refusal_code(web), "recovery");
  say_hello(db, 1);
  expect_value(recovery().recover(FleetWorld::caller, {{}, "test"}));
  say_hello(web, 1);  // its old head once more: a person knows of it
  EXPECT_EQ(refusal_code(web), "");
}

TEST_F(RecoveryTest, DoesNotBeginForAHeadThatOlderCoordinatorsOfThisStoreSaid) {
  world.run(60'000);
  ASSERT_EQ(web.audit_head, world.store().audit_head());
  for (int i = 0; i < 3; ++i) world.restart();
  ASSERT_NE(web.audit_head, world.store().audit_head());
  say_hello(web, 1);
  EXPECT_EQ(refusal_code(web), "");
}

/// A deployment that was under way when the copy was made, and is committed since: what the copy says of it is not to
/// be acted upon before the hosts were heard.
TEST_F(RecoveryTest, DecidesNothingOnARestoredCopyBeforeItHasHeardTheHosts) {
  const auto release = world.upload("api", "one");
  const auto started = expect_value(world.start(
      world.request(api_manifest("web-1", "{on_restart: abort, watch_seconds: 60}"), {{"api", release}}), 5'000));
  const DeploymentId& id = started.row.id;
  ASSERT_EQ(world.row(id).state, model::DeploymentState::watching);
  world.store().commit({store::SetRestored{true}});
  world.restart();
  EXPECT_EQ(world.store().decision(id), std::nullopt);
  web.open[id].state = protocol::AgentState::committed;
  say_hello(web, 1);
  say_hello(db, 1);
  EXPECT_EQ(refusal_code(web), "recovery");
  EXPECT_EQ(expect_value(recovery().recover(FleetWorld::caller, {{}, "test"})).committed, std::vector{id});
  say_hello(web, 1);
  world.run(60'000);
  EXPECT_EQ(world.row(id).state, model::DeploymentState::done);
  world.restart();
  EXPECT_FALSE(world.store().restored());
}

/// It was committed since the copy was made, and web-1 has ended it and 64 others since: neither may the copy's
/// deployment go on, nor db-1 go back, by a guess.
TEST_F(RecoveryTest, LeavesItToAPersonWhatBecameOfADeploymentThatAHostHasForgotten) {
  const auto started = expect_value(world.start(
      world.request(api_manifest("web-1, db-1", "{watch_seconds: 60}"), {{"api", world.upload("api", "one")}}), 5'000));
  const DeploymentId& id = started.row.id;
  ASSERT_EQ(world.row(id).state, model::DeploymentState::watching);
  world.store().commit({store::SetRestored{true}});
  world.restart();
  web.open.erase(id);
  web.forgotten_plan_seq = 1'000;
  say_hello(web, 1);
  say_hello(db, 1);
  EXPECT_TRUE(expect_value(recovery().recover(FleetWorld::caller, {{}, "test"})).committed.empty());
  say_hello(db, 1);
  say_hello(web, 1);
  world.run(600'000);
  EXPECT_EQ(world.row(id).state, model::DeploymentState::paused);
  EXPECT_NE(world.row(id).reason.find("web-1: has ended later deployments since"), std::string::npos);
  EXPECT_EQ(world.store().decision(id), std::nullopt);
  EXPECT_EQ(db.open[id].state, protocol::AgentState::held);
  // The person has seen that web-1 serves what it served before, and has the others go back.
  expect_value(world.operations().cancel(FleetWorld::caller, id, "looked at web-1"));
  world.run(60'000);
  EXPECT_EQ(db.open[id].state, protocol::AgentState::reverted);
  EXPECT_EQ(world.row(id).state, model::DeploymentState::stuck) << "of web-1 nobody has read that it went back";
}

TEST_F(RecoveryTest, WaitsForEveryHostUnlessItIsSaidToBeGone) {
  world.lose(db);
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

/// As a commit without a loss between would have done it.
TEST_F(RecoveryTest, WritesDownWhatServesAndWhoIsBehindWhenADecisionWasLost) {
  const std::string hosts = "web-1, db-1";
  const auto old = world.upload("api", "one");
  expect_value(world.start(world.request(api_manifest(hosts), {{"api", old}})));
  const auto release = world.upload("api", "two");
  const auto started =
      expect_value(world.start(world.request(api_manifest(hosts, "{watch_seconds: 60}"), {{"api", release}}), 5'000));
  const DeploymentId& id = started.row.id;
  ASSERT_EQ(world.row(id).state, model::DeploymentState::watching);
  world.store().commit({store::SetRestored{true}});
  world.restart();
  web.open[id].state = protocol::AgentState::committed;
  say_hello(web, 1);
  say_hello(db, 1);
  expect_value(recovery().recover(FleetWorld::caller, {{}, "test"}));
  say_hello(web, 1);
  say_hello(db, 1);
  world.run(60'000);
  ASSERT_EQ(world.row(id).state, model::DeploymentState::done);
  for (const model::ServingRow& row : world.store().serving()) {
    EXPECT_EQ(row.serving.release, release) << row.host.str();
    EXPECT_EQ(row.deployment, id);
  }
  world.disconnect(web);
  expect_value(world.operations().replace_host(FleetWorld::caller, HostId("web-1")));
  EXPECT_EQ(world.row(id).deferred, std::vector{HostId("web-1")}) << "the new machine must get what was committed";
}

TEST_F(RecoveryTest, BelievesWhatHostsSayThatTheyServeOfADeploymentThatTheStoreHasLost) {
  const auto old = world.upload("api", "one");
  expect_value(world.start(world.request(api_manifest("web-1, db-1"), {{"api", old}})));
  const auto release = world.upload("api", "two");
  know(web, "d-00000000000000aa", protocol::AgentState::committed);
  web.open[DeploymentId("d-00000000000000aa")].components = {{"api", true, 1, release.str(), "green"}};
  say_hello(web, 40);
  expect_value(recovery().recover(FleetWorld::caller, {{HostId("db-1")}, "test"}));
  for (const model::ServingRow& row : world.store().serving()) {
    EXPECT_EQ(row.serving.release, row.host.str() == "web-1" ? release : old) << row.host.str();
  }
}

TEST_F(RecoveryTest, RefusesToRollBackWhatItKnowsOnlyFromJournals) {
  know(web, "d-00000000000000aa", protocol::AgentState::committed);
  say_hello(web, 40);
  expect_value(recovery().recover(FleetWorld::caller, {{HostId("db-1")}, "test"}));
  const Refusal refusal = expect_refusal(world.roll_back(DeploymentId("d-00000000000000aa")));
  EXPECT_EQ(refusal.code, "no_plan");
}

/// What was used or revoked since the copy was made, nobody here knows.
TEST_F(RecoveryTest, BurnsTheUnusedTokensOfTheCopyAndSaysWhoseKeysAreInForce) {
  const TokenMade token = expect_value(world.operations().create_token(FleetWorld::caller, ""));
  const TokenMade late = expect_value(world.operations().replace_host(FleetWorld::caller, HostId("db-1")));
  say_hello(web, 40);
  const RecoveryDone done = expect_value(recovery().recover(FleetWorld::caller, {{}, "test"}));
  EXPECT_EQ(done.tokens_burnt, 2u);
  EXPECT_EQ(done.admitted, std::vector{HostId("web-1")});
  EXPECT_TRUE(audited("token.burn"));
  for (const TokenMade& burnt : {token, late}) {
    const protocol::Enrol wish{"db-1", std::string(40, 'k'), "0.1.0"};
    EXPECT_TRUE(std::holds_alternative<protocol::Refuse>(world.now().hosts.enrol(burnt.id, wish)));
  }
  world.restart();
  for (const auto& [key, peer] : world.allowed()) {
    EXPECT_NE(peer, protocol::enrolment_peer(token.id));
    EXPECT_NE(peer, protocol::enrolment_peer(late.id));
  }
}

TEST_F(RecoveryTest, HasNothingToDoWhenNothingWasLost) {
  EXPECT_EQ(recovery().view(), std::nullopt);
  EXPECT_EQ(expect_refusal(recovery().recover(FleetWorld::caller, {{}, "test"})).code, "no_recovery");
}

TEST_F(RecoveryTest, SaysAtTheStartThatTheAuditWasChanged) {
  const auto broken_rows = [this] {
    const auto rows = world.store().audit(0, 1'000);
    return std::count_if(rows.begin(), rows.end(),
                         [](const store::StoredAudit& row) { return row.entry.operation == "audit.broken"; });
  };
  world.restart();
  EXPECT_EQ(broken_rows(), 0);
  world.store().disk()->audit.at(1).entry.principal = "somebody else";
  world.restart();
  ASSERT_EQ(broken_rows(), 1);
  const store::StoredAudit last = world.store().audit(0, 1'000).back();
  EXPECT_EQ(last.entry.object, "2");
  EXPECT_FALSE(last.entry.success);
}

}  // namespace
}  // namespace switchyard::fleet
