#pragma once

#include "agent/system/socket_table.hpp"
#include "agent/system/traffic_switch.hpp"

namespace switchyard::agent {

/// No switch: the stable port belongs to whichever process listens on it (recreate), or there is no port at all.
/// Nothing to read, nothing to change. Any thread.
class NoSwitch final : public TrafficSwitch {
 public:
  explicit NoSwitch(SocketTable& sockets) : sockets_(sockets) {}
  SwitchReading read(const protocol::SwitchTraffic&) override { return {}; }
  void apply(const protocol::SwitchTraffic&) override {}
  std::optional<SwitchRefusal> refuse(const protocol::SwitchTraffic&) override { return std::nullopt; }
  std::uint64_t connections(const protocol::SwitchTraffic&, const protocol::SwitchTarget& target) override {
    return target.port == 0 ? 0 : sockets_.connections(target.port);
  }

 private:
  SocketTable& sockets_;
};

}  // namespace switchyard::agent
