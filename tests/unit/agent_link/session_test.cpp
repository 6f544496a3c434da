#include "agent/link/coordinator_session.hpp"

#include <gtest/gtest.h>

#include <utility>  // before Asio: its 1.74 headers use std::exchange without it

#include <boost/asio/io_context.hpp>
#include <chrono>

#include "common/limits.hpp"
#include "tests/unit/agent_link/coordinator_double.hpp"
#include "tests/unit/agent_link/names.hpp"

namespace switchyard::agent {
namespace {

using testing::CoordinatorDouble;

const HostId web_1("web-1");

/// A session on this thread's loop, against a coordinator on another.
class Session : public ::testing::Test {
 protected:
  void begin(CoordinatorDouble::Answer answer) {
    coordinator.emplace(std::move(answer));
    coordinator->allow(web_1, keys.public_key);
    CoordinatorSession::Callbacks callbacks;
    callbacks.hello = [] {
      protocol::Hello hello;
      hello.agent_version = "test";
      return hello;
    };
    callbacks.welcomed = [this](std::uint64_t epoch, const protocol::Welcome&, std::uint64_t connection) {
      welcomes.emplace_back(epoch, connection);
    };
    callbacks.message = [this](std::uint64_t, protocol::Message message) { messages.push_back(std::move(message)); };
    callbacks.ended = [this] { ++endings; };
    callbacks.witness = [](const std::string& head) { return "remembered " + head; };
    callbacks.every_ping = [] {};
    callbacks.link_changed = [this](LinkState state, const std::string& text) { links.emplace_back(state, text); };
    session.emplace(protocol::ZmqDealer::Settings{{coordinator->endpoint()}, {coordinator->public_key()}, keys}, loop,
                    clock, std::move(callbacks));
  }
  bool run_until(const std::function<bool()>& done, std::int64_t ms = 10'000) {
    const std::int64_t deadline = clock.boot_ms() + ms;
    while (!done() && clock.boot_ms() < deadline) loop.context().run_one_for(std::chrono::milliseconds(5));
    return done();
  }
  static std::vector<protocol::Message> welcome_and(const protocol::Envelope& heard,
                                                    std::vector<protocol::Message> more = {}) {
    if (!std::holds_alternative<protocol::Hello>(heard.message)) return {};
    protocol::Welcome welcome;
    welcome.host = web_1;
    more.insert(more.begin(), welcome);
    return more;
  }

