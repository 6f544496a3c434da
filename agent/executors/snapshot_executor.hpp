#pragma once

#include <filesystem>
#include <map>
#include <mutex>
#include <string>

#include "agent/executors/executor.hpp"
#include "agent/system/service_manager.hpp"

namespace switchyard::agent {

/// Snapshot: copies of a component's files, kept in the host's place for backups and compared with their digests. Reads
/// only what this host's agent.yaml lets plans touch. One at a time, others wait: a deployment and a person may want
/// one of the same component, and each removes what an interrupted one has left.
class SnapshotExecutor final : public Executor {
 public:
  explicit SnapshotExecutor(const HostPaths& paths) : paths_(paths) {}
  protocol::StepResult run(const protocol::Action& action, const StepContext& context) override;

  /// Schemas of databases, beside the files that are kept under the name: each text is kept by what it is called. What
  /// is kept already stays as it is, and has to be the same schema. Throws what the SnapshotStore throws.
  struct KeptSchemas {
    std::map<std::string, std::filesystem::path> places;
    std::string why_not;  ///< not empty: they are not kept
  };
  KeptSchemas keep_schemas(const std::string& component, const std::string& name,
                           const std::map<std::string, std::string>& texts);

 private:
  HostPaths paths_;
  std::mutex one_at_a_time_;
};

/// Under which the schemas are that belong to a snapshot of this name.
std::string schemas_name(const std::string& snapshot);

/// Restore: the files are again what a snapshot says. As an undo it is content without one: then the step that makes it
/// did not come to its end, and nothing was changed after it. Several may run at once, for different components.
class RestoreExecutor final : public Executor {
 public:
  RestoreExecutor(const HostPaths& paths, ServiceManager& services) : paths_(paths), services_(services) {}
  protocol::StepResult run(const protocol::Action& action, const StepContext& context) override;

 private:
  HostPaths paths_;
  ServiceManager& services_;
};

}  // namespace switchyard::agent
