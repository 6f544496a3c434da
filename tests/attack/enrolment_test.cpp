// Joining the fleet, attacked at the program that is shipped: a token is good for one host, for the name it was made
// for, and an id is never given to another key; one key is taken away without touching any other.
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <zmq.h>

#include <algorithm>
#include <cstdio>
#include <deque>
#include <map>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

#include "common/limits.hpp"
#include "tests/attack/attacked.hpp"

namespace switchyard::attack {
namespace {

std::size_t count_of(const std::string& text, const std::string& what) {
  std::size_t count = 0;
  for (std::size_t at = text.find(what); at != std::string::npos; at = text.find(what, at + 1)) ++count;
  return count;
}

/// "enrolled", "refused", or how it was turned away.
std::string try_to_enrol(const Attacked& attacked, const protocol::CurveKeyPair& token, const std::string& name,
                         const protocol::CurveKeyPair& keys) {
  RawPeer newcomer = attacked.dial(token);
  if (newcomer.outcome() != Outcome::let_in) return "turned away";
  newcomer.say(protocol::Enrol{name, keys.public_key, "0"});
  const auto answer = newcomer.hear();
  if (!answer) return "no answer";
  return std::holds_alternative<protocol::Enrolled>(*answer) ? "enrolled" : "refused";
}

bool may_dial(const Attacked& attacked, const protocol::CurveKeyPair& keys) {
  RawPeer peer = attacked.dial(keys);
  return peer.outcome() == Outcome::let_in && peer.greet();
}

/// Many who hold the same token, each with a key and a name of its own, on sockets that are all connected before the
/// first of them speaks.
class Crowd {
 public:
  static constexpr int size = 1'000;

  Crowd(const Attacked& attacked, const protocol::CurveKeyPair& token) : attacked_(attacked), token_(token) {
    for (int i = 0; i < size; ++i) {
      if (i % sockets_each == 0) contexts_.push_back(std::make_unique<protocol::ZmqContext>());
      sockets_.push_back(dial(*contexts_.back()));
      keys.push_back(protocol::generate_curve_keys());
      if (i % together == together - 1) wait_until_let_in(static_cast<std::size_t>(i) + 1 - together);
    }
  }
  Crowd(const Crowd&) = delete;
  Crowd& operator=(const Crowd&) = delete;

  /// How many had been let in, and spoke.
  int speak_at_once() {
    int spoke = 0;
    for (std::size_t i = 0; i < sockets_.size(); ++i) {
      protocol::Envelope envelope;
      envelope.session = std::string(16, 's');
      envelope.seq = 1;
      envelope.message = protocol::Enrol{"crowd-" + std::to_string(i), keys[i].public_key, "0"};
      spoke += sockets_[i].send(protocol::encode(envelope), false) == protocol::ZmqSent::sent ? 1 : 0;
    }
    return spoke;
  }
  /// What came back until nothing came for so long: the coordinator answers who holds the token, whoever that is.
  std::map<std::string, int> answers(long ms) {
    std::map<std::string, int> heard;
    std::vector<zmq_pollitem_t> items;
    for (protocol::ZmqSocket& socket : sockets_) items.push_back({socket.handle(), 0, ZMQ_POLLIN, 0});
    while (zmq_poll(items.data(), static_cast<int>(items.size()), ms) > 0) {
      for (std::size_t i = 0; i < items.size(); ++i) {
        if ((items[i].revents & ZMQ_POLLIN) == 0) continue;
        const auto part = sockets_[i].receive();
        if (!part) continue;
        const auto message = protocol::decode(part->bytes).message;
        ++heard[std::string(protocol::message_name(protocol::type_of(message)))];
      }
    }
    return heard;
  }

  std::vector<protocol::CurveKeyPair> keys;

 private:
  static constexpr int sockets_each = 250;
  /// So many dial at a time: a handshake that waits for two seconds behind others is ended.
  static constexpr int together = 25;