  SystemClock clock;
  EventLoop loop;
  protocol::CurveKeyPair keys = protocol::generate_curve_keys();
  std::optional<CoordinatorDouble> coordinator;
  std::vector<std::pair<std::uint64_t, std::uint64_t>> welcomes;
  std::vector<protocol::Message> messages;
  std::vector<std::pair<LinkState, std::string>> links;
  int endings = 0;
  std::optional<CoordinatorSession> session;
};

TEST_F(Session, SaysHelloFirstAndPassesOnWhatComesAfterTheWelcome) {
  begin([](const HostId&, const protocol::Envelope& heard) {
    return welcome_and(heard, {protocol::Hold{deployment}, protocol::Query{deployment}});
  });
  ASSERT_TRUE(run_until([&] { return messages.size() == 2; }));
  EXPECT_EQ(welcomes, (std::vector<std::pair<std::uint64_t, std::uint64_t>>{{5, welcomes.at(0).second}}));
  EXPECT_EQ(messages[0], protocol::Message(protocol::Hold{deployment}));
  const auto hello = coordinator->heard().at(0);
  EXPECT_TRUE(std::holds_alternative<protocol::Hello>(hello.message));
  EXPECT_EQ(hello.session.size(), 16u);
  EXPECT_EQ(hello.seq, 1u);
}

TEST_F(Session, PassesNothingOnBeforeTheWelcome) {
  begin([](const HostId&, const protocol::Envelope&) -> std::vector<protocol::Message> {
    return {protocol::Hold{deployment}};
  });
  ASSERT_TRUE(run_until([&] { return !coordinator->heard().empty(); }));
  run_until([&] { return !messages.empty(); }, 300);
  EXPECT_TRUE(messages.empty());
  EXPECT_FALSE(session->send(protocol::Held{deployment}));
}

TEST_F(Session, EndsWhenTheCoordinatorRefusesAndSaysWhyOnce) {
  begin([](const HostId&, const protocol::Envelope& heard) {
    return welcome_and(heard, {protocol::Refuse{"revoked", "the agent's key was revoked"},
                               protocol::Refuse{"revoked", "again"}, protocol::Hold{deployment}});
  });
  ASSERT_TRUE(run_until([&] { return endings == 1; }));
  run_until([&] { return !messages.empty(); }, 300);
  EXPECT_TRUE(messages.empty()) << "who refused us gives no orders";
  EXPECT_FALSE(session->send(protocol::Held{deployment}));
  ASSERT_EQ(links.size(), 2u);
  EXPECT_EQ(links[0].first, LinkState::connected);
  EXPECT_EQ(links[1].first, LinkState::refused);
  EXPECT_NE(links[1].second.find("the agent's key was revoked"), std::string::npos);
}

TEST_F(Session, SaysThatItsKeyIsRefusedAtTheDoor) {
  keys = protocol::generate_curve_keys();
  begin([](const HostId&, const protocol::Envelope& heard) { return welcome_and(heard); });
  session.reset();
  const protocol::CurveKeyPair unknown = protocol::generate_curve_keys();
  CoordinatorSession::Callbacks callbacks;
  callbacks.hello = [] { return protocol::Hello{}; };
  callbacks.every_ping = [] {};
  callbacks.link_changed = [this](LinkState state, const std::string& text) { links.emplace_back(state, text); };
  session.emplace(protocol::ZmqDealer::Settings{{coordinator->endpoint()}, {coordinator->public_key()}, unknown}, loop,
                  clock, std::move(callbacks));
  ASSERT_TRUE(run_until([&] { return !links.empty(); }));
  EXPECT_EQ(links[0].first, LinkState::refused);
}

TEST_F(Session, AnswersPings) {
  begin([](const HostId&, const protocol::Envelope& heard) {
    return welcome_and(heard, {protocol::Ping{42, "a head"}});
  });
  std::optional<protocol::Pong> pong;
  ASSERT_TRUE(run_until([&] {
    for (const protocol::Envelope& heard : coordinator->heard()) {
      if (const auto* said = std::get_if<protocol::Pong>(&heard.message)) pong = *said;
    }
    return pong.has_value();
  }));
  EXPECT_EQ(pong->sent_ms, 42);
  EXPECT_EQ(pong->audit_head, "remembered a head") << "what it remembers then, for who verifies the audit";
  EXPECT_TRUE(messages.empty());
}

TEST_F(Session, RefusesWhatACoordinatorMayNotSay) {
  begin([](const HostId&, const protocol::Envelope& heard) {
    return welcome_and(heard, {protocol::Held{deployment}, protocol::Hold{deployment}});
  });
  ASSERT_TRUE(run_until([&] { return !messages.empty(); }));
  EXPECT_EQ(messages, (std::vector<protocol::Message>{protocol::Hold{deployment}}));
}

TEST_F(Session, IsANewOneAfterARedial) {
  begin([](const HostId&, const protocol::Envelope& heard) { return welcome_and(heard); });
  ASSERT_TRUE(run_until([&] { return welcomes.size() == 1; }));
  session->redial();
  EXPECT_EQ(endings, 1);
  EXPECT_FALSE(session->send(protocol::Held{deployment}));
  ASSERT_TRUE(run_until([&] { return welcomes.size() == 2; }));
  EXPECT_LT(welcomes[0].second, welcomes[1].second);
  EXPECT_TRUE(session->send(protocol::Held{deployment}));
  ASSERT_TRUE(run_until([&] { return coordinator->heard().size() == 3; }));
  const auto heard = coordinator->heard();
  EXPECT_NE(heard[0].session, heard[1].session);
  EXPECT_EQ(heard[1].session, heard[2].session);
}

TEST_F(Session, LosesAMessageThatCannotBeSentAndNothingElse) {
  begin([](const HostId&, const protocol::Envelope& heard) { return welcome_and(heard); });
  ASSERT_TRUE(run_until([&] { return welcomes.size() == 1; }));
  protocol::InventoryReply too_long;
  too_long.request = std::string(limits::control_frame_bytes_max, 'r');
  session->send(too_long);
  session->send(protocol::Refuse{"\xff", ""});
  session->send(protocol::Held{deployment});
  ASSERT_TRUE(run_until([&] { return coordinator->heard().size() == 2; }));
  EXPECT_TRUE(std::holds_alternative<protocol::Held>(coordinator->heard()[1].message));
}

}  // namespace
}  // namespace switchyard::agent
