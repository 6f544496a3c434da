#pragma once

#include "agent/executors/executor.hpp"
#include "agent/probes/probe_runner.hpp"

namespace switchyard::agent {

/// Probe: the health check passes before its deadline. A check that is not critical and does not pass is done with a
/// warning. Reads only; any number may run at once.
class ProbeExecutor final : public Executor {
 public:
  ProbeExecutor(Prober& prober, const Clock& clock, Pause pause);
  ProbeExecutor(TryProbe try_once, const Clock& clock, Pause pause);
  protocol::StepResult run(const protocol::Action& action, const StepContext& context) override;

 private:
  TryProbe try_once_;
  const Clock& clock_;
  Pause pause_;
};

}  // namespace switchyard::agent
