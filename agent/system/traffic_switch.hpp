#pragma once

#include <optional>
#include <string>
#include <vector>

#include "protocol/step.hpp"

namespace switchyard::agent {

/// What the switch does now, read back from the kernel or the proxy.
struct SwitchReading {
  std::vector<protocol::SwitchTarget> targets;  ///< with the weights that are in force; empty: no entry
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
  virtual std::optional<std::string> refuse(const protocol::SwitchTraffic& wanted) = 0;
  /// Connections to this target that still live.
  virtual std::uint64_t connections(const protocol::SwitchTraffic& of, const protocol::SwitchTarget& target) = 0;
};

}  // namespace switchyard::agent
