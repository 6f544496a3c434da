#pragma once

#include <cstdint>
#include <vector>

#include "coordinator/planner/deployment_planner.hpp"

namespace switchyard::planner {

/// A port that a component of the manifest wants on a host, and that another component was last deployed with there.
struct PortClaim {
  HostId host;
  const model::Component* component = nullptr;
  std::uint16_t port = 0;
  const protocol::SliceComponent* holder = nullptr;
};

/// By what earlier deployments left on the manifest's hosts (`facts.history`). A component that adopts the holder's
/// unit takes over its port, and claims nothing of it. References into the manifest and the facts.
std::vector<PortClaim> port_claims(const model::Manifest& manifest, const PlanningFacts& facts);

/// What to ask the agents about the holders, beside the manifest's own components.
InventoryQuestions inventory_questions(const std::vector<PortClaim>& claims);

/// Throws InputError for the first claim on a component that still serves, as its host's agent says. What was stopped
/// by hand holds no port, whatever the history says.
void check_port_claims(const model::Manifest& manifest, const PlanningFacts& facts);

}  // namespace switchyard::planner
