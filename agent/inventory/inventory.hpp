#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "agent/executors/executor.hpp"
#include "agent/system/service_manager.hpp"
#include "agent/system/socket_table.hpp"
#include "agent/system/traffic_switch.hpp"
#include "protocol/message.hpp"

namespace switchyard::agent {

/// Answers "what serves here now?" from the host itself: the switch says which slot gets connections, systemd says what
/// runs in that slot, the process's working directory says which release that is, and the disk says which releases are
/// there. Nothing that the agent remembers goes into it.
///
///   switch leads to a slot   -> that slot's unit and release
///   no switch, or no entry   -> the slot whose unit runs; else, if somebody listens on the stable port: legacy; else
///   absent
///
/// What cannot be read makes the component's `problem`, never a guess. Blocking: for a worker thread. Several may
/// run at once. Does not throw Error for a single component.
class InventoryReader {
 public:
  InventoryReader(HostPaths paths, ServiceManager& services, const TrafficSwitches& switches, SocketTable& sockets,
                  std::filesystem::path proc = "/proc");

  protocol::InventoryReply answer(const protocol::Inventory& inventory);

 private:
  struct SlotUnit {
    std::string slot;
    std::string unit;
    UnitStatus status;
  };
  protocol::ComponentFact fact(const protocol::InventoryQuestion& question);
  void read_serving(const protocol::InventoryQuestion& question, protocol::ComponentFact& fact);
  SlotUnit read_slot(const protocol::InventoryQuestion& question, const std::string& slot);
  std::optional<SlotUnit> running_slot(const protocol::InventoryQuestion& question);
  void serve_slot(const protocol::InventoryQuestion& question, const SlotUnit& slot, protocol::ComponentFact& fact);
  void serve_stranger(const protocol::InventoryQuestion& question, const protocol::SwitchTarget& place,
                      protocol::ComponentFact& fact);
  void look_at_serving(protocol::ComponentFact& fact) const;
  ReleaseId release_of(const std::string& component, const UnitStatus& status) const;
  std::string configuration_of(const std::string& component, const std::string& unit) const;
  std::vector<protocol::ReleaseFact> releases(const std::string& component) const;

  HostPaths paths_;
  ServiceManager& services_;
  TrafficSwitches switches_;
  SocketTable& sockets_;
  std::filesystem::path proc_;
};

}  // namespace switchyard::agent
