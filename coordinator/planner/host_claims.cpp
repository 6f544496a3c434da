#include "coordinator/planner/host_claims.hpp"

#include <algorithm>
#include <set>

#include "common/error.hpp"
#include "coordinator/planner/host_history.hpp"
#include "coordinator/planner/sole_use.hpp"

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

bool is_on(const model::Component& component, const HostId& host) {
  return std::find(component.hosts.begin(), component.hosts.end(), host) != component.hosts.end();
}

bool is_among(const std::vector<std::string>& uses, const std::string& use) {
  return std::find(uses.begin(), uses.end(), use) != uses.end();
}

void add_claims(const model::Manifest& manifest, const HostId& host, const SliceComponent& holder,
                std::vector<HostClaim>& claims) {
  const model::Component* renewed = manifest.find_component(holder.name);
  // A component that the manifest deploys anew may leave the port of the slot that does not serve.
  const bool moves = renewed != nullptr && is_on(*renewed, host);
  const std::vector<std::string> held = sole_uses(holder, moves ? Slots::serving : Slots::both);
  for (const model::Component& component : manifest.components) {
    if (component.name == holder.name || !is_on(component, host)) continue;
    for (const std::string& what : sole_uses(component)) {
      if (is_among(held, what)) claims.push_back({host, &component, what, &holder});
    }
  }
}

/// One of the units in which the two slots of a component that we deployed run.
bool is_slot_of(const SliceComponent& deployed, const std::string& unit) {
  const std::size_t at = deployed.unit.find('@');
  if (at == std::string::npos) return false;
  const std::string before_slot = deployed.unit.substr(0, at + 1);
  return unit == before_slot + "blue.service" || unit == before_slot + "green.service";
}

std::optional<PlanClash> find_clash(const HostId& host, const SliceComponent& wanted,
                                    const protocol::PlanSlice& other) {
  const std::vector<std::string> uses = sole_uses(wanted);
  for (const SliceComponent& holder : other.components) {
    if (holder.name == wanted.name) continue;  // that is for the locks to say
    for (const std::string& what : sole_uses(holder)) {
      if (is_among(uses, what)) return PlanClash{host, wanted.name, what, holder.name};
    }
  }
  return std::nullopt;
}

}  // namespace

std::vector<HostClaim> host_claims(const model::Manifest& manifest, const PlanningFacts& facts) {
  std::set<HostId> hosts;
  for (const model::Component& component : manifest.components) {
    hosts.insert(component.hosts.begin(), component.hosts.end());
  }
  std::vector<HostClaim> claims;
  for (const HostId& host : hosts) {
    for (const SliceComponent* holder : newest_of(facts, host)) add_claims(manifest, host, *holder, claims);
  }
  return claims;
}

void check_adoptions(const model::Manifest& manifest, const PlanningFacts& facts) {
  for (const model::Component& component : manifest.components) {
    if (component.adopt_unit.empty()) continue;
    for (const HostId& host : component.hosts) {
      for (const SliceComponent* holder : newest_of(facts, host)) {
        if (!is_slot_of(*holder, component.adopt_unit)) continue;
        throw InputError(component.where + ": component `" + component.name + "` adopts the unit " +
                         component.adopt_unit + " of host " + host.str() + ", which Switchyard itself deployed the " +
                         "component `" + holder->name + "` with; `adopt` is for what runs without Switchyard: leave " +
                         "it out, and deploy under the name `" + holder->name + "`, or give `" + component.name +
                         "` ports of its own");
      }
    }
  }
}

void check_host_claims(const model::Manifest& manifest, const PlanningFacts& facts) {
  for (const HostClaim& claim : host_claims(manifest, facts)) {
    const auto* inventory = find_facts(facts, claim.host);
    if (inventory == nullptr) continue;
    const protocol::ComponentFact fact = fact_of(*inventory, claim.holder->name);
    const bool serves = fact.problem.empty() && fact.serving.kind == protocol::OldKind::release &&
                        fact.unit_state != "failed" && fact.unit_state != "inactive";
    if (!serves) continue;
    throw InputError(claim.component->where + ": component `" + claim.component->name + "` uses " + claim.what +
                     " on host " + claim.host.str() + ", which the component `" + claim.holder->name +
                     "` was deployed with there (it serves by " + fact.serving.unit + "); give `" +
                     claim.component->name + "` its own");
  }
}

InventoryQuestions inventory_questions(const std::vector<HostClaim>& claims) {
  InventoryQuestions questions;
  std::set<std::pair<HostId, std::string>> asked;
  for (const HostClaim& claim : claims) {
    if (!asked.emplace(claim.host, claim.holder->name).second) continue;
    questions[claim.host].push_back(question_about(*claim.holder));
  }
  return questions;
}

std::optional<PlanClash> find_clash(const model::Plan& wanted, const model::Plan& other) {
  for (const auto& [host, slice] : wanted.slices) {
    const auto beside = other.slices.find(host);
    if (beside == other.slices.end()) continue;
    for (const SliceComponent& component : slice.components) {
      if (auto clash = find_clash(host, component, beside->second)) return clash;
    }
  }
  return std::nullopt;
}

}  // namespace switchyard::planner
