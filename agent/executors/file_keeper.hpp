#pragma once

#include "agent/executors/executors.hpp"
#include "agent/executors/snapshot_executor.hpp"
#include "agent/probes/schema_reader.hpp"
#include "common/limits_snapshots.hpp"
#include "protocol/save_order.hpp"

namespace switchyard::agent {

/// Keeps a component's files, and the schemas of its databases, under the names of snapshots that persons made, as an
/// order says: the copies of those that are not wanted any more go, and the files are copied as they are now. The same
/// again changes nothing. Without a name nothing is copied, and schemas are only looked at. Blocking: for a worker
/// thread. Several may run at once, for different components.
class FileKeeper {
 public:
  FileKeeper(const HostPaths& paths, Executors& executors, SnapshotExecutor& copies, const SchemaReader& schemas)
      : paths_(paths), executors_(executors), copies_(copies), schemas_(schemas) {}
  /// `left_ms`: then nobody waits for it any more; databases that would take longer are not read. Never throws an
  /// Error: what fails is told as of a step.
  protocol::FileSaveResult keep(const protocol::FileSave& wanted, std::int64_t left_ms = limits::save_order_ms);

 private:
  bool keep_files(const protocol::FileSave& wanted, protocol::FileSaveResult& result);
  bool keep_schemas(const protocol::FileSave& wanted, std::int64_t left_ms, protocol::FileSaveResult& result);

  HostPaths paths_;
  Executors& executors_;
  SnapshotExecutor& copies_;
  const SchemaReader& schemas_;
};

}  // namespace switchyard::agent
