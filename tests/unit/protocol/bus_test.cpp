// The bus on real sockets: who gets in, who is who, and what survives a bad peer. Every wait is bounded.
#include <gtest/gtest.h>
#include <zmq.h>

#include <utility>  // before Asio: its 1.74 headers use std::exchange without it

#include <boost/asio/io_context.hpp>
#include <chrono>
#include <deque>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "common/clock.hpp"
#include "common/error.hpp"
#include "common/event_loop.hpp"
#include "common/limits.hpp"
#include "protocol/enrolment.hpp"
#include "protocol/zmq_dealer.hpp"
#include "protocol/zmq_dialler.hpp"
#include "protocol/zmq_router.hpp"

namespace switchyard::protocol {
namespace {

constexpr std::int64_t patience_ms = 10'000;
/// Long enough for a frame that should not arrive to arrive after all.
constexpr std::int64_t quiet_ms = 300;

const HostId web_1("web-1");
const HostId web_2("web-2");

Endpoint endpoint_of(const ZmqRouter& router) {
  const auto port = [](const std::string& address) {
    return static_cast<std::uint16_t>(std::stoi(address.substr(address.rfind(':') + 1)));
  };
  return {"127.0.0.1", port(router.control_address()), port(router.bulk_address())};
}

/// A raw peer: whatever a stranger can do with libzmq.
struct RawPeer {
  ZmqContext context;
  ZmqSocket socket;
  ZmqMonitor monitor;

  RawPeer(const ZmqRouter& router, const std::string& server_key, const CurveKeyPair& keys,
          const std::string& routing_id = {})
      : socket(make_dialler(context, server_key, keys, {1 << 20, 100})), monitor(socket.monitor(context, dial_events)) {
    if (!routing_id.empty()) socket.set(ZMQ_ROUTING_ID, routing_id);
    socket.connect(router.control_address());
  }
  int outcome() {
    zmq_pollitem_t item{monitor.handle(), 0, ZMQ_POLLIN, 0};
    zmq_poll(&item, 1, patience_ms);
    const auto event = next_event(monitor);
    return event ? event->kind : 0;
  }
  std::optional<std::string> receive() {
    zmq_pollitem_t item{socket.handle(), 0, ZMQ_POLLIN, 0};
    zmq_poll(&item, 1, static_cast<long>(quiet_ms));
    auto part = socket.receive();
    if (!part) return std::nullopt;
    return std::move(part->bytes);
  }
};

/// Loop and router of a coordinator; the loop runs on the test's thread while something is waited for.
class Bus : public testing::Test {
 protected:
  EventLoop loop;
  CurveKeyPair server = generate_curve_keys();
  std::deque<ZmqRouter::Arrival> arrivals;
  std::function<void(const ZmqRouter::Arrival&)> on_arrival;
  std::optional<ZmqRouter> router;

  void SetUp() override { start("tcp://127.0.0.1:*", "tcp://127.0.0.1:*"); }
  void start(const std::string& control, const std::string& bulk) {
    router.emplace(ZmqRouter::Settings{control, bulk, server}, loop, [this](ZmqRouter::Arrival arrival) {
      if (on_arrival) on_arrival(arrival);
      arrivals.push_back(std::move(arrival));
    });
  }

  bool run_until(const std::function<bool()>& done, std::int64_t ms = patience_ms) {
    const SystemClock clock;
    const std::int64_t deadline = clock.boot_ms() + ms;
    while (!done() && clock.boot_ms() < deadline) loop.context().run_one_for(std::chrono::milliseconds(5));
    return done();
  }
  bool arrives(std::size_t count) {
    return run_until([&] { return arrivals.size() >= count; });
  }
  bool stays_quiet() {
    const std::size_t before = arrivals.size();
    run_until([] { return false; }, quiet_ms);
    return arrivals.size() == before;
  }
};

struct Agent {
  CurveKeyPair keys = generate_curve_keys();
  std::vector<std::pair<std::uint64_t, std::string>> ups;
  std::vector<LinkLoss> losses;
  std::deque<std::pair<Channel, std::string>> frames;
  std::optional<ZmqDealer> dealer;

