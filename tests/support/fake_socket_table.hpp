#pragma once

#include <cstdint>
#include <map>
#include <vector>

#include "agent/system/socket_table.hpp"

namespace switchyard::testing {

/// The kernel's sockets as the test says.
class FakeSocketTable final : public agent::SocketTable {
 public:
  std::map<std::uint16_t, std::vector<agent::Listener>> listening;
  std::map<std::uint16_t, std::uint64_t> connected;
  std::map<std::uint16_t, std::vector<std::uint64_t>> groups;  ///< of listeners; without an entry: unknown

  std::vector<std::uint64_t> listener_groups(std::uint16_t port) override {
    const auto found = groups.find(port);
    return found == groups.end() ? std::vector<std::uint64_t>(listeners(port).size(), 0) : found->second;
  }
  void listen(std::uint16_t port) { listening[port] = {{"0.0.0.0", false, false}}; }

  std::vector<agent::Listener> listeners(std::uint16_t port) override {
    const auto found = listening.find(port);
    return found == listening.end() ? std::vector<agent::Listener>{} : found->second;
  }
  std::uint64_t connections(std::uint16_t port) override {
    const auto found = connected.find(port);
    return found == connected.end() ? 0 : found->second;
  }
};

}  // namespace switchyard::testing
