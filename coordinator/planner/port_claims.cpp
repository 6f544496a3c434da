#include "coordinator/planner/port_claims.hpp"

#include <algorithm>
#include <set>

#include "common/error.hpp"
#include "coordinator/planner/host_history.hpp"
#include "coordinator/planner/traffic_plan.hpp"
#include "coordinator/planner/unit_file.hpp"

namespace switchyard::planner {

namespace {

using protocol::SliceComponent;

/// What every component of the host was last deployed as; those that were brought back to nothing are left out.
std::vector<const SliceComponent*> newest_of(const PlanningFacts& facts, const HostId& host) {
  std::vector<const SliceComponent*> newest;
  const auto found = facts.history.find(host);
  if (found == facts.history.end()) return newest;
  std::set<std::string> seen;
  for (const SliceComponent& entry : found->second) {
    if (seen.insert(entry.name).second && !entry.release.empty()) newest.push_back(&entry);
  }
  return newest;
}

/// The stable port and, unless `serving_only`, both slots'. Without a switch there is one port, which the unit was
/// told.
std::set<std::uint16_t> ports_of(const SliceComponent& holder, bool serving_only) {
  std::set<std::uint16_t> ports;
  if (const protocol::SwitchTraffic* traffic = find_switch(holder)) {
    ports.insert(traffic->stable_port);
    for (const protocol::SwitchTarget& target : traffic->targets) {
      if (!serving_only || target.slot == holder.slot) ports.insert(target.port);
    }
  } else if (const protocol::EnsureFile* file = find_unit_file(holder)) {
    ports.insert(port_of_unit_file(file->content));
  }
  ports.erase(0);
  return ports;
}

bool is_on(const model::Component& component, const HostId& host) {
  return std::find(component.hosts.begin(), component.hosts.end(), host) != component.hosts.end();
}

void add_claims(const model::Manifest& manifest, const HostId& host, const SliceComponent& holder,
                std::vector<PortClaim>& claims) {
  const model::Component* renewed = manifest.find_component(holder.name);
  // A component that the manifest deploys anew may leave the port of the slot that does not serve.
  const std::set<std::uint16_t> held = ports_of(holder, renewed != nullptr && is_on(*renewed, host));
  for (const model::Component& component : manifest.components) {
    if (component.name == holder.name || !is_on(component, host)) continue;
    if (!component.adopt_unit.empty() && component.adopt_unit == holder.unit) continue;
    for (const std::uint16_t port : {component.ports.stable, component.ports.blue, component.ports.green}) {
      if (held.contains(port)) claims.push_back({host, &component, port, &holder});
    }
  }
}

}  // namespace

std::vector<PortClaim> port_claims(const model::Manifest& manifest, const PlanningFacts& facts) {
  std::set<HostId> hosts;
  for (const model::Component& component : manifest.components) {
    hosts.insert(component.hosts.begin(), component.hosts.end());
  }
  std::vector<PortClaim> claims;
  for (const HostId& host : hosts) {
    for (const SliceComponent* holder : newest_of(facts, host)) add_claims(manifest, host, *holder, claims);
  }
  return claims;
}

void check_port_claims(const model::Manifest& manifest, const PlanningFacts& facts) {
  for (const PortClaim& claim : port_claims(manifest, facts)) {
    const auto* inventory = find_facts(facts, claim.host);
    if (inventory == nullptr) continue;
    const protocol::ComponentFact fact = fact_of(*inventory, claim.holder->name);
    const bool serves = fact.problem.empty() && fact.serving.kind == protocol::OldKind::release &&
                        fact.unit_state != "failed" && fact.unit_state != "inactive";
    if (!serves) continue;
    throw InputError(claim.component->where + ": component `" + claim.component->name + "` uses port " +
                     std::to_string(claim.port) + " on host " + claim.host.str() + ", which the component `" +
                     claim.holder->name + "` was deployed with there (it serves by " + fact.serving.unit + "); give `" +
                     claim.component->name + "` another port");
  }
}

InventoryQuestions inventory_questions(const std::vector<PortClaim>& claims) {
  InventoryQuestions questions;
  std::set<std::pair<HostId, std::string>> asked;
  for (const PortClaim& claim : claims) {
    if (!asked.emplace(claim.host, claim.holder->name).second) continue;
    questions[claim.host].push_back(question_about(*claim.holder));
  }
  return questions;
}

}  // namespace switchyard::planner
