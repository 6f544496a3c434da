#pragma once

#include "agent/executors/executor.hpp"
#include "agent/probes/pause.hpp"
#include "agent/system/traffic_switch.hpp"
#include "common/clock.hpp"

namespace switchyard::agent {

/// Drain: waits until nobody is connected to a slot that gets no new connections, at most for the budget. A budget that
/// is spent is no failure: the evidence then says how many connections the stop that follows will cut. With haproxy its
/// own sessions are counted; if it cannot be asked any more, the slot's sockets are.
class DrainExecutor final : public Executor {
 public:
  DrainExecutor(const TrafficSwitches& switches, const Clock& clock, Pause pause);
  protocol::StepResult run(const protocol::Action& action, const StepContext& context) override;

 private:
  std::uint64_t count(const protocol::Drain& wanted) const;

  TrafficSwitches switches_;
  const Clock& clock_;
  Pause pause_;
};

}  // namespace switchyard::agent
