#pragma once

#include <optional>

#include "coordinator/access/environment_rule.hpp"
#include "coordinator/fleet/operations.hpp"

namespace switchyard::fleet {

/// Why this deployment cannot be rolled back so; nothing when it can be planned. `plan`: what it changed; nullptr: that
/// is not known. Pure.
std::optional<Refusal> refuse_rollback(const RollbackRequest& request, const model::DeploymentRow& row,
                                       const model::Plan* plan, const access::EnvironmentRule& rule);

}  // namespace switchyard::fleet
