#include "agent/core/deployment.hpp"

#include <algorithm>

#include "common/limits.hpp"
#include "common/planted.hpp"

namespace switchyard::agent {

const protocol::SliceComponent* DeploymentRun::component_plan(const std::string& name) const {
  const auto found = std::find_if(slice.components.begin(), slice.components.end(),
                                  [&](const protocol::SliceComponent& component) { return component.name == name; });
  return found == slice.components.end() ? nullptr : &*found;
}

std::vector<protocol::ProbeSpec> DeploymentRun::watched_probes(const protocol::SliceComponent& component,
                                                               std::uint32_t stage) {
  if (stage >= component.stages) return component.watch;
  std::vector<protocol::ProbeSpec> probes;
  for (const protocol::Step& step : component.steps) {
    const auto* probe = std::get_if<protocol::Probe>(&step.action);
    if (probe != nullptr && step.phase == protocol::Phase::swap && step.stage == stage) probes.push_back(probe->spec);
  }
  return probes;
}

bool DeploymentRun::swapped() const {
  return std::all_of(slice.components.begin(), slice.components.end(), [&](const protocol::SliceComponent& component) {
    return components.at(component.name).stage >= component.stages;
  });
}

bool DeploymentRun::provisional() const {
  return armed && (!held || PLANTED(reverts_by_itself_after_the_vote)) && !decided;
}

bool DeploymentRun::restoring() const {
  return std::any_of(components.begin(), components.end(),
                     [](const auto& entry) { return entry.second.chain.activity == Activity::restoring; });
}

protocol::AgentState DeploymentRun::state() const {
  using protocol::AgentState;
  if (stuck) return AgentState::stuck;
  if (reverted) return AgentState::reverted;
  if (committed) return AgentState::committed;
  if (decided) return commit ? AgentState::held : AgentState::reverting;
  if (held) return AgentState::held;
  if (armed) return swapped() ? AgentState::swapped : AgentState::swapping;
  const auto staged =
      std::count_if(components.begin(), components.end(), [](const auto& entry) { return entry.second.staged; });
  if (static_cast<std::size_t>(staged) == components.size()) return AgentState::staged;
  const bool busy = std::any_of(components.begin(), components.end(),
                                [](const auto& entry) { return entry.second.chain.activity != Activity::none; });
  return staged > 0 || busy ? AgentState::staging : AgentState::accepted;
}

protocol::DeploymentReport DeploymentRun::report(std::int64_t now_boot_ms) const {
  protocol::DeploymentReport report;
  report.deployment = slice.deployment;
  report.state = state();
  if (decided && !commit) report.why = why.substr(0, limits::report_why_bytes_max);
  report.remaining_ms = provisional() ? std::max<std::int64_t>(0, deadline_boot_ms - now_boot_ms) : 0;
  for (const protocol::SliceComponent& plan : slice.components) {
    const ComponentRun& run = components.at(plan.name);
    protocol::ComponentReport component;
    component.component = plan.name;
    component.staged = run.staged;
    component.stage = run.stage;
    const bool serves_new = run.stage >= plan.stages;
    component.serving_release = serves_new ? plan.release.str() : plan.old.release.str();
    component.serving_slot = serves_new ? plan.slot : plan.old.slot;
    report.components.push_back(std::move(component));
  }
  return report;
}

}  // namespace switchyard::agent
