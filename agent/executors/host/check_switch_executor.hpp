#pragma once

#include "agent/executors/executor.hpp"
#include "agent/system/traffic_switch.hpp"

namespace switchyard::agent {

/// CheckSwitch: asks the switch whether it would work, before anything changes. A refusal is a failed step whose code
/// says which kind of obstacle it is (SwitchRefusal). Reads only; any thread.
class CheckSwitchExecutor final : public Executor {
 public:
  explicit CheckSwitchExecutor(const TrafficSwitches& switches) : switches_(switches) {}
  protocol::StepResult run(const protocol::Action& action, const StepContext& context) override;

 private:
  TrafficSwitches switches_;
};

}  // namespace switchyard::agent
