#include "coordinator/engine/revert_budget.hpp"

#include <algorithm>
#include <map>
#include <string>

#include "common/limits.hpp"
#include "coordinator/engine/failures.hpp"

namespace switchyard::engine {
namespace {

/// After the first confirm time, in which who is silent goes back alone, so many more without news.
constexpr std::int64_t silent_confirm_times = limits::stuck_after_confirm_times - 1;

}  // namespace

void note_undo(DeploymentRun& run, const HostId& host, const protocol::StepEvent& event) {
  const auto found = run.hosts.find(host);
  if (found == run.hosts.end() || !event.undo) return;
  const protocol::Step* step = find_step(run.plan, host, event.step);
  if (event.result.state == protocol::StepState::started && step != nullptr) {
    found->second.undoing[event.step] = step->timeout_ms;
  } else {
    found->second.undoing.erase(event.step);
  }
}

std::int64_t revert_patience_ms(const DeploymentRun& run) {
  const std::int64_t confirm_ms = run.plan.settings.confirm_ms;
  std::int64_t patience_ms = silent_confirm_times * confirm_ms;
  for (const auto& [id, host] : run.hosts) {
    // Who is not connected may have ended it long ago.
    if (!host.connected || host.reverted_all) continue;
    for (const auto& [step, timeout_ms] : host.undoing) patience_ms = std::max(patience_ms, timeout_ms + confirm_ms);
  }
  return patience_ms;
}

std::int64_t revert_end_ms(const model::Plan& plan) {
  std::map<std::string, std::int64_t> longest;
  for (const auto& [host, slice] : plan.slices) {
    for (const protocol::SliceComponent& component : slice.components) {
      std::int64_t sum = 0;
      for (const protocol::Step& step : component.steps) sum += step.undo ? step.timeout_ms : 0;
      std::int64_t& known = longest[component.name];
      known = std::max(known, sum);
    }
  }
  const std::int64_t least_ms = (silent_confirm_times + 1) * std::int64_t{plan.settings.confirm_ms};
  std::int64_t end_ms = least_ms;
  for (const auto& [component, ms] : longest) end_ms += ms;
  return std::clamp(end_ms, least_ms, std::max(least_ms, limits::revert_ms_max));
}

}  // namespace switchyard::engine
