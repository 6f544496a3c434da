#pragma once

#include <string>

#include "coordinator/fleet/operations.hpp"
#include "coordinator/fleet/planning.hpp"

namespace switchyard::fleet {

/// What the plan would come to, on the durations that were measured. `fail`: the step that fails; empty: none. Nothing
/// is written. Throws StoreError.
Answer<SimulationView> simulation_of(const store::StateStore& store, const PlannedDeployment& planned,
                                     const std::string& fail);

}  // namespace switchyard::fleet