  void dial(EventLoop& loop, std::vector<Endpoint> endpoints, const std::string& server_key) {
    dial(loop, std::move(endpoints), std::vector<std::string>{server_key});
  }
  void dial(EventLoop& loop, std::vector<Endpoint> endpoints, std::vector<std::string> server_keys) {
    dealer.emplace(
        ZmqDealer::Settings{std::move(endpoints), std::move(server_keys), keys}, loop,
        ZmqDealer::Callbacks{
            [this](std::uint64_t connection, std::string session) { ups.emplace_back(connection, std::move(session)); },
            [this](Channel channel, std::string frame) { frames.emplace_back(channel, std::move(frame)); },
            [this](LinkLoss loss) { losses.push_back(loss); }});
  }
};

TEST_F(Bus, CarriesFramesBothWaysUnderTheNameThatBelongsToTheKey) {
  Agent agent;
  ASSERT_TRUE(router->allow(web_1, agent.keys.public_key));
  agent.dial(loop, {endpoint_of(*router)}, server.public_key);
  ASSERT_TRUE(run_until([&] { return agent.ups.size() == 1; }));
  EXPECT_EQ(agent.ups[0].second.size(), 16u);
  EXPECT_FALSE(router->send(web_1, Channel::control, "too early: it has not spoken"));

  ASSERT_TRUE(agent.dealer->send(Channel::control, "from the agent"));
  ASSERT_TRUE(arrives(1));
  EXPECT_EQ(arrivals[0].peer, web_1);
  EXPECT_EQ(arrivals[0].frame, "from the agent");
  ASSERT_TRUE(router->send(web_1, Channel::control, "to the agent"));
  ASSERT_TRUE(run_until([&] { return agent.frames.size() == 1; }));
  EXPECT_EQ(agent.frames[0], (std::pair<Channel, std::string>(Channel::control, "to the agent")));
}

TEST_F(Bus, CarriesBulkFramesOnTheirOwnSocket) {
  Agent agent;
  ASSERT_TRUE(router->allow(web_1, agent.keys.public_key));
  agent.dial(loop, {endpoint_of(*router)}, server.public_key);
  ASSERT_TRUE(run_until([&] { return agent.ups.size() == 1; }));
  ASSERT_TRUE(agent.dealer->send(Channel::bulk, "give"));
  ASSERT_TRUE(arrives(1));
  EXPECT_EQ(arrivals[0].channel, Channel::bulk);
  EXPECT_FALSE(router->send(web_1, Channel::control, "it has not spoken on control"));
  const std::string chunk(limits::chunk_bytes_max, 'c');
  ASSERT_TRUE(router->send(web_1, Channel::bulk, chunk));
  ASSERT_TRUE(run_until([&] { return agent.frames.size() == 1; }));
  EXPECT_EQ(agent.frames[0].second, chunk);
}

TEST_F(Bus, RefusesAnUnknownKeyByName) {
  RawPeer stranger(*router, server.public_key, generate_curve_keys());
  EXPECT_EQ(stranger.outcome(), ZMQ_EVENT_HANDSHAKE_FAILED_AUTH);
  stranger.socket.send("let me in", false);
  EXPECT_TRUE(stays_quiet());
}

TEST_F(Bus, TellsTheAgentThatItsKeyIsNotKnown) {
  Agent agent;
  agent.dial(loop, {endpoint_of(*router)}, server.public_key);
  ASSERT_TRUE(run_until([&] { return !agent.losses.empty(); }));
  EXPECT_EQ(agent.losses[0], LinkLoss::refused);
  EXPECT_FALSE(agent.dealer->send(Channel::control, "anything"));
}

TEST_F(Bus, AgentWhoseKeyEveryEndpointRefusesAsksSlowly) {
  ZmqRouter second({"tcp://127.0.0.1:*", "tcp://127.0.0.1:*", server}, loop, [](auto) {});
  Agent agent;
  // A dead endpoint among them changes nothing.
  agent.dial(loop, {endpoint_of(*router), Endpoint{"127.0.0.1", 1, 2}, endpoint_of(second)}, server.public_key);
  constexpr std::size_t quick_dials = 3 * (limits::refused_quick_rounds + 1);
  ASSERT_TRUE(run_until([&] { return agent.losses.size() == quick_dials; }));
  EXPECT_FALSE(run_until([&] { return agent.losses.size() > quick_dials; }, 2'500));
}

TEST_F(Bus, TellsTheCoordinatorWhomItTurnedAwayAndHowOften) {
  const CurveKeyPair keys = generate_curve_keys();
  for (int i = 0; i < 2; ++i) {
    EXPECT_EQ(RawPeer(*router, server.public_key, keys).outcome(), ZMQ_EVENT_HANDSHAKE_FAILED_AUTH);
  }
  const std::vector<RefusedDial> refused = router->take_refused();
  ASSERT_EQ(refused.size(), 1u) << "the self-test's stranger is no news";
  EXPECT_EQ(refused[0].address, "127.0.0.1");
  EXPECT_EQ(refused[0].public_key, keys.public_key);
  EXPECT_EQ(refused[0].count, 2u);
  EXPECT_TRUE(router->take_refused().empty());
}

TEST_F(Bus, RemembersABoundedNumberOfStrangersAndCountsTheRest) {
  // A handshake that a busy machine holds up for handshake_ms_max is broken off, and is no refusal.
  constexpr std::size_t strangers = limits::refused_dials_max + 2;
  std::size_t turned_away = 0;
  for (std::size_t dial = 0; dial < 2 * strangers && turned_away < strangers; ++dial) {
    const auto outcome = RawPeer(*router, server.public_key, generate_curve_keys()).outcome();
    if (outcome == ZMQ_EVENT_HANDSHAKE_FAILED_AUTH) ++turned_away;
  }
  ASSERT_EQ(turned_away, strangers);
  const std::vector<RefusedDial> refused = router->take_refused();
  ASSERT_EQ(refused.size(), limits::refused_dials_max + 1);
  EXPECT_EQ(refused[0].address + refused[0].public_key, "");
  EXPECT_EQ(refused[0].count, 2u);
}

TEST_F(Bus, AgentSaysNothingToAServerWithAnotherKey) {
  Agent agent;
  ASSERT_TRUE(router->allow(web_1, agent.keys.public_key));
  agent.dial(loop, {endpoint_of(*router)}, generate_curve_keys().public_key);
  ASSERT_TRUE(run_until([&] { return !agent.losses.empty(); }));
  EXPECT_EQ(agent.losses[0], LinkLoss::unreachable);
  EXPECT_TRUE(agent.ups.empty());
  EXPECT_TRUE(stays_quiet());
}

TEST_F(Bus, AgentThatTrustsTwoKeysFindsTheServerWhicheverItHas) {
  Agent agent;
  ASSERT_TRUE(router->allow(web_1, agent.keys.public_key));
  const std::string other = generate_curve_keys().public_key;
  agent.dial(loop, {endpoint_of(*router)}, {other, server.public_key});
  ASSERT_TRUE(run_until([&] { return agent.ups.size() == 1; }));
  EXPECT_EQ(agent.losses, std::vector<LinkLoss>{LinkLoss::unreachable}) << "one dial for the key that leads nowhere";
  ASSERT_TRUE(agent.dealer->send(Channel::bulk, "the bulk socket takes the key that was found"));
  ASSERT_TRUE(arrives(1));

  agent.dealer->redial();
  ASSERT_TRUE(run_until([&] { return agent.ups.size() == 2; }));
  EXPECT_EQ(agent.losses.size(), 1u) << "the key that was found is tried first";
}

TEST_F(Bus, RefusesAPeerWithoutCurve) {
  ZmqContext context;
  ZmqSocket plain(context, ZMQ_DEALER);
  ZmqMonitor monitor = plain.monitor(context, dial_events);
  plain.connect(router->control_address());
  plain.send("plain text", false);
  EXPECT_TRUE(stays_quiet());
}

TEST_F(Bus, Z5AndZ6RoutingIdOfAnotherHostNeitherImpersonatesItNorLocksItOut) {
  const CurveKeyPair thief_keys = generate_curve_keys();
  const CurveKeyPair owner_keys = generate_curve_keys();
  ASSERT_TRUE(router->allow(web_1, owner_keys.public_key));
  ASSERT_TRUE(router->allow(web_2, thief_keys.public_key));
  RawPeer thief(*router, server.public_key, thief_keys, "web-1");
  ASSERT_EQ(thief.outcome(), ZMQ_EVENT_HANDSHAKE_SUCCEEDED);
  thief.socket.send("I am web-1", false);
  ASSERT_TRUE(arrives(1));
  EXPECT_EQ(arrivals[0].peer, web_2);

  Agent owner;
  owner.keys = owner_keys;
  owner.dial(loop, {endpoint_of(*router)}, server.public_key);
  ASSERT_TRUE(run_until([&] { return owner.ups.size() == 1; }));
  ASSERT_TRUE(owner.dealer->send(Channel::control, "the real one"));
  ASSERT_TRUE(arrives(2));
  EXPECT_EQ(arrivals[1].peer, web_1);
  ASSERT_TRUE(router->send(web_1, Channel::control, "secret of web-1"));
  ASSERT_TRUE(run_until([&] { return owner.frames.size() == 1; }));
  EXPECT_EQ(thief.receive(), std::nullopt);
}

TEST_F(Bus, SameRoutingIdAfterAReconnectionOfAnotherKeyIsAnotherConnection) {
  const CurveKeyPair first_keys = generate_curve_keys();
  const CurveKeyPair second_keys = generate_curve_keys();
  ASSERT_TRUE(router->allow(web_1, first_keys.public_key));
  ASSERT_TRUE(router->allow(web_2, second_keys.public_key));
  {
    RawPeer first(*router, server.public_key, first_keys, "x");
    ASSERT_EQ(first.outcome(), ZMQ_EVENT_HANDSHAKE_SUCCEEDED);
    first.socket.send("one", false);
    ASSERT_TRUE(arrives(1));
  }
  // libzmq may still hold the id for a moment; then it turns the newcomer's frames away, which is no harm.
  const bool heard = run_until([&] {
    RawPeer second(*router, server.public_key, second_keys, "x");
    if (second.outcome() != ZMQ_EVENT_HANDSHAKE_SUCCEEDED) return false;
    second.socket.send("two", false);
    return run_until([&] { return arrivals.back().frame == "two"; }, quiet_ms);
  });
  ASSERT_TRUE(heard);
  EXPECT_EQ(arrivals.back().peer, web_2);
  EXPECT_NE(arrivals.back().connection, arrivals.front().connection);
  EXPECT_TRUE(router->send(web_1, Channel::control, "for web-1 only"));  // lost: its connection is gone
}

TEST_F(Bus, RevokedKeyIsSilencedOnItsLiveConnection) {
  const CurveKeyPair keys = generate_curve_keys();
  ASSERT_TRUE(router->allow(web_1, keys.public_key));
  RawPeer peer(*router, server.public_key, keys);
  ASSERT_EQ(peer.outcome(), ZMQ_EVENT_HANDSHAKE_SUCCEEDED);
  peer.socket.send("one", false);
  ASSERT_TRUE(arrives(1));
  peer.socket.send("on its way while the key is revoked", false);
  router->disallow(web_1);
  peer.socket.send("two", false);
  EXPECT_TRUE(stays_quiet());
  EXPECT_FALSE(router->send(web_1, Channel::control, "anything"));
  EXPECT_EQ(peer.receive(), std::nullopt);
  EXPECT_EQ(RawPeer(*router, server.public_key, keys).outcome(), ZMQ_EVENT_HANDSHAKE_FAILED_AUTH);
}

TEST_F(Bus, LastWordsToAHostLeaveBeforeItsKeyIsRevoked) {
  const CurveKeyPair keys = generate_curve_keys();
  ASSERT_TRUE(router->allow(web_1, keys.public_key));
  RawPeer peer(*router, server.public_key, keys);
  ASSERT_EQ(peer.outcome(), ZMQ_EVENT_HANDSHAKE_SUCCEEDED);
  peer.socket.send("one", false);
  ASSERT_TRUE(arrives(1));
  ASSERT_TRUE(router->send(web_1, Channel::control, "you are revoked"));
  router->disallow(web_1);
  EXPECT_EQ(peer.receive(), "you are revoked");
}

TEST_F(Bus, NewKeyOfAHostSilencesConnectionsOfItsOldKey) {
  const CurveKeyPair old_keys = generate_curve_keys();
  Agent replacement;
  ASSERT_TRUE(router->allow(web_1, old_keys.public_key));
  RawPeer old(*router, server.public_key, old_keys);
  ASSERT_EQ(old.outcome(), ZMQ_EVENT_HANDSHAKE_SUCCEEDED);
  old.socket.send("old", false);
  ASSERT_TRUE(arrives(1));

  ASSERT_TRUE(router->allow(web_1, replacement.keys.public_key));
  old.socket.send("old again", false);
  EXPECT_TRUE(stays_quiet());
  replacement.dial(loop, {endpoint_of(*router)}, server.public_key);
  ASSERT_TRUE(run_until([&] { return replacement.ups.size() == 1; }));
  replacement.dealer->send(Channel::control, "new");
  ASSERT_TRUE(arrives(2));
  EXPECT_EQ(arrivals[1].peer, web_1);
  EXPECT_EQ(arrivals[1].frame, "new");
}

TEST_F(Bus, KeyOfOneHostIsNeverGivenToAnother) {
  const CurveKeyPair keys = generate_curve_keys();
  ASSERT_TRUE(router->allow(web_1, keys.public_key));
  EXPECT_FALSE(router->allow(web_2, keys.public_key));
  EXPECT_TRUE(router->allow(web_1, keys.public_key));
  RawPeer peer(*router, server.public_key, keys);
  ASSERT_EQ(peer.outcome(), ZMQ_EVENT_HANDSHAKE_SUCCEEDED);
  peer.socket.send("hello", false);
  ASSERT_TRUE(arrives(1));
  EXPECT_EQ(arrivals[0].peer, web_1);
}

TEST_F(Bus, SendsToTheYoungestConnectionOfAHost) {
  const CurveKeyPair keys = generate_curve_keys();
  ASSERT_TRUE(router->allow(web_1, keys.public_key));
  RawPeer older(*router, server.public_key, keys);
  ASSERT_EQ(older.outcome(), ZMQ_EVENT_HANDSHAKE_SUCCEEDED);
  older.socket.send("older", false);
  ASSERT_TRUE(arrives(1));
  RawPeer younger(*router, server.public_key, keys);
  ASSERT_EQ(younger.outcome(), ZMQ_EVENT_HANDSHAKE_SUCCEEDED);
  younger.socket.send("younger", false);
  ASSERT_TRUE(arrives(2));
  older.socket.send("older again", false);
  ASSERT_TRUE(arrives(3));
  EXPECT_LT(arrivals[0].connection, arrivals[1].connection);
  EXPECT_EQ(arrivals[2].connection, arrivals[0].connection);
  ASSERT_TRUE(router->send(web_1, Channel::control, "to the youngest"));
  EXPECT_EQ(younger.receive(), "to the youngest");
  EXPECT_EQ(older.receive(), std::nullopt);
}

TEST_F(Bus, RedialIsANewConnectionWithANewSession) {
  Agent agent;
  ASSERT_TRUE(router->allow(web_1, agent.keys.public_key));
  agent.dial(loop, {endpoint_of(*router)}, server.public_key);
  ASSERT_TRUE(run_until([&] { return agent.ups.size() == 1; }));
  ASSERT_TRUE(agent.dealer->send(Channel::control, "last words"));
  agent.dealer->redial();
  EXPECT_FALSE(agent.dealer->send(Channel::control, "between two connections"));
  ASSERT_TRUE(run_until([&] { return agent.ups.size() == 2; }));
  ASSERT_TRUE(agent.dealer->send(Channel::control, "first words"));
  ASSERT_TRUE(arrives(2));
  EXPECT_EQ(arrivals[0].frame, "last words");
  EXPECT_EQ(arrivals[1].frame, "first words");
  EXPECT_LT(arrivals[0].connection, arrivals[1].connection);
  EXPECT_LT(agent.ups[0].first, agent.ups[1].first);
  EXPECT_NE(agent.ups[0].second, agent.ups[1].second);
  EXPECT_TRUE(agent.losses.empty());
}

TEST_F(Bus, OversizeFrameCostsThePeerItsConnectionAndNothingElse) {
  const CurveKeyPair keys = generate_curve_keys();
  Agent neighbour;
  ASSERT_TRUE(router->allow(web_1, keys.public_key));
  ASSERT_TRUE(router->allow(web_2, neighbour.keys.public_key));
  neighbour.dial(loop, {endpoint_of(*router)}, server.public_key);
  ASSERT_TRUE(run_until([&] { return neighbour.ups.size() == 1; }));

  RawPeer peer(*router, server.public_key, keys);
  ASSERT_EQ(peer.outcome(), ZMQ_EVENT_HANDSHAKE_SUCCEEDED);
  peer.socket.send(std::string(limits::control_frame_bytes_max + 1, 'x'), false);
  EXPECT_EQ(peer.outcome(), ZMQ_EVENT_DISCONNECTED);
  EXPECT_TRUE(stays_quiet());
  ASSERT_TRUE(neighbour.dealer->send(Channel::control, "still here"));
  EXPECT_TRUE(arrives(1));
}

/// Nothing of it is believed, and its sender is known: who reads the frames makes of it what it makes of a bad one.
TEST_F(Bus, AMessageOfSeveralPartsArrivesAsAnEmptyFrame) {
  const CurveKeyPair keys = generate_curve_keys();
  ASSERT_TRUE(router->allow(web_1, keys.public_key));
  RawPeer peer(*router, server.public_key, keys);
  ASSERT_EQ(peer.outcome(), ZMQ_EVENT_HANDSHAKE_SUCCEEDED);
  for (int i = 0; i < 50; ++i) peer.socket.send("part", true);
  peer.socket.send("end", false);
  peer.socket.send("whole", false);
  ASSERT_TRUE(arrives(2));
  EXPECT_EQ(arrivals[0].frame, "");
  EXPECT_EQ(arrivals[0].peer, web_1);
  EXPECT_EQ(arrivals[1].frame, "whole");
}

TEST_F(Bus, GoesToTheNextEndpointWhenOneDoesNotAnswer) {
  Agent agent;
  ASSERT_TRUE(router->allow(web_1, agent.keys.public_key));
  agent.dial(loop, {Endpoint{"127.0.0.1", 1, 2}, endpoint_of(*router)}, server.public_key);
  ASSERT_TRUE(run_until([&] { return agent.ups.size() == 1; }));
  EXPECT_EQ(agent.losses, (std::vector<LinkLoss>{LinkLoss::unreachable}));
}

TEST_F(Bus, DialsAgainWhenTheCoordinatorComesBack) {
  Agent agent;
  const Endpoint endpoint = endpoint_of(*router);
  ASSERT_TRUE(router->allow(web_1, agent.keys.public_key));
  agent.dial(loop, {endpoint}, server.public_key);
  ASSERT_TRUE(run_until([&] { return agent.ups.size() == 1; }));
  router.reset();
  ASSERT_TRUE(run_until([&] { return !agent.losses.empty(); }));
  EXPECT_EQ(agent.losses[0], LinkLoss::lost);
  start(endpoint.control_address(), endpoint.bulk_address());
  ASSERT_TRUE(router->allow(web_1, agent.keys.public_key));
  ASSERT_TRUE(run_until([&] { return agent.ups.size() == 2; }));
  ASSERT_TRUE(agent.dealer->send(Channel::control, "back"));
  EXPECT_TRUE(arrives(1));
}

// A coordinator that was restarted listens a moment before it knows its hosts: whoever dials then is no stranger, and a
// deployment that it takes up again cannot wait for him.
TEST_F(Bus, AgentThatCameBeforeItsKeyWasKnownIsInASecondLater) {
  Agent agent;
  agent.dial(loop, {endpoint_of(*router)}, server.public_key);
  ASSERT_TRUE(run_until([&] { return !agent.losses.empty(); }));
  EXPECT_EQ(agent.losses[0], LinkLoss::refused);
  ASSERT_TRUE(router->allow(web_1, agent.keys.public_key));
  EXPECT_TRUE(run_until([&] { return agent.ups.size() == 1; }, limits::refused_redial_ms / 2));
}

TEST_F(Bus, TokenOpensItsOwnDoorOnlyWhileItIsAllowed) {
  const std::string token = make_token();
  const CurveKeyPair derived = curve_keys_from_secret(enrolment_secret(token));
  const HostId peer = enrolment_peer("00112233445566aa");
  EXPECT_EQ(RawPeer(*router, server.public_key, derived).outcome(), ZMQ_EVENT_HANDSHAKE_FAILED_AUTH);
  ASSERT_TRUE(router->allow(peer, derived.public_key));
  RawPeer newcomer(*router, server.public_key, derived);
  ASSERT_EQ(newcomer.outcome(), ZMQ_EVENT_HANDSHAKE_SUCCEEDED);
  newcomer.socket.send("enrol", false);
  ASSERT_TRUE(arrives(1));
  EXPECT_EQ(enrolling_token(arrivals[0].peer), "00112233445566aa");
  ASSERT_TRUE(router->send(peer, Channel::control, "enrolled"));
  EXPECT_EQ(newcomer.receive(), "enrolled");
  router->disallow(peer);
  EXPECT_EQ(RawPeer(*router, server.public_key, derived).outcome(), ZMQ_EVENT_HANDSHAKE_FAILED_AUTH);
}

/// The list that the door asks changes on one thread, and is asked on another: the next dial meets the new one already.
TEST_F(Bus, ChangesOfWhoMayComeInHoldFromTheVeryNextDialOn) {
  const CurveKeyPair keys = generate_curve_keys();
  int too_late = 0;
  for (std::size_t round = 1; round <= 100; ++round) {
    ASSERT_TRUE(router->allow(web_1, keys.public_key));
    RawPeer peer(*router, server.public_key, keys);
    ASSERT_EQ(peer.outcome(), ZMQ_EVENT_HANDSHAKE_SUCCEEDED) << "round " << round;
    peer.socket.send("hello", false);
    ASSERT_TRUE(arrives(round));
    ASSERT_TRUE(router->send(web_1, Channel::control, "the door's thread is at work"));
    ASSERT_TRUE(peer.receive());
    router->disallow(web_1);
    if (RawPeer(*router, server.public_key, keys).outcome() != ZMQ_EVENT_HANDSHAKE_FAILED_AUTH) ++too_late;
  }
  EXPECT_EQ(too_late, 0);
}

TEST_F(Bus, CarriesTwoThousandRoundTrips) {
  constexpr int rounds = 2'000;
  Agent agent;
  ASSERT_TRUE(router->allow(web_1, agent.keys.public_key));
  on_arrival = [&](const ZmqRouter::Arrival& arrival) { router->send(arrival.peer, Channel::control, arrival.frame); };
  agent.dial(loop, {endpoint_of(*router)}, server.public_key);
  ASSERT_TRUE(run_until([&] { return agent.ups.size() == 1; }));
  for (int i = 0; i < rounds; ++i) {
    ASSERT_TRUE(agent.dealer->send(Channel::control, std::to_string(i)));
    if (i % 50 == 49) {
      ASSERT_TRUE(run_until([&] { return agent.frames.size() == static_cast<std::size_t>(i + 1); }));
    }
  }
  for (int i = 0; i < rounds; ++i) EXPECT_EQ(agent.frames[static_cast<std::size_t>(i)].second, std::to_string(i));
}

TEST_F(Bus, RefusesToListenTwiceOnOnePort) {
  EXPECT_THROW(ZmqRouter({router->control_address(), "tcp://127.0.0.1:*", server}, loop, [](auto) {}), TransportError);
}

}  // namespace
}  // namespace switchyard::protocol
