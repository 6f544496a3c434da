#pragma once

#include <thread>

#include "agent/system/haproxy_switch.hpp"
#include "agent/system/nftables_switch.hpp"
#include "common/file_descriptor.hpp"

namespace switchyard::agent {

/// Keeps the switches as they were asked to be while the agent runs: puts the nftables table back when somebody flushed
/// it (the kernel tells of every change by netlink, so an idle host costs nothing), and haproxy's servers when
/// haproxy was restarted (looked for once a second, if there are any; the kernel tells when there first are). Checks
/// both when it begins.
///
/// Owned by the composition root, destroyed before the switches. Has a thread of its own, since both repairs block;
/// the switches lock. Errors are logged and tried again. The constructor throws SysError.
class SwitchWatch {
 public:
  SwitchWatch(NftablesSwitch& nftables, HaproxySwitch& haproxy);
  ~SwitchWatch();
  SwitchWatch(const SwitchWatch&) = delete;
  SwitchWatch& operator=(const SwitchWatch&) = delete;

 private:
  void watch();
  bool check_nftables();
  void check_haproxy();
  bool table_changed();
  void hear_of_files();
  bool ticks(bool sound);

  NftablesSwitch& nftables_;
  HaproxySwitch& haproxy_;
  FileDescriptor netlink_;
  FileDescriptor files_;  ///< tells of new files in haproxy_.state(); none where that cannot be watched
  FileDescriptor end_;
  std::jthread thread_;  // last: it uses all of the above
};

}  // namespace switchyard::agent
