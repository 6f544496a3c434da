// The four ways to set up a CURVE server in libzmq, of which three let strangers in or nobody (protocol.md 2.2, Z1-Z4).
// The self-test must tell them apart on real sockets, since libzmq does not.
#include "protocol/zmq_listener.hpp"

#include <gtest/gtest.h>
#include <zmq.h>

#include <atomic>
#include <optional>
#include <thread>

#include "common/error.hpp"
#include "common/limits.hpp"
#include "protocol/zmq_zap.hpp"

namespace switchyard::protocol {
namespace {

constexpr int zap_enforce_domain = 93;

struct SetUp {
  bool handler = true;
  bool enforce = true;
  bool domain = true;
};

/// A server as somebody might write it, and its ZAP handler on a thread of its own.
class Server {
 public:
  explicit Server(SetUp set_up) {
    if (set_up.handler) {
      zap_.emplace(context_, std::string());
      allowed_.allow(1, canary.public_key);
      thread_ = std::jthread([this](const std::stop_token& stop) {
        while (!stop.stop_requested()) {
          zmq_pollitem_t item{zap_->socket().handle(), 0, ZMQ_POLLIN, 0};
          zmq_poll(&item, 1, 10);
          zap_->answer([this]() -> const PeerAllowList& { return allowed_; });
        }
      });
    }
    router_.emplace(context_, ZMQ_ROUTER);
    router_->set(ZMQ_CURVE_SERVER, 1);
    router_->set(ZMQ_CURVE_SECRETKEY, keys.secret);
    if (set_up.domain) router_->set(ZMQ_ZAP_DOMAIN, zap_domain);
    if (set_up.enforce) router_->set(zap_enforce_domain, 1);
    router_->bind("tcp://127.0.0.1:*");
  }
  void prove() { prove_listener(router_->bound_address(), keys.public_key, canary, generate_curve_keys()); }

  CurveKeyPair keys = generate_curve_keys();
  CurveKeyPair canary = generate_curve_keys();

 private:
  ZmqContext context_;
  PeerAllowList allowed_;
  std::optional<ZapHandler> zap_;
  std::optional<ZmqSocket> router_;
  std::jthread thread_;
};

std::string trouble(SetUp set_up) {
  try {
    Server(set_up).prove();
    return {};
  } catch (const TransportError& error) {
    return error.what();
  }
}

TEST(Listener, Z1WithoutAHandlerEverybodyGetsInAndTheSelfTestSaysSo) {
  EXPECT_NE(trouble({.handler = false, .enforce = false}).find("did not turn an unknown key away"), std::string::npos);
}

TEST(Listener, Z2WithoutAHandlerButEnforcedNobodyGetsInAndTheSelfTestSaysSo) {
  EXPECT_NE(trouble({.handler = false}).find("an allowed key could not connect"), std::string::npos);
}

TEST(Listener, Z3WithAnEmptyDomainEverybodyGetsInAndTheSelfTestSaysSo) {
  EXPECT_NE(trouble({.domain = false}).find("did not turn an unknown key away"), std::string::npos);
}

TEST(Listener, Z4WithHandlerDomainAndEnforcementTheSelfTestPasses) { EXPECT_EQ(trouble({}), ""); }

TEST(Listener, OurOwnListenerWithoutItsHandlerIsClosedNotOpen) {
  ZmqContext context;
  const CurveKeyPair keys = generate_curve_keys();
  ZmqSocket socket = make_listener(context, "tcp://127.0.0.1:*", keys, {limits::control_frame_bytes_max, 10});
  try {
    prove_listener(socket.bound_address(), keys.public_key, generate_curve_keys(), generate_curve_keys());
    FAIL() << "the self-test passed without a handler";
  } catch (const TransportError& error) {
    EXPECT_NE(std::string(error.what()).find("an allowed key could not connect"), std::string::npos) << error.what();
  }
}

TEST(PeerAllowList, KnowsAKeyUntilItsGrantIsTakenBack) {
  PeerAllowList list;
  list.allow(7, "key");
  EXPECT_EQ(list.find("key"), 7u);
  EXPECT_EQ(list.find("other"), std::nullopt);
  EXPECT_TRUE(list.holds(7));
  list.disallow(7);
  EXPECT_EQ(list.find("key"), std::nullopt);
  EXPECT_FALSE(list.holds(7));
  list.allow(8, "key");
  EXPECT_FALSE(list.holds(7));
}

}  // namespace
}  // namespace switchyard::protocol
