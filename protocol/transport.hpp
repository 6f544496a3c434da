#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

#include "common/ids.hpp"

namespace switchyard::protocol {

/// Control and bulk traffic have their own sockets, so that an artifact never delays a decision.
enum class Channel { control, bulk };

/// Dials that were turned away with a key from an address. Both are empty where there were too many to tell apart.
struct RefusedDial {
  std::string address;
  std::string public_key;  ///< Z85
  std::uint64_t count = 0;
};

/// Seam, coordinator's side: frames to and from agents, each known by its key alone. Real: ZmqRouter. In tests:
/// the simulated network. Nothing is promised but secrecy and the peer's identity: frames may be lost.
class AgentBus {
 public:
  virtual ~AgentBus() = default;
  /// False if the host has no live connection or its queue is full. Sends to the newest connection of the host.
  virtual bool send(const HostId& host, Channel channel, std::string frame) = 0;
};

/// Why a connection is over.
enum class LinkLoss {
  unreachable,  ///< never stood: nothing listens, or not with the pinned server key
  refused,      ///< the coordinator does not know our key: revoked, or the token is used or expired
  lost,         ///< stood, and broke
};

/// What an agent hears of its link, on the loop's thread.
struct LinkCallbacks {
  /// The n-th connection that this link dialled stands; frames may be sent. `session`: 16 random bytes.
  std::function<void(std::uint64_t connection, std::string session)> on_up;
  std::function<void(Channel channel, std::string frame)> on_frame;
  /// Also called for a dial that failed. Not called for redial().
  std::function<void(LinkLoss loss)> on_down;
};

/// Seam, agent's side. Real: ZmqDealer.
class CoordinatorLink {
 public:
  virtual ~CoordinatorLink() = default;
  virtual bool send(Channel channel, std::string frame) = 0;
  /// Drops the control connection and dials anew: HOLD must arrive on a connection younger than the swap.
  virtual void redial() = 0;
};

}  // namespace switchyard::protocol
