#pragma once

#include "agent/executors/executor.hpp"

namespace switchyard::agent {

/// EnsureLink: a symbolic link leads there, or is absent. Made under another name and renamed over the old one, so that
/// a reader finds the old target or the new one at every moment; read back. Several may run at once.
class LinkExecutor final : public Executor {
 public:
  explicit LinkExecutor(const HostPaths& paths) : paths_(paths) {}
  protocol::StepResult run(const protocol::Action& action, const StepContext& context) override;

 private:
  HostPaths paths_;
};

}  // namespace switchyard::agent
