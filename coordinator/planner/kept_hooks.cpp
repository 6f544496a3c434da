#include "coordinator/planner/kept_hooks.hpp"

#include <optional>

namespace switchyard::planner {

std::vector<HookChange> kept_hooks(const protocol::SliceComponent& done) {
  std::vector<HookChange> hooks;
  for (const protocol::Step& step : done.steps) {
    const auto* hook = step.undo ? std::get_if<protocol::Hook>(&*step.undo) : nullptr;
    if (hook == nullptr || hook->phase < protocol::HookPhase::pre_rollback) continue;
    // Kept ready in reverse order.
    hooks.insert(hooks.begin(), {*hook, std::nullopt, step.timeout_ms});
  }
  return hooks;
}

}  // namespace switchyard::planner
