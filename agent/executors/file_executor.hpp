#pragma once

#include "agent/executors/allowed_paths.hpp"
#include "agent/executors/executor.hpp"
#include "agent/system/service_manager.hpp"

namespace switchyard::agent {

/// EnsureFile: a small file has this content, mode and owner, or is absent. Written beside its place, made durable, and
/// renamed over it, so that a reader sees the old file or the new one; its digest is read back. When a unit file
/// changed, systemd is told to read its units again. Several may run at once.
class FileExecutor final : public Executor {
 public:
  FileExecutor(const HostPaths& paths, ServiceManager& services) : paths_(paths), services_(services) {}
  protocol::StepResult run(const protocol::Action& action, const StepContext& context) override;

 private:
  protocol::StepResult remove(const protocol::EnsureFile& wanted, const AllowedPlace& place);
  protocol::StepResult write(const protocol::EnsureFile& wanted, const AllowedPlace& place);
  void changed(const AllowedPlace& place);

  HostPaths paths_;
  ServiceManager& services_;
};

}  // namespace switchyard::agent
