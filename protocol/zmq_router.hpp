#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "common/ids.hpp"
#include "protocol/transport.hpp"
#include "protocol/zmq_curve_keys.hpp"

namespace switchyard {
class EventLoop;
}

namespace switchyard::protocol {

/// The coordinator's end of the bus: listens for agents on a control and a bulk socket, both CURVE, both closed to
/// every key that is not on the allow list. Who a peer is follows from its key alone (the ZAP User-Id); routing ids are
/// never looked at, and what is sent to a host goes to the connection that spoke last for the first time.
///
/// A thread of its own owns every socket. All methods, and `on_frame`, are the loop's thread. The constructor throws
/// TransportError when the sockets cannot be opened, or when the start-up self-test finds that a stranger would get in.
class ZmqRouter final : public AgentBus {
 public:
  struct Settings {
    std::string control_address;  ///< tcp://0.0.0.0:7400; port * takes any that is free
    std::string bulk_address;
    CurveKeyPair keys;
  };
  /// `connection` grows: a higher number of the same peer and channel is a younger connection.
  struct Arrival {
    HostId peer;  ///< a host, or enrol:<token id>
    Channel channel = Channel::control;
    std::uint64_t connection = 0;
    std::string frame;
  };
  using OnFrame = std::function<void(Arrival)>;

  ZmqRouter(const Settings& settings, EventLoop& loop, OnFrame on_frame);
  ~ZmqRouter() override;
  ZmqRouter(const ZmqRouter&) = delete;
  ZmqRouter& operator=(const ZmqRouter&) = delete;

  /// From now on this key is this peer. The peer's former key, and the connections made with it, are silenced. False if
  /// the key belongs to another peer (and nothing has changed).
  [[nodiscard]] bool allow(const HostId& peer, const std::string& public_key);
  /// No frame of this peer arrives after this call, live connections included.
  void disallow(const HostId& peer);

  bool send(const HostId& host, Channel channel, std::string frame) override;

  /// Who was turned away at the door since the last call, by address and key: news for the audit. Bounded.
  std::vector<RefusedDial> take_refused();

  /// As bound: tcp://127.0.0.1:40123.
  std::string control_address() const;
  std::string bulk_address() const;

 private:
  struct Parts;
  std::shared_ptr<Parts> parts_;
};

}  // namespace switchyard::protocol
