#pragma once

#include <vector>

#include "coordinator/store/state_store.hpp"

namespace switchyard::fleet {

/// What was committed last for each component on each host. The store has one row for each environment that ever
/// deployed a component there; of several the newest says what serves. `newest_first`: the deployments' rows; one that
/// is not among them is older than all. Pure; in the order of host and component.
std::vector<model::ServingRow> last_committed(const std::vector<model::ServingRow>& serving,
                                              const std::vector<model::DeploymentRow>& newest_first);

}  // namespace switchyard::fleet
