#include "coordinator/planner/foreign_components.hpp"

#include <algorithm>

#include "common/error.hpp"
#include "coordinator/planner/host_history.hpp"

namespace switchyard::planner {

namespace {

/// A service that failed has crashed, and is its environment's all the same; only a person leaves one inactive.
bool is_given_up(const PlanningFacts& facts, const HostId& host, const std::string& component) {
  const auto* inventory = find_facts(facts, host);
  if (inventory == nullptr) return false;
  const protocol::ComponentFact fact = fact_of(*inventory, component);
  return fact.serving.kind != protocol::OldKind::release || fact.unit_state == "inactive";
}

[[noreturn]] void refuse_foreign(const model::Component& component, const std::string& environment,
                                 const model::ServingRow& row) {
  throw InputError(component.where + ": component `" + component.name + "` serves on host " + row.host.str() +
                   " for the environment `" + row.environment + "` (by " + row.serving.unit + ", deployed by " +
                   row.deployment.str() + "), and `" + environment +
                   "` would take it over; give the component another name or other hosts in `" + environment +
                   "`, or, if `" + row.environment + "` is to give it up, stop and disable " + row.serving.unit +
                   " on that host first");
}

}  // namespace

void check_foreign_components(const model::Manifest& manifest, const PlanningFacts& facts) {
  for (const model::ServingRow& row : facts.committed) {
    if (row.environment == manifest.environment || row.serving.kind != protocol::OldKind::release) continue;
    const model::Component* component = manifest.find_component(row.component);
    if (component == nullptr) continue;
    if (std::find(component->hosts.begin(), component->hosts.end(), row.host) == component->hosts.end()) continue;
    if (!is_given_up(facts, row.host, row.component)) refuse_foreign(*component, manifest.environment, row);
  }
}

}  // namespace switchyard::planner
