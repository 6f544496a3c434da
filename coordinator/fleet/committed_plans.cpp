#include "coordinator/fleet/committed_plans.hpp"

#include "coordinator/fleet/deferral_ledger.hpp"

namespace switchyard::fleet {

std::shared_ptr<const CommittedPlan> CommittedPlans::find(const DeploymentId& id) {
  const auto found = known_.find(id);
  if (found != known_.end()) return found->second;
  auto plan = read(id);
  if (plan == nullptr) return plan;
  const std::size_t size = plan->brought.size() + plan->about.size();
  if (size > places_max_) return plan;
  if (places_ + size > places_max_) {
    known_.clear();
    places_ = 0;
  }
  known_.emplace(id, plan);
  places_ += size;
  return plan;
}

std::shared_ptr<const CommittedPlan> CommittedPlans::read(const DeploymentId& id) const {
  const auto plan = store_.plan(id);
  if (!plan) return nullptr;
  auto committed = std::make_shared<CommittedPlan>();
  committed->watched = plan->settings.watch_ms != 0;
  committed->hosts = plan->slices.size();
  for (const auto& [host, slice] : plan->slices) {
    for (const protocol::SliceComponent& component : slice.components) {
      committed->brought[{host, component.name}] = {component.slot, component.release, planner::what_runs(component)};
    }
  }
  const auto source = store_.source(id);
  if (!source) return committed;
  for (const auto& [host, components] : places_of(*source)) {
    for (const std::string& component : components) {
      const auto artifact = source->artifacts.find(component);
      if (artifact != source->artifacts.end()) committed->about[{host, component}] = artifact->second;
    }
  }
  return committed;
}

}  // namespace switchyard::fleet
