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

/// The agent's end of the bus. Keeps one control connection to one of the endpoints: dials, and dials again (the next
/// endpoint, 200 ms to 1 s later) when it breaks. Every connection is a new socket with a new random session, so the
/// coordinator never takes one for another. The bulk connection is dialled when something is sent on it and closed when
/// it has been idle.
///
/// A thread of its own owns every socket. All methods, and the callbacks, are the loop's thread.
class ZmqDealer final : public CoordinatorLink {
 public:
  struct Settings {
    std::vector<Endpoint> endpoints;              ///< at least one
    std::vector<std::string> server_public_keys;  ///< at least one; where one leads nowhere the next is tried
    CurveKeyPair keys;
  };
  using Callbacks = LinkCallbacks;

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
