#include "agent/executors/host/check_switch_executor.hpp"

#include "agent/executors/host/switch_text.hpp"

namespace switchyard::agent {

protocol::StepResult CheckSwitchExecutor::run(const protocol::Action& action, const StepContext&) {
  const auto& wanted = std::get<protocol::CheckSwitch>(action).intended;
  if (const auto refusal = switches_.of(wanted.kind).refuse(wanted)) return failed(refusal->code, refusal->text);
  return done(false, "the switch of " + wanted.component + " can send connections to " +
                         targets_text(live_targets(wanted.targets)));
}

}  // namespace switchyard::agent
