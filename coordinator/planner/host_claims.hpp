#pragma once

#include <optional>
#include <string>
#include <vector>

#include "coordinator/planner/deployment_planner.hpp"

namespace switchyard::planner {

/// What a component of the manifest wants on a host for itself alone (sole_use.hpp), and another component was last
/// deployed with there.
struct HostClaim {
  HostId host;
  const model::Component* component = nullptr;
  std::string what;
  const protocol::SliceComponent* holder = nullptr;
};

/// By what earlier deployments left on the manifest's hosts (`facts.history`). References into the manifest and the
/// facts.
std::vector<HostClaim> host_claims(const model::Manifest& manifest, const PlanningFacts& facts);

/// What to ask the agents about the holders, beside the manifest's own components.
InventoryQuestions inventory_questions(const std::vector<HostClaim>& claims);

/// Throws InputError when a component adopts a unit that Switchyard itself deployed: it would be stopped as a stranger,
/// and the port that it served on would be nobody's.
void check_adoptions(const model::Manifest& manifest, const PlanningFacts& facts);

/// Throws InputError for the first claim on a component that still serves, as its host's agent says. What was stopped
/// by hand holds nothing, whatever the history says.
void check_host_claims(const model::Manifest& manifest, const PlanningFacts& facts);

/// What two plans of different components would both use on a host.
struct PlanClash {
  HostId host;
  std::string component;  ///< of `wanted`
  std::string what;
  std::string holder;  ///< of `other`
};
/// Nothing if both may be carried out side by side. Pure.
std::optional<PlanClash> find_clash(const model::Plan& wanted, const model::Plan& other);

}  // namespace switchyard::planner
