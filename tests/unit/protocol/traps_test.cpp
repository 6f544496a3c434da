// What libzmq does that nobody expects, each under its number: Z1 to Z4 are in listener_test.cpp, where the start-up's
// self-test must tell the four ways to set up CURVE apart; Z5 and Z6 in bus_test.cpp; here are the others.
#include <arpa/inet.h>
#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>
#include <zmq.h>

#include <cerrno>
#include <chrono>
#include <fstream>
#include <string>
#include <thread>
#include <vector>

#include "common/limits.hpp"
#include "protocol/zmq_dialler.hpp"
#include "protocol/zmq_listener.hpp"
#include "protocol/zmq_zap.hpp"
#include "tests/support/real_time.hpp"

namespace switchyard::protocol {
namespace {

constexpr long traps_patience_ms = 10'000;
constexpr int send_queue_frames = 4;

/// Our own listener with its handler, which lets one key in.
class Door {
  ZmqContext context_;  // the last to go

 public:
  Door() : Door(true) {}
  /// Or one that lets the key in while its question waits.
  explicit Door(bool from_the_start) : zap_(context_, std::string()) {
    if (from_the_start) allowed_.allow(1, friendly.public_key);
    listener = std::make_unique<ZmqSocket>(
        make_listener(context_, "tcp://127.0.0.1:*", keys,
                      {static_cast<std::int64_t>(limits::control_frame_bytes_max), send_queue_frames}));
    thread_ = std::jthread([this](const std::stop_token& stop) {
      while (!stop.stop_requested()) {
        zmq_pollitem_t item{zap_.socket().handle(), 0, ZMQ_POLLIN, 0};
        zmq_poll(&item, 1, 10);
        zap_.answer([this]() -> const PeerAllowList& {
          if (!allowed_.holds(1)) allowed_.allow(1, friendly.public_key);
          return allowed_;
        });
      }
    });
  }
  std::string address() const { return listener->bound_address(); }
  int connect_raw() const {
    sockaddr_in peer{};
    peer.sin_family = AF_INET;
    peer.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    peer.sin_port = htons(static_cast<std::uint16_t>(std::stoi(address().substr(address().rfind(':') + 1))));
    const int connection = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    EXPECT_EQ(::connect(connection, reinterpret_cast<const sockaddr*>(&peer), sizeof peer), 0);
    return connection;
  }

  CurveKeyPair keys = generate_curve_keys();
  CurveKeyPair friendly = generate_curve_keys();
  std::unique_ptr<ZmqSocket> listener;

 private:
  PeerAllowList allowed_;
  ZapHandler zap_;
  std::jthread thread_;
};

/// A friend, let in, whose first frame tells the listener its routing id.
struct Friend {
  ZmqContext context;
  ZmqSocket socket;
  ZmqMonitor monitor;
  int outcome = 0;

