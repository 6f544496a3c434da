// Monitors of sockets on real connections: what libzmq does when nobody listens any more. Every wait is bounded.
#include <gtest/gtest.h>
#include <zmq.h>

#include <chrono>
#include <optional>
#include <utility>

#include "protocol/zmq_dialler.hpp"
#include "protocol/zmq_socket.hpp"
#include "tests/support/real_time.hpp"

namespace switchyard::protocol {
namespace {

constexpr long dial_patience_ms = 5'000;
constexpr std::chrono::milliseconds long_enough(20);

/// A peer of its own context, which anybody may connect to.
struct Peer {
  ZmqContext context;
  ZmqSocket socket{context, ZMQ_ROUTER};
  Peer() { socket.bind("tcp://127.0.0.1:*"); }
};

/// What the first dial to the peer led to; 0: nothing within the patience.
int outcome_of_dial(ZmqSocket& socket, ZmqMonitor& monitor, const Peer& peer) {
  socket.connect(peer.socket.bound_address());
  zmq_pollitem_t item{monitor.handle(), 0, ZMQ_POLLIN, 0};
  zmq_poll(&item, 1, dial_patience_ms);
  const auto event = next_event(monitor);
  return event ? event->kind : 0;
}

// libzmq tells a monitor of an event on the thread that serves all sockets, and waits there for a listener that is
// gone. An agent whose dial failed in two events, and who had closed the monitor after the first, never dialled again.
TEST(ZmqMonitor, EventsAfterItsEndHoldUpNoOtherSocket) {
  std::optional<Peer> leaving(std::in_place);
  const Peer staying;
  ZmqContext context;
  ZmqSocket watched(context, ZMQ_DEALER);
  {
    ZmqMonitor monitor = watched.monitor(context, dial_events);
    ASSERT_EQ(outcome_of_dial(watched, monitor, *leaving), ZMQ_EVENT_HANDSHAKE_SUCCEEDED);
  }
  testing::let_real_time_pass(long_enough,
                              "libzmq looks what became of a monitor's listener once a millisecond at most, and does "
                              "not tell when");
  leaving.reset();  // an event that nobody hears
  for (int i = 0; i < 50; ++i) {
    ZmqSocket other(context, ZMQ_DEALER);
    ZmqMonitor monitor = other.monitor(context, dial_events);
    ASSERT_EQ(outcome_of_dial(other, monitor, staying), ZMQ_EVENT_HANDSHAKE_SUCCEEDED) << "dial " << i;
  }
}

TEST(ZmqMonitor, WatchesOnAfterItWasMoved) {
  const Peer peer;
  ZmqContext context;
  ZmqSocket watched(context, ZMQ_DEALER);
  ZmqMonitor first = watched.monitor(context, dial_events);
  ZmqMonitor second = std::move(first);
  EXPECT_EQ(outcome_of_dial(watched, second, peer), ZMQ_EVENT_HANDSHAKE_SUCCEEDED);
}

}  // namespace
}  // namespace switchyard::protocol
