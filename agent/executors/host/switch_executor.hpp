#pragma once

#include "agent/executors/executor.hpp"
#include "agent/system/traffic_switch.hpp"

namespace switchyard::agent {

/// SwitchTraffic: reads which slots the switch sends new connections to, changes it in one step if that is not what is
/// wanted (or would not survive a reboot), and reads back. The evidence names what is live. Any thread; the
/// switches take turns by themselves.
class SwitchExecutor final : public Executor {
 public:
  explicit SwitchExecutor(const TrafficSwitches& switches) : switches_(switches) {}
  protocol::StepResult run(const protocol::Action& action, const StepContext& context) override;

 private:
  TrafficSwitches switches_;
};

}  // namespace switchyard::agent
