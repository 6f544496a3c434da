#pragma once

#include <optional>

#include "coordinator/model/manifest.hpp"
#include "coordinator/planner/component_change.hpp"
#include "coordinator/planner/deployment_planner.hpp"

namespace switchyard::planner {

/// What to do for one component of the manifest on one host that answered, to bring it to `facts.artifacts`; nothing if
/// it is so already. Throws InputError.
std::optional<ComponentChange> plan_change(const model::Manifest& manifest, const model::Component& component,
                                           const HostId& host, const PlanningFacts& facts);

}  // namespace switchyard::planner
