#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <variant>
#include <vector>

#include "protocol/transport.hpp"
#include "protocol/zmq_router.hpp"
#include "protocol/zmq_socket.hpp"
#include "protocol/zmq_zap.hpp"

namespace switchyard::protocol {

/// The thread inside ZmqRouter. It owns the sockets and the allow list, decodes nothing, and knows connections by
/// number. Commands come by a bounded queue from one other thread; frames leave by `deliver`, called on this thread.
class ZmqRouterThread {
 public:
  struct Frame {
    std::uint64_t grant = 0;
    Channel channel = Channel::control;
    std::uint64_t connection = 0;
    std::string bytes;
  };
  using Deliver = std::function<void(Frame)>;

  /// Binds both sockets and starts the thread. Throws TransportError. `stranger`: the key that the self-test will try.
  ZmqRouterThread(const ZmqRouter::Settings& settings, std::string stranger, Deliver deliver);
  ~ZmqRouterThread();

  void allow(std::uint64_t grant, std::string public_key);
  void disallow(std::uint64_t grant);
  /// False if the queue is full.
  bool send(Channel channel, std::uint64_t connection, std::string frame);
  std::vector<RefusedDial> take_refused() { return zap_.take_refused(); }
  /// A delivered frame of that size has been looked at.
  void frame_done(std::size_t bytes);

  const std::string& control_address() const { return addresses_[0]; }
  const std::string& bulk_address() const { return addresses_[1]; }

 private:
  struct Allow {
    std::uint64_t grant;
    std::string public_key;
  };
  struct Disallow {
    std::uint64_t grant;
  };
  struct Send {
    Channel channel;
    std::uint64_t connection;
    std::string frame;
  };
  struct End {};
  using Command = std::variant<Allow, Disallow, Send, End>;
  struct Connection {
    std::uint64_t number = 0;
    std::uint64_t grant = 0;
  };
  struct Side {
    std::optional<ZmqSocket> socket;
    std::map<std::string, Connection> by_routing_id;
    std::map<std::uint64_t, std::string> routing_ids;             ///< by connection number
    std::map<std::uint64_t, std::deque<std::uint64_t>> of_grant;  ///< connection numbers, oldest first
  };

  void post(Command command);
  void run();
  void carry_out_commands();
  void carry_out(Allow& command);
  void carry_out(Disallow& command);
  void carry_out(Send& command);
  void carry_out(End&) { ending_ = true; }
  void receive(Channel channel);
  bool receive_one(Channel channel);
  std::uint64_t connection_of(Side& side, const std::string& routing_id, std::uint64_t grant);
  static void forget(Side& side, std::uint64_t connection);
  Side& side(Channel channel) { return sides_[channel == Channel::control ? 0 : 1]; }

  ZmqContext context_;
  ZapHandler zap_;
  std::array<Side, 2> sides_;
  std::array<std::string, 2> addresses_;
  PeerAllowList allowed_;
  std::uint64_t last_connection_ = 0;
  bool ending_ = false;
  Deliver deliver_;

  ZmqWake wake_;
  std::mutex mutex_;  ///< guards commands_
  std::deque<Command> commands_;
  std::atomic<std::size_t> leaving_bytes_{0};    ///< in commands_
  std::atomic<std::size_t> delivered_bytes_{0};  ///< and not yet done
  std::jthread thread_;
};

}  // namespace switchyard::protocol
