#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "protocol/step.hpp"

namespace switchyard::agent {

/// What the switch does now, read back from the kernel or the proxy.
struct SwitchReading {
  std::vector<protocol::SwitchTarget> targets;  ///< with the weights that are in force; empty: no entry
  bool durable = true;                          ///< false: the next boot would bring another state back; apply() again
};

/// Why a switch would not work. `code`: a short stable word: not_listening, wrong_bind_address, address_family,
/// filtered, port_taken, haproxy_unreachable, haproxy_server.
struct SwitchRefusal {
  std::string code;
  std::string text;  ///< what was found, and what to do
};

/// Seam: the place where traffic is switched. Real: NftablesSwitch, HaproxySwitch, NoSwitch. In tests: FakeSwitch.
/// Blocking; throws Error when the kernel or the proxy refuses.
class TrafficSwitch {
 public:
  virtual ~TrafficSwitch() = default;
  virtual SwitchReading read(const protocol::SwitchTraffic& wanted) = 0;
  /// One atomic change, made durable for the next boot before it takes effect.
  virtual void apply(const protocol::SwitchTraffic& wanted) = 0;
  /// Why the switch to `wanted` would not work; nothing if it would. Changes nothing.
  virtual std::optional<SwitchRefusal> refuse(const protocol::SwitchTraffic& wanted) = 0;
  /// Connections to this target that still live.
  virtual std::uint64_t connections(const protocol::SwitchTraffic& of, const protocol::SwitchTarget& target) = 0;
};

/// The switches of one host, by the kind that a plan names. Owned by the composition root; references only.
struct TrafficSwitches {
  TrafficSwitch& none;
  TrafficSwitch& nftables;
  TrafficSwitch& haproxy;
  TrafficSwitch& of(protocol::SwitchKind kind) const {
    switch (kind) {
      case protocol::SwitchKind::none:
        return none;
      case protocol::SwitchKind::nftables:
        return nftables;
      case protocol::SwitchKind::haproxy:
        return haproxy;
    }
    return none;
  }
};

}  // namespace switchyard::agent
