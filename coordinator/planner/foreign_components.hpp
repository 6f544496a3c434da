#pragma once

#include "coordinator/planner/deployment_planner.hpp"

namespace switchyard::planner {

/// Throws InputError for the first component of the manifest that serves on one of its hosts for another environment
/// (`facts.committed`): both would write the same directory and units, and each deployment of one would take the
/// other's release away. What was stopped by hand there is free, and so is what went back to nothing. Of a host that
/// does not answer only what was committed is known, and counts.
void check_foreign_components(const model::Manifest& manifest, const PlanningFacts& facts);

}  // namespace switchyard::planner