  explicit Friend(const Door& door)
      : socket(make_dialler(context, door.keys.public_key, door.friendly, {1 << 20, 100})),
        monitor(socket.monitor(context, dial_events)) {
    socket.set(ZMQ_RCVHWM, 1);
    socket.connect(door.address());
    zmq_pollitem_t item{monitor.handle(), 0, ZMQ_POLLIN, 0};
    if (zmq_poll(&item, 1, traps_patience_ms) > 0) outcome = next_event(monitor)->kind;
  }
};

std::string routing_id_of(Door& door, Friend& peer) {
  peer.socket.send("here", false);
  zmq_pollitem_t item{door.listener->handle(), 0, ZMQ_POLLIN, 0};
  EXPECT_GT(zmq_poll(&item, 1, traps_patience_ms), 0);
  const auto id = door.listener->receive();
  door.listener->drop_rest();
  return id ? id->bytes : std::string();
}

/// A host's first dial was refused, one time in a hundred, when its key had been allowed just before.
TEST(Traps, WhoIsAllowedBeforeTheAnswerIsLetIn) {
  const Door door(false);
  EXPECT_EQ(Friend(door).outcome, ZMQ_EVENT_HANDSHAKE_SUCCEEDED);
}

TEST(Traps, Z7SendingToAPeerThatIsGoneSaysSo) {
  Door door;
  std::string id;
  {
    Friend peer(door);
    ASSERT_EQ(peer.outcome, ZMQ_EVENT_HANDSHAKE_SUCCEEDED);
    id = routing_id_of(door, peer);
    EXPECT_EQ(door.listener->send(id, true), ZmqSent::sent);
    door.listener->send("you are there", false);
  }
  EXPECT_EQ(door.listener->send("nobody ever", true), ZmqSent::unreachable);
  EXPECT_TRUE(testing::within_ms(5'000, [&] {
    const ZmqSent outcome = door.listener->send(id, true);
    if (outcome == ZmqSent::sent) door.listener->send("are you there?", false);
    return outcome == ZmqSent::unreachable;
  }));
}

TEST(Traps, Z7SendingToAPeerThatDoesNotReadSaysSoAndLosesNothingSilently) {
  Door door;
  Friend peer(door);
  ASSERT_EQ(peer.outcome, ZMQ_EVENT_HANDSHAKE_SUCCEEDED);
  const std::string id = routing_id_of(door, peer);
  const std::string large(64 * 1024, 'x');
  ZmqSent outcome = ZmqSent::sent;
  for (int frames = 0; frames < 1'000 && outcome == ZmqSent::sent; ++frames) {
    outcome = door.listener->send(id, true);
    if (outcome == ZmqSent::sent) door.listener->send(large, false);
  }
  EXPECT_EQ(outcome, ZmqSent::full);
}

std::uint64_t resident_kib() {
  std::ifstream status("/proc/self/statm");
  std::uint64_t total = 0, resident = 0;
  status >> total >> resident;
  return resident * static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE)) / 1024;
}

TEST(Traps, Z8AGiantFrameBeforeAuthenticationCostsItsSenderTheConnectionAndUsNoMemory) {
  const Door door;
  const int peer = door.connect_raw();
  std::string opening("\xff\0\0\0\0\0\0\0\0\x7f\3\0CURVE", 17);
  opening.resize(64, '\0');
  opening += std::string("\x06\0\0\0\0\x20\0\0\0", 9);  // a command of 512 MiB
  const std::uint64_t before = resident_kib();
  ASSERT_EQ(::send(peer, opening.data(), opening.size(), MSG_NOSIGNAL), static_cast<ssize_t>(opening.size()));
  const std::string filling(64 * 1024, 'x');
  std::uint64_t taken = 0;
  while (taken < (64u << 20)) {
    const ssize_t sent = ::send(peer, filling.data(), filling.size(), MSG_NOSIGNAL);
    if (sent <= 0) break;
    taken += static_cast<std::uint64_t>(sent);
  }
  ::close(peer);
  EXPECT_LT(taken, 64u << 20) << "the connection was not ended";
  EXPECT_LT(resident_kib(), before + 8 * 1024);
}

TEST(Traps, Z9SilentConnectionsKeepNoAgentWaiting) {
  constexpr int silent_peers = 400;
  const Door door;
  std::vector<int> silent;
  for (int i = 0; i < silent_peers; ++i) silent.push_back(door.connect_raw());
  const auto begin = std::chrono::steady_clock::now();
  EXPECT_EQ(Friend(door).outcome, ZMQ_EVENT_HANDSHAKE_SUCCEEDED);
  EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::seconds(5));
  // And the silent ones are not kept: each is ended when its handshake has taken too long.
  constexpr timeval patience{limits::handshake_ms_max / 1'000 + 5, 0};
  for (const int connection : silent) {
    char byte = 0;
    ssize_t got = 1;
    ::setsockopt(connection, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    while (got > 0) got = ::recv(connection, &byte, 1, 0);  // its greeting, then the end
    EXPECT_TRUE(got == 0 || errno == ECONNRESET) << "still open after " << limits::handshake_ms_max << " ms";
    ::close(connection);
  }
}

}  // namespace
}  // namespace switchyard::protocol