  protocol::ZmqSocket dial(protocol::ZmqContext& context) const {
    protocol::ZmqSocket socket =
        protocol::make_dialler(context, attacked_.server_key(), token_, {limits::control_frame_bytes_max, 100});
    socket.connect(attacked_.endpoint().control_address());
    return socket;
  }
  /// A socket can be written to from the moment on at which it is let in. Who was not, dials again.
  void wait_until_let_in(std::size_t from) {
    for (int round = 0; round < 5; ++round) {
      bool all = true;
      for (std::size_t i = from; i < sockets_.size(); ++i) {
        zmq_pollitem_t item{sockets_[i].handle(), 0, ZMQ_POLLOUT, 0};
        if (zmq_poll(&item, 1, quiet_ms) > 0) continue;
        all = false;
        sockets_[i] = dial(*contexts_.back());
      }
      if (all) return;
    }
  }

  const Attacked& attacked_;
  protocol::CurveKeyPair token_;
  std::vector<std::unique_ptr<protocol::ZmqContext>> contexts_;
  std::vector<protocol::ZmqSocket> sockets_;
};

TEST(Enrolment, OfAThousandAtOnceWithOneTokenLetsOneIn) {
  // Here and in the program, which inherits it.
  const rlimit many{16'384, 16'384};
  ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &many), 0);
  const Attacked attacked;
  const protocol::CurveKeyPair token = attacked.token_keys("crowd-*");
  Crowd crowd(attacked, token);
  ASSERT_EQ(crowd.speak_at_once(), Crowd::size) << "each of them holds the token and is let in";
  const auto heard = crowd.answers(3'000);
  const std::string hosts = attacked.ask("GET", "/v1/hosts").body;
  EXPECT_EQ(count_of(hosts, "\"crowd-"), 1u) << hosts;
  EXPECT_EQ(count_of(attacked.ask("GET", "/v1/audit?limit=1000").body, "\"operation\":\"host.enrol\""), 1u);
  const int enrolled = heard.contains("enrolled") ? heard.at("enrolled") : 0;
  std::printf("enrolment: %d tries at once with one token: 1 host, %d answered `enrolled`, %d refused\n", Crowd::size,
              enrolled, heard.contains("refuse") ? heard.at("refuse") : 0);
  EXPECT_LE(enrolled, 1);
  int let_in = 0;
  // All keys but one are strangers' keys. A part of them tells it as well as all.
  for (std::size_t i = 0; i < crowd.keys.size(); ++i) {
    const bool is_host = hosts.find("\"crowd-" + std::to_string(i) + "\"") != std::string::npos;
    if (!is_host && i % 50 != 0) continue;
    const bool in = may_dial(attacked, crowd.keys[i]);
    EXPECT_EQ(in, is_host) << i;
    let_in += in ? 1 : 0;
  }
  EXPECT_EQ(let_in, 1);
}

TEST(Enrolment, HoldsATokenToItsNameAndBurnsItAfterFiveWrongOnes) {
  const Attacked attacked;
  const protocol::CurveKeyPair token = attacked.token_keys("web-*");
  const protocol::CurveKeyPair keys = protocol::generate_curve_keys();
  for (const char* name : {"db-1", "web", "we-b-1", "xweb-1"}) {
    EXPECT_EQ(try_to_enrol(attacked, token, name, keys), "refused") << name;
  }
  EXPECT_NE(try_to_enrol(attacked, token, "webb-1", keys), "enrolled") << "the door closes before the answer is out";
  EXPECT_EQ(try_to_enrol(attacked, token, "web-1", keys), "turned away");
  EXPECT_FALSE(may_dial(attacked, keys));
}

TEST(Enrolment, NeverGivesANameToAnotherKey) {
  const Attacked attacked;
  const protocol::CurveKeyPair first = attacked.enrol("web-1");
  const protocol::CurveKeyPair thief = protocol::generate_curve_keys();
  const auto steal = [&] { return try_to_enrol(attacked, attacked.token_keys("web-*"), "web-1", thief); };
  EXPECT_EQ(steal(), "refused");
  ASSERT_EQ(attacked.ask("POST", "/v1/agents/web-1/revoke", "{}").status, 200);
  EXPECT_EQ(steal(), "refused") << "nor after its own was revoked";
  ASSERT_EQ(attacked.ask("DELETE", "/v1/hosts/web-1").status, 200);
  EXPECT_EQ(steal(), "refused") << "nor after the host was removed";
  EXPECT_FALSE(may_dial(attacked, thief));
  EXPECT_FALSE(may_dial(attacked, first)) << "and the old key is none any more";
  // One machine does not become two hosts either.
  const protocol::CurveKeyPair other = attacked.enrol("web-2");
  EXPECT_EQ(try_to_enrol(attacked, attacked.token_keys("web-*"), "web-3", other), "refused");
}

TEST(Enrolment, GivesAHostANewKeyWithoutTouchingTheOthers) {
  const Attacked attacked;
  const protocol::CurveKeyPair old = attacked.enrol("web-1"), other = attacked.enrol("web-2");
  const protocol::CurveKeyPair fresh = protocol::generate_curve_keys(), thief = protocol::generate_curve_keys();
  RawPeer neighbour = attacked.dial(other);
  ASSERT_TRUE(neighbour.outcome() == Outcome::let_in && neighbour.greet());
  const protocol::CurveKeyPair token = attacked.token_keys("=web-1");
  EXPECT_TRUE(may_dial(attacked, old)) << "good until the new one is there";
  EXPECT_EQ(try_to_enrol(attacked, token, "web-2", thief), "refused");
  EXPECT_EQ(try_to_enrol(attacked, token, "web-3", thief), "refused");
  EXPECT_EQ(try_to_enrol(attacked, token, "web-1", other), "refused") << "another host's key";
  EXPECT_EQ(try_to_enrol(attacked, token, "web-1", fresh), "enrolled");
  EXPECT_EQ(try_to_enrol(attacked, token, "web-1", fresh), "enrolled") << "the answer may have been lost";
  EXPECT_EQ(try_to_enrol(attacked, token, "web-1", thief), "refused") << "once";
  EXPECT_FALSE(may_dial(attacked, old));
  EXPECT_FALSE(may_dial(attacked, thief));
  EXPECT_TRUE(may_dial(attacked, fresh));
  EXPECT_TRUE(neighbour.is_heard()) << "in the session that it had";
  EXPECT_EQ(count_of(attacked.ask("GET", "/v1/audit?limit=1000").body, "\"operation\":\"host.new_key\""), 1u);
  ASSERT_EQ(attacked.ask("POST", "/v1/agents/web-1/revoke", "{}").status, 200);
  EXPECT_THROW(attacked.token_keys("=web-1"), std::runtime_error) << "a revoked host needs `hosts replace`";
  EXPECT_THROW(attacked.token_keys("=absent"), std::runtime_error);
}

TEST(Enrolment, OfOneOfManyIsTakenBackWithoutTouchingTheOthers) {
  const Attacked attacked;
  constexpr std::size_t many = 20, gone = 7;
  std::vector<protocol::CurveKeyPair> keys;
  std::deque<RawPeer> agents;
  for (std::size_t i = 0; i < many; ++i) {
    keys.push_back(attacked.enrol("host-" + std::to_string(i)));
    agents.emplace_back(attacked.endpoint().control_address(), attacked.server_key(), keys.back());
    ASSERT_TRUE(agents.back().outcome() == Outcome::let_in && agents.back().greet());
  }
  ASSERT_EQ(attacked.ask("POST", "/v1/agents/host-" + std::to_string(gone) + "/revoke", "{}").status, 200);
  for (std::size_t i = 0; i < many; ++i) {
    EXPECT_EQ(agents[i].is_heard(i == gone ? quiet_ms : patience_ms), i != gone) << "in the session that it had: " << i;
  }
  EXPECT_FALSE(may_dial(attacked, keys[gone]));
  EXPECT_TRUE(may_dial(attacked, keys[gone + 1]));
}

}  // namespace
}  // namespace switchyard::attack
