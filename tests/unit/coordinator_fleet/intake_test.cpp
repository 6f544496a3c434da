#include "coordinator/fleet/intake.hpp"

#include <gtest/gtest.h>

#include <algorithm>

#include "common/crypto.hpp"
#include "common/limits.hpp"
#include "protocol/enrolment.hpp"
#include "tests/unit/coordinator_fleet/fleet_world.hpp"

namespace switchyard::fleet {
namespace {

using protocol::Channel;

class IntakeTest : public ::testing::Test {
 protected:
  bool connected(const std::string& host) { return world.now().registry.connected(HostId(host)); }
  /// The audit's rows about what this peer said and may not say.
  std::vector<model::AuditEntry> accusations(const std::string& peer) {
    std::vector<model::AuditEntry> rows;
    for (const store::StoredAudit& row : world.store().audit(0, 1'000)) {
      if (row.entry.operation == "message.refuse" && row.entry.object == peer) rows.push_back(row.entry);
    }
    return rows;
  }

  FleetWorld world;
};

TEST_F(IntakeTest, WelcomesAnEnrolledAgentByTheNameOfItsKey) {
  FakeAgent& agent = world.add_agent("web-1");
  ASSERT_FALSE(agent.heard.empty());
  const auto& welcome = std::get<protocol::Welcome>(agent.heard.front());
  EXPECT_EQ(welcome.host.str(), "web-1");
  EXPECT_TRUE(connected("web-1"));
  EXPECT_EQ(world.now().hosts.find(HostId("web-1"))->agent_version, "0.1.0");
}

TEST_F(IntakeTest, RefusesAnAgentWhoseProtocolItDoesNotSpeak) {
  FakeAgent& agent = world.add_agent("web-1");
  agent.heard.clear();
  protocol::Hello hello;
  hello.protocol_min = 200;
  hello.protocol_max = 201;
  agent.session = std::string(16, 'n');
  ++agent.connection;
  world.say(agent, hello);
  world.run(latency_ms);
  ASSERT_EQ(agent.count<protocol::Refuse>(), 1u);
  EXPECT_EQ(std::get<protocol::Refuse>(agent.heard.front()).code, "version");
  EXPECT_FALSE(connected("web-1"));
}

TEST_F(IntakeTest, RefusesAnAgentThatHasObeyedANewerEpoch) {
  FakeAgent& agent = world.add_agent("web-1");
  agent.heard.clear();
  protocol::Hello hello;
  hello.max_epoch = world.store().epoch() + 1;
  agent.session = std::string(16, 'n');
  ++agent.connection;
  world.say(agent, hello);
  world.run(latency_ms);
  ASSERT_EQ(agent.count<protocol::Refuse>(), 1u);
  EXPECT_EQ(std::get<protocol::Refuse>(agent.heard.front()).code, "recovery");
}

TEST_F(IntakeTest, AnswersTheSameHelloAgainWithoutANewSession) {
  FakeAgent& agent = world.add_agent("web-1");
  const auto before = world.now().registry.session_number(agent.host);
  world.say(agent, protocol::Hello{});
  world.run(latency_ms);
  EXPECT_EQ(agent.count<protocol::Welcome>(), 2u);
  EXPECT_EQ(world.now().registry.session_number(agent.host), before);
}

TEST_F(IntakeTest, NumbersEveryNewConnectionHigher) {
  FakeAgent& agent = world.add_agent("web-1");
  const auto before = world.now().registry.session_number(agent.host).value();
  world.connect(agent);
  world.run(latency_ms);
  EXPECT_EQ(world.now().registry.session_number(agent.host), before + 1);
}

TEST_F(IntakeTest, IgnoresAHelloThatComesLateFromAnOlderConnection) {
  FakeAgent& agent = world.add_agent("web-1");
  world.connect(agent);
  world.run(latency_ms);
  const auto before = world.now().registry.session_number(agent.host);
  world.deliver(agent.host, Channel::control, std::string(16, 'o'), protocol::Hello{}, agent.connection - 1);
  EXPECT_EQ(world.now().registry.session_number(agent.host), before);
}

TEST_F(IntakeTest, GivesUpAnAgentAfterFifteenSecondsOfSilence) {
  world.add_agent("web-1").deaf = true;
  world.run(limits::session_silence_ms_max - limits::ping_interval_ms);
  EXPECT_TRUE(connected("web-1"));
  world.run(2 * limits::ping_interval_ms);
  EXPECT_FALSE(connected("web-1"));
}

TEST_F(IntakeTest, KeepsAnAgentThatAnswersItsPings) {
  world.add_agent("web-1");
  world.run(10 * limits::session_silence_ms_max);
  EXPECT_TRUE(connected("web-1"));
}

TEST_F(IntakeTest, AnswersPingWithTheAuditHead) {
  FakeAgent& agent = world.add_agent("web-1");
  world.say(agent, protocol::Ping{77, {}});
  world.run(latency_ms);
  const auto& pong = std::get<protocol::Pong>(agent.heard.back());
  EXPECT_EQ(pong.sent_ms, 77);
  EXPECT_EQ(pong.audit_head, world.store().audit_head());
}

TEST_F(IntakeTest, KnowsWhichHeadOfTheAuditEachHostRemembers) {
  FakeAgent& agent = world.add_agent("web-1");
  world.add_agent("web-2").deaf = true;
  world.run(2 * limits::ping_interval_ms);
  const auto views = expect_value(world.operations().witnesses(FleetWorld::caller));
  ASSERT_EQ(views.size(), 2u);
  EXPECT_EQ(views[0].host.str(), "web-1");
  EXPECT_EQ(views[0].audit_head, world.store().audit_head());
  EXPECT_EQ(views[1].audit_head, "") << "it has said nothing";
  world.say(agent, protocol::Pong{1, "\x1b[2J"});
  world.run(latency_ms);
  EXPECT_EQ(expect_value(world.operations().witnesses(FleetWorld::caller))[0].audit_head, "");
}

/// Whoever can write into the store changes its last row, and makes its hash anew: the chain alone shows nothing.
TEST_F(IntakeTest, HostsGoOnBearingWitnessToAHeadThatWasChangedBehindTheCoordinatorsBack) {
  FakeAgent& agent = world.add_agent("web-1");
  world.run(2 * limits::ping_interval_ms);
  const std::string told = agent.audit_head;
  std::vector<store::StoredAudit>& rows = world.store().disk()->audit;
  const auto before = rows.size() < 2 ? std::string() : rows[rows.size() - 2].hash;
  rows.back().entry.reason += "!";
  rows.back().hash = model::audit_hash(before, rows.back().seq, rows.back().entry);
  ASSERT_EQ(model::find_audit_break(rows), std::nullopt);
  world.store().commit({store::AppendAudit{{.operation = "something.else"}}});
  world.run(3 * limits::ping_interval_ms);
  EXPECT_EQ(agent.audit_head, told);
  EXPECT_EQ(expect_value(world.operations().witnesses(FleetWorld::caller))[0].audit_head, told);
  EXPECT_FALSE(world.store().knows_audit_head(told));
}

TEST_F(IntakeTest, AHeadThatIsGoneIsToldNoMoreOnceAPersonHasRecovered) {
  FakeAgent& agent = world.add_agent("web-1");
  world.run(2 * limits::ping_interval_ms);
  const std::string told = agent.audit_head;
  world.store().disk()->audit.back().hash = sha256_hex("another");
  world.run(2 * limits::ping_interval_ms);
  ASSERT_EQ(agent.audit_head, told);
  world.store().take_epoch_above(world.store().epoch());
  world.run(2 * limits::ping_interval_ms);
  EXPECT_EQ(agent.audit_head, world.store().audit_head());
}

TEST_F(IntakeTest, DropsWhatComesOutsideASession) {
  FakeAgent& agent = world.add_agent("web-1");
  agent.heard.clear();
  agent.session = std::string(16, 'x');
  world.say(agent, protocol::Ping{1, {}});
  world.run(latency_ms);
  EXPECT_TRUE(agent.heard.empty());
}

TEST_F(IntakeTest, EndsTheSessionOfWhoSendsFramesThatAreNoneAndWritesItIntoTheAudit) {
  world.add_agent("other");
  int number = 0;
  std::string cut_short = protocol::encode({.session = std::string(16, 'c'), .message = protocol::Ping{1, {}}});
  cut_short.pop_back();
  for (const std::string& junk : {std::string(), std::string("junk"), std::string(1000, '\xff'), cut_short}) {
    FakeAgent& agent = world.add_agent("web-" + std::to_string(++number));
    agent.heard.clear();
    const Channel channel = number == 2 ? Channel::bulk : Channel::control;
    world.now().intake.frame_arrived(agent.host, channel, agent.connection, junk);
    EXPECT_FALSE(connected(agent.host.str()));
    world.run(3 * limits::ping_interval_ms);
    ASSERT_EQ(agent.count<protocol::Refuse>(), 1u);
    const std::vector<model::AuditEntry> rows = accusations(agent.host.str());
    ASSERT_EQ(rows.size(), 1u);
    EXPECT_TRUE(rows[0].reason.starts_with("sent a frame that cannot be read: ")) << rows[0].reason;
    EXPECT_FALSE(rows[0].success);
  }
  EXPECT_TRUE(connected("other"));
}

/// However many there are: one row, and the next one with their number after a pause.
TEST_F(IntakeTest, FramesThatAreNoneDoNotFillTheAudit) {
  FakeAgent& agent = world.add_agent("web-1");
  for (int i = 0; i < 1'000; ++i) {
    world.now().intake.frame_arrived(agent.host, Channel::control, agent.connection, "junk");
  }
  world.run(3 * limits::ping_interval_ms);
  const std::vector<model::AuditEntry> rows = accusations("web-1");
  ASSERT_EQ(rows.size(), 1u);
  EXPECT_EQ(rows[0].details.at("count"), "1000");
}

/// Messages are added without a new version: whoever does not know them passes them over (protocol/message.hpp).
TEST_F(IntakeTest, PassesOverMessagesOfANewerVersionAndAccusesNobody) {
  FakeAgent& agent = world.add_agent("web-1");
  std::string frame = protocol::encode({.session = agent.session, .message = protocol::Ping{1, {}}});
  frame[4] = '\x7f';  // the type, after the array's head, the magic and the version
  ASSERT_THROW(protocol::decode(frame), DecodeError);
  world.now().intake.frame_arrived(agent.host, Channel::control, agent.connection, frame);
  world.run(3 * limits::ping_interval_ms);
  EXPECT_TRUE(connected("web-1"));
  EXPECT_EQ(accusations("web-1").size(), 0u);
}

TEST_F(IntakeTest, EndsTheSessionOfWhoSpeaksInAnotherHostsSessionAndWritesItIntoTheAudit) {
  FakeAgent& victim = world.add_agent("victim");
  const auto session = world.now().registry.session_number(victim.host);
  const std::vector<std::pair<Channel, protocol::Message>> words = {
      {Channel::control, protocol::Ping{1, {}}},
      {Channel::control, protocol::Pong{1, std::string(64, 'a')}},
      {Channel::control, protocol::Hello{}},
      {Channel::control, protocol::Staged{DeploymentId("d-0123456789abcdef"), "api", 0}},
      {Channel::bulk, protocol::BlobGet{ReleaseId(std::string(64, 'a')), false, 0, 1}},
  };
  int number = 0;
  for (const auto& [channel, message] : words) {
    FakeAgent& thief = world.add_agent("thief-" + std::to_string(++number));
    const std::string what = thief.host.str() + ": " + std::string(protocol::message_name(protocol::type_of(message)));
    victim.heard.clear();
    thief.heard.clear();
    world.take_others();
    world.deliver(thief.host, channel, victim.session, message, thief.connection);
    EXPECT_FALSE(connected(thief.host.str())) << what;
    world.run(latency_ms);
    EXPECT_TRUE(victim.heard.empty()) << what;
    EXPECT_TRUE(world.take_others().empty()) << what;
    ASSERT_EQ(thief.count<protocol::Refuse>(), 1u) << what;
    world.run(3 * limits::ping_interval_ms);
    const std::vector<model::AuditEntry> rows = accusations(thief.host.str());
    ASSERT_EQ(rows.size(), 1u) << what;
    EXPECT_EQ(rows[0].reason, "spoke in the session of host victim");
    EXPECT_FALSE(rows[0].success);
  }
  EXPECT_EQ(world.now().registry.session_number(victim.host), session) << "undisturbed";
  EXPECT_EQ(accusations("victim").size(), 0u);
}

TEST_F(IntakeTest, WritesOfWhoSpeaksInAnotherHostsSessionAlsoWhenItHasNoneOfItsOwn) {
  FakeAgent& victim = world.add_agent("victim");
  FakeAgent& thief = world.add_agent("thief");
  world.lose(thief);
  world.deliver(thief.host, Channel::control, victim.session, protocol::Hello{}, thief.connection + 1);
  const TokenMade token = expect_value(world.operations().create_token(FleetWorld::caller, "web-2"));
  const HostId newcomer = protocol::enrolment_peer(token.id);
  world.deliver(newcomer, Channel::control, victim.session, protocol::Enrol{"web-2", std::string(40, 'a'), "0.1.0"});
  EXPECT_FALSE(connected("thief"));
  EXPECT_EQ(world.store().hosts().size(), 2u) << "it was not let in";
  world.run(3 * limits::ping_interval_ms);
  EXPECT_EQ(accusations("thief").size(), 1u);
  EXPECT_EQ(accusations(newcomer.str()).size(), 1u);
  EXPECT_TRUE(connected("victim"));
}

TEST_F(IntakeTest, AccusesNobodyOfWhatComesLateFromASessionThatIsOver) {
  FakeAgent& agent = world.add_agent("web-1");
  FakeAgent& other = world.add_agent("web-2");
  const std::string old_session = agent.session;
  const std::string of_other = other.session;
  for (FakeAgent* each : {&agent, &other}) world.connect(*each);
  world.run(latency_ms);
  const auto before = world.now().registry.session_number(agent.host);
  const DeploymentId unknown("d-0123456789abcdef");
  // Its own of before; one that nobody ever had; and one of another host, which means nothing any more.
  for (const std::string& session : {old_session, std::string(16, 'x'), of_other}) {
    world.deliver(agent.host, Channel::control, session, protocol::Ping{1, {}}, agent.connection - 1);
    world.deliver(agent.host, Channel::control, session, protocol::Staged{unknown, "api", 0}, agent.connection - 1);
    world.deliver(agent.host, Channel::bulk, session, protocol::BlobGet{ReleaseId(std::string(64, 'a')), false, 0, 1});
  }
  world.run(3 * limits::ping_interval_ms);
  EXPECT_EQ(world.now().registry.session_number(agent.host), before);
  EXPECT_EQ(accusations("web-1").size(), 0u);
}

TEST_F(IntakeTest, LetsNobodySayWhatIsNotHisToSay) {
  FakeAgent& agent = world.add_agent("web-1");
  agent.heard.clear();
  world.say(agent, protocol::Commit{DeploymentId("d-0123456789abcdef")});
  world.say(agent, protocol::Enrol{"web-2", std::string(40, 'a'), "0.1.0"});
  world.deliver(agent.host, Channel::bulk, agent.session, protocol::Ping{1, {}});
  const TokenMade token = expect_value(world.operations().create_token(FleetWorld::caller, {}));
  world.deliver(protocol::enrolment_peer(token.id), Channel::control, agent.session, protocol::Hello{});
  world.run(latency_ms);
  for (const protocol::Message& message : agent.heard) EXPECT_TRUE(std::holds_alternative<protocol::Refuse>(message));
  EXPECT_EQ(world.store().hosts().size(), 1u);
}

TEST_F(IntakeTest, EndsTheSessionOfWhoSaysWhatIsNotHisToSayAndWritesItIntoTheAudit) {
  for (const bool bulk : {false, true}) {
    FakeAgent& agent = world.add_agent(bulk ? "web-2" : "web-1");
    agent.heard.clear();
    if (bulk) {
      world.deliver(agent.host, Channel::bulk, agent.session, protocol::Ping{1, {}});
    } else {
      world.say(agent, protocol::Commit{DeploymentId("d-0123456789abcdef")});
    }
    world.run(3 * limits::ping_interval_ms);
    EXPECT_FALSE(connected(agent.host.str()));
    ASSERT_EQ(agent.count<protocol::Refuse>(), 1u);
    const auto rows = world.store().audit(0, 1'000);
    const auto row = std::find_if(rows.begin(), rows.end(), [&](const store::StoredAudit& each) {
      return each.entry.operation == "message.refuse" && each.entry.object == agent.host.str();
    });
    ASSERT_NE(row, rows.end());
    EXPECT_FALSE(row->entry.success);
    EXPECT_EQ(row->entry.reason, bulk ? "said ping on the bulk channel, which is not for it to say"
                                      : "said commit on the control channel, which is not for it to say");
  }
}

TEST_F(IntakeTest, ServesAnArtifactOnTheBulkChannelOnlyToHostsThatItIsBeingDeployedTo) {
  FakeAgent& agent = world.add_agent("web-1");
  FakeAgent& other = world.add_agent("web-2");
  const ReleaseId release = world.upload("api", "some release");
  const auto ask = [&](const HostId& host, const std::string& session, const ReleaseId& wish) {
    world.take_others();
    world.deliver(host, Channel::bulk, session, protocol::BlobGet{wish, false, 5, 7});
    world.run(latency_ms);
    return world.take_others();
  };
  const auto before = ask(agent.host, agent.session, release);
  ASSERT_EQ(before.size(), 1u);
  EXPECT_TRUE(std::get<protocol::Blob>(before[0]).missing) << "nothing of it is deployed yet";

  world.start(world.request(api_manifest("web-1"), {{"api", release}}), 0);
  world.run_until([&] { return agent.count<protocol::Plan>() > 0; });
  agent.deaf = true;
  const auto during = ask(agent.host, agent.session, release);
  ASSERT_EQ(during.size(), 1u);
  EXPECT_EQ(std::get<protocol::Blob>(during[0]).bytes, "release");

  const auto elsewhere = ask(other.host, other.session, release);
  ASSERT_EQ(elsewhere.size(), 1u);
  EXPECT_TRUE(std::get<protocol::Blob>(elsewhere[0]).missing) << "it takes no part";
  EXPECT_TRUE(std::get<protocol::Blob>(elsewhere[0]).bytes.empty());
  const ReleaseId unrelated = world.upload("api", "another release");
  const auto unknown = ask(agent.host, agent.session, unrelated);
  ASSERT_EQ(unknown.size(), 1u);
  EXPECT_TRUE(std::get<protocol::Blob>(unknown[0]).missing) << "it is not what is deployed there";

  EXPECT_TRUE(ask(HostId("stranger"), agent.session, release).empty());
}

TEST_F(IntakeTest, CutsARevokedAgentOffAtOnce) {
  FakeAgent& agent = world.add_agent("web-1");
  expect_value(world.operations().revoke_agent(FleetWorld::caller, agent.host));
  EXPECT_FALSE(connected("web-1"));
  world.run(latency_ms);
  agent.heard.clear();
  world.connect(agent);
  world.run(latency_ms);
  EXPECT_TRUE(agent.heard.empty());
  EXPECT_FALSE(connected("web-1"));
}

TEST_F(IntakeTest, TellsARevokedAgentWhyBeforeTheTransportShutsItOut) {
  FakeAgent& agent = world.add_agent("web-1");
  world.bus.on_send = [&](const HostId& peer) {
    EXPECT_EQ(peer, agent.host);
    const auto keys = world.allowed();
    EXPECT_TRUE(std::any_of(keys.begin(), keys.end(), [&](const auto& key) { return key.second == agent.host; }));
  };
  expect_value(world.operations().revoke_agent(FleetWorld::caller, agent.host));
  world.run(latency_ms);
  ASSERT_EQ(agent.count<protocol::Refuse>(), 1u);
  EXPECT_EQ(std::get<protocol::Refuse>(agent.heard.back()).code, "revoked");
}

TEST_F(IntakeTest, WritesRefusedEnrolmentsIntoTheAuditOnceAMinuteWithACount) {
  const TokenMade token = expect_value(world.operations().create_token(FleetWorld::caller, "web-1"));
  const std::size_t before = world.store().audit(0, 1'000).size();
  for (int i = 0; i < 3; ++i) {
    world.deliver(protocol::enrolment_peer(token.id), Channel::control, std::string(16, 'e'),
                  protocol::Enrol{"web-2", std::string(40, 'a'), "0.1.0"});
  }
  world.run(3 * limits::ping_interval_ms);
  const auto rows = world.store().audit(0, 1'000);
  ASSERT_EQ(rows.size(), before + 1);
  const model::AuditEntry& row = rows.back().entry;
  EXPECT_EQ(row.operation, "enrol.refuse");
  EXPECT_EQ(row.object, token.id);
  EXPECT_EQ(row.reason, "the token is for host web-1, not for web-2");
  EXPECT_EQ(row.details.at("count"), "3");
  EXPECT_FALSE(row.success);
}

TEST_F(IntakeTest, SaysInTheAuditWhoseKeyWasTurnedAwayAtTheDoor) {
  FakeAgent& agent = world.add_agent("web-1");
  const std::string agent_key = world.now().hosts.find(agent.host)->public_key;
  const TokenMade token = expect_value(world.operations().create_token(FleetWorld::caller, {}));
  std::string token_key;
  for (const auto& [key, peer] : world.allowed()) {
    if (peer == protocol::enrolment_peer(token.id)) token_key = key;
  }
  expect_value(world.operations().revoke_agent(FleetWorld::caller, agent.host));
  world.run(limits::token_life_ms + limits::ping_interval_ms);
  const std::size_t before = world.store().audit(0, 1'000).size();
  world.now().intake.turned_away(
      {{"10.0.0.1", agent_key, 2}, {"10.0.0.2", token_key, 1}, {"10.0.0.3", std::string(40, 'x'), 1}, {"", "", 9}});
  world.run(limits::ping_interval_ms);
  std::map<std::string, std::string> seen;
  for (const store::StoredAudit& row : world.store().audit(before, 1'000)) {
    seen[row.entry.origin] = row.entry.operation + " " + row.entry.object + " " + row.entry.details.at("count");
  }
  EXPECT_EQ(seen, (std::map<std::string, std::string>{{"10.0.0.1", "agent.refuse web-1 2"},
                                                      {"10.0.0.2", "enrol.refuse " + token.id + " 1"},
                                                      {"10.0.0.3", "connection.refuse  1"},
                                                      {"others", "connection.refuse  9"}}));
}

TEST_F(IntakeTest, CutsOffAHostThatSpeaksOfAnotherHostsDeploymentAndWritesItIntoTheAudit) {
  world.add_agent("web-1");
  FakeAgent& other = world.add_agent("web-2");
  const ReleaseId release = world.upload("api", "v1");
  const auto started = expect_value(world.start(world.request(api_manifest("web-1"), {{"api", release}}), 0));
  const std::size_t lines = world.operations().timeline(FleetWorld::caller, started.row.id, 0, 1000).size();
  world.say(other, protocol::Failed{started.row.id, {}, "api", "evil", "stop them"});
  EXPECT_EQ(world.operations().timeline(FleetWorld::caller, started.row.id, 0, 1000).size(), lines);
  EXPECT_FALSE(connected("web-2"));
  EXPECT_TRUE(connected("web-1"));
  world.run(60'000);
  EXPECT_EQ(world.row(started.row.id).state, model::DeploymentState::done);
  const auto rows = world.store().audit(0, 1'000);
  EXPECT_EQ(std::count_if(rows.begin(), rows.end(),
                          [](const store::StoredAudit& each) {
                            return each.entry.operation == "message.refuse" && each.entry.object == "web-2";
                          }),
            1);
  // Of one that is over as well.
  world.connect(other);
  world.run(latency_ms);
  ASSERT_TRUE(connected("web-2"));
  world.say(other, protocol::Reverted{started.row.id, {}, true, "evil"});
  EXPECT_FALSE(connected("web-2"));
}

}  // namespace
}  // namespace switchyard::fleet
