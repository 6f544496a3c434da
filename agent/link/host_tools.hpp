#pragma once

#include "agent/executors/configuration_executor.hpp"
#include "agent/executors/executors.hpp"
#include "agent/executors/file_executor.hpp"
#include "agent/executors/file_keeper.hpp"
#include "agent/executors/hook_executor.hpp"
#include "agent/executors/host/check_switch_executor.hpp"
#include "agent/executors/host/drain_executor.hpp"
#include "agent/executors/host/switch_executor.hpp"
#include "agent/executors/host/unit_executor.hpp"
#include "agent/executors/link_executor.hpp"
#include "agent/executors/probe_executor.hpp"
#include "agent/executors/prune_executor.hpp"
#include "agent/executors/release_executor.hpp"
#include "agent/executors/run_executor.hpp"
#include "agent/executors/snapshot_executor.hpp"
#include "agent/executors/verify_old_executor.hpp"
#include "agent/inventory/inventory.hpp"
#include "agent/probes/probe.hpp"
#include "agent/probes/schema_reader.hpp"
#include "agent/system/haproxy_switch.hpp"
#include "agent/system/nftables_switch.hpp"
#include "agent/system/no_switch.hpp"
#include "agent/system/sdbus_service_manager.hpp"
#include "agent/system/socket_table.hpp"
#include "common/clock.hpp"
#include "common/file_system.hpp"
#include "common/secret_mask.hpp"

namespace switchyard::agent {

/// Everything with which an agent, or its dead-man, touches the host: built once, in this order, and handed out by
/// reference.
struct HostTools {
  /// `mask`: learns the secrets of the configurations that are put in place, and blackens them in all that is said.
  HostTools(const HostPaths& paths, const Clock& clock, BlobSource& blobs, SecretMask& mask);

  PosixFileSystem files;
  SdbusServiceManager services;
  KernelSocketTable sockets;
  NoSwitch no_switch;
  NftablesSwitch nftables;
  HaproxySwitch haproxy;
  TrafficSwitches switches;

  Prober prober;
  ReleaseExecutor ensure_release;
  FileExecutor ensure_file;
  LinkExecutor ensure_link;
  UnitExecutor ensure_unit;
  SwitchExecutor switch_traffic;
  CheckSwitchExecutor check_switch;
  DrainExecutor drain;
  ProbeExecutor probe;
  RunExecutor run;
  HookExecutor hook;
  PruneExecutor prune;
  VerifyOldExecutor verify_old;
  SystemdCreds credentials;
  ConfigurationExecutor ensure_configuration;
  SnapshotExecutor snapshot;
  RestoreExecutor restore;
  Executors executors;
  SchemaReader schemas;
  FileKeeper file_keeper;
  InventoryReader inventory;
};

}  // namespace switchyard::agent
