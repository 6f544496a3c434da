#include "agent/executors/host/switch_executor.hpp"

#include "agent/executors/host/switch_text.hpp"

namespace switchyard::agent {

protocol::StepResult SwitchExecutor::run(const protocol::Action& action, const StepContext&) {
  const auto& wanted = std::get<protocol::SwitchTraffic>(action);
  if (wanted.kind == protocol::SwitchKind::none) {
    return done(false, "component " + wanted.component + " has no switch: its port belongs to whoever listens on it");
  }
  TrafficSwitch& traffic = switches_.of(wanted.kind);
  const auto goal = live_targets(wanted.targets);
  const SwitchReading before = traffic.read(wanted);
  const bool changed = !same_targets(live_targets(before.targets), goal);
  SwitchReading after = before;
  if (changed || !before.durable) {
    traffic.apply(wanted);
    after = traffic.read(wanted);
  }
  const auto live = live_targets(after.targets);
  protocol::StepResult result;
  if (!same_targets(live, goal)) {
    result = failed("switch_not_as_asked", "the switch of " + wanted.component + " was set to " + targets_text(goal) +
                                               ", but sends new connections to " + targets_text(live) +
                                               ": does something else on this host change it?");
  } else {
    result = done(changed, "new connections of " + wanted.component + " go to " + targets_text(live));
  }
  result.evidence["live"] = targets_text(live);
  result.evidence["before"] = targets_text(live_targets(before.targets));
  return result;
}

}  // namespace switchyard::agent
