#pragma once

#include <filesystem>
#include <mutex>

#include "agent/system/nft_command.hpp"
#include "agent/system/service_manager.hpp"
#include "agent/system/socket_table.hpp"
#include "agent/system/switch_table.hpp"
#include "agent/system/traffic_switch.hpp"
#include "common/file_system.hpp"

namespace switchyard::agent {

struct NftablesPaths {
  std::filesystem::path state = "/etc/switchyard-switch";  ///< ruleset.nft, lock
  std::filesystem::path units = "/etc/systemd/system";
};

/// The switch in the kernel: a stable port is redirected to the live slot's port (switch_table.hpp). The wanted state
/// is a file that nft can load by itself; it is replaced before the kernel changes, so a boot never brings back
/// more than what was asked for. Every change holds a lock on the state directory: the agent, its watch and the
/// dead-man, a process of its own, take turns.
///
/// What refuse() can see, and what not:
///  - It reads the slot's listening sockets. A redirect turns packets from outside to the (first) address of the
///    interface that they came in by, and packets of this host's own clients to 127.0.0.1 or ::1. So a slot must listen
///    on all addresses, or, if only local clients use the stable port, on 127.0.0.1. What serves now sets the
///    measure: a family that the present slot serves, the new one must serve too.
///  - It follows the host's nft filter rules for a packet to the stable port and for the same packet after the
///  redirect,
///    and refuses when the second is certainly dropped and the first is not. A rule that hangs on the
///    client's address, or that iptables wrote with an extension, is not certain and does not refuse. Filters outside
///    this host and the legacy iptables backend cannot be seen.
///  - It finds other nat rules on the stable port, and Docker's proxy process for it.
///
/// Any thread. Throws Error with what nft said.
class NftablesSwitch final : public TrafficSwitch {
 public:
  NftablesSwitch(NftablesPaths paths, FileSystem& files, ServiceManager& services, SocketTable& sockets,
                 NftCommand nft);

  SwitchReading read(const protocol::SwitchTraffic& wanted) override;
  void apply(const protocol::SwitchTraffic& wanted) override;
  std::optional<SwitchRefusal> refuse(const protocol::SwitchTraffic& wanted) override;
  std::uint64_t connections(const protocol::SwitchTraffic& of, const protocol::SwitchTarget& target) override;

  /// Puts the table back if it is not what the file says (`nft flush ruleset`). True if it had to. Nothing is wanted,
  /// and nothing done, before the first apply() on this host.
  bool restore_if_lost();

 private:
  SwitchEntries wanted_entries() const;
  void load(const SwitchEntries& entries) const;
  std::optional<SwitchRefusal> refuse_filter(const protocol::SwitchTraffic& wanted,
                                             const protocol::SwitchTarget& target) const;

  const NftablesPaths paths_;
  const std::filesystem::path ruleset_;
  FileSystem& files_;
  ServiceManager& services_;
  SocketTable& sockets_;
  const NftCommand nft_;
  std::mutex mutex_;
};

}  // namespace switchyard::agent
