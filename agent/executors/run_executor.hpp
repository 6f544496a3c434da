#pragma once

#include <optional>
#include <string>

#include "agent/executors/executor.hpp"
#include "agent/probes/pause.hpp"
#include "agent/system/service_manager.hpp"
#include "common/clock.hpp"
#include "common/file_system.hpp"

namespace switchyard::agent {

/// Run: argv in a transient unit that is named after the step, so that systemd itself refuses to run it twice, and it
/// outlives the agent. What happened is looked for in this order: the result file that an earlier agent wrote; the unit
/// that still runs (it is waited for); the unit that has ended (its status is read); else, for a step that may have
/// run, UNKNOWN. The result file is durable before the unit is forgotten. Several may run at once.
class RunExecutor final : public Executor {
 public:
  RunExecutor(const HostPaths& paths, ServiceManager& services, FileSystem& files, const Clock& clock, Pause pause);
  protocol::StepResult run(const protocol::Action& action, const StepContext& context) override;

  static std::string unit_name(const StepContext& context);

 private:
  std::optional<protocol::StepResult> recorded(const StepContext& context) const;
  void record(const StepContext& context, const protocol::StepResult& result);
  std::optional<protocol::StepResult> start(const protocol::Run& wanted, const StepContext& context);
  /// A command that is undone may still run: an agent died while it did, or its result was no longer wanted. Its effect
  /// must not come after the undo's. Nothing when it is over.
  std::optional<protocol::StepResult> end_step(const StepContext& context);
  protocol::StepResult await_end(const StepContext& context);
  protocol::StepResult conclude(const StepContext& context, const UnitStatus& status);
  protocol::StepResult give_up(const StepContext& context);

  std::filesystem::path results_;
  ServiceManager& services_;
  FileSystem& files_;
  const Clock& clock_;
  Pause pause_;
};

}  // namespace switchyard::agent
