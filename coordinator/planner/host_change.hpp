#pragma once

#include <optional>

#include "coordinator/model/manifest.hpp"
#include "coordinator/planner/component_change.hpp"
#include "coordinator/planner/deployment_planner.hpp"

namespace switchyard::planner {

/// yes: also what serves already is brought into the other slot once more, so that its service begins anew.
enum class Anew { no, yes };

/// What to do for one component of the manifest on one host that answered, to bring it to `facts.artifacts`; nothing if
/// it is so already. Throws InputError.
std::optional<ComponentChange> plan_change(const model::Manifest& manifest, const model::Component& component,
                                           const HostId& host, const PlanningFacts& facts, Anew anew = Anew::no);

/// Whether it is so already, on a host that answered: the same bytes, configured alike, whole, and running.
bool is_there_already(const model::Manifest& manifest, const model::Component& component, const HostId& host,
                      const PlanningFacts& facts);

}  // namespace switchyard::planner
