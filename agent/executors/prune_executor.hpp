#pragma once

#include "agent/executors/executor.hpp"

namespace switchyard::agent {

/// Prune: removes a component's releases beyond the `keep` newest. Never one that the plan protects, and never one that
/// is in use on this host, which is found by looking (releases_in_use), not by trusting the plan. What an interrupted
/// ensure_release or prune left aside is cleared too. One step per component at a time.
class PruneExecutor final : public Executor {
 public:
  explicit PruneExecutor(const HostPaths& paths) : paths_(paths) {}
  protocol::StepResult run(const protocol::Action& action, const StepContext& context) override;

 private:
  HostPaths paths_;
};

}  // namespace switchyard::agent
