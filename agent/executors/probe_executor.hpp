#pragma once

#include <functional>
#include <string>
#include <vector>

#include "agent/executors/executor.hpp"
#include "agent/probes/probe_runner.hpp"

namespace switchyard::agent {

/// The last journal lines of a unit: journal_tail() of agent/system; tests pass their own.
using UnitTail = std::function<std::vector<std::string>(const std::string& unit)>;

/// Probe: the health check passes before its deadline. A check that is not critical and does not pass is done with a
/// warning. A unit that does not stay up is reported with its last words. Reads only; any number may run at once.
class ProbeExecutor final : public Executor {
 public:
  ProbeExecutor(Prober& prober, const Clock& clock, Pause pause, UnitTail tail);
  ProbeExecutor(TryProbe try_once, const Clock& clock, Pause pause, UnitTail tail);
  protocol::StepResult run(const protocol::Action& action, const StepContext& context) override;

 private:
  std::string last_words(const protocol::ProbeSpec& spec) const;

  TryProbe try_once_;
  const Clock& clock_;
  Pause pause_;
  UnitTail tail_;
};

}  // namespace switchyard::agent
