#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "protocol/endpoint.hpp"
#include "protocol/transport.hpp"
#include "protocol/zmq_curve_keys.hpp"

namespace switchyard {
class EventLoop;
}

namespace switchyard::protocol {

/// Why a connection is over.
enum class LinkLoss {
  unreachable,  ///< never stood: nothing listens, or not with the pinned server key
  refused,      ///< the coordinator does not know our key: revoked, or the token is used or expired
  lost,         ///< stood, and broke
};

/// The agent's end of the bus. Keeps one control connection to one of the endpoints: dials, and dials again (the next
/// endpoint, 200 ms to 1 s later) when it breaks. Every connection is a new socket with a new random session, so the
/// coordinator never takes one for another. The bulk connection is dialled when something is sent on it and closed when
/// it has been idle.
///
/// A thread of its own owns every socket. All methods, and the callbacks, are the loop's thread.
class ZmqDealer final : public CoordinatorLink {
 public:
  struct Settings {
    std::vector<Endpoint> endpoints;  ///< at least one
    std::string server_public_key;
    CurveKeyPair keys;
  };
  struct Callbacks {
    /// The n-th connection that this object dialled stands; frames may be sent. `session`: 16 random bytes.
    std::function<void(std::uint64_t connection, std::string session)> on_up;
    std::function<void(Channel channel, std::string frame)> on_frame;
    /// Also called for a dial that failed. Not called for redial().
    std::function<void(LinkLoss loss)> on_down;
  };

  ZmqDealer(const Settings& settings, EventLoop& loop, Callbacks callbacks);
  ~ZmqDealer() override;
  ZmqDealer(const ZmqDealer&) = delete;
  ZmqDealer& operator=(const ZmqDealer&) = delete;

  /// False while no connection stands, or when the queue is full.
  bool send(Channel channel, std::string frame) override;
  void redial() override;

 private:
  struct Parts;
  std::shared_ptr<Parts> parts_;
};

}  // namespace switchyard::protocol
