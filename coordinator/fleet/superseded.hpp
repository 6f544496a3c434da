#pragma once

#include <string>
#include <vector>

#include "coordinator/fleet/deployment_starter.hpp"

namespace switchyard::fleet {

/// The drafts that wait for approval and whose place a newer proposal takes: those of its name in its environment, for
/// they would be approved by mistake later. Two that were asked for with some components only, and with none in common,
/// stand beside each other. Oldest first. Throws StoreError.
std::vector<model::DeploymentRow> superseded_by(const store::StateStore& store, const StartOrder& order,
                                                const model::Plan& plan);

}  // namespace switchyard::fleet
