#pragma once

#include <optional>

#include "coordinator/access/environment_rule.hpp"
#include "coordinator/fleet/operations.hpp"

namespace switchyard::fleet {

/// Why this deployment cannot be rolled back so; nothing when it can be planned. `has_plan`: what it changed is known.
/// Pure.
std::optional<Refusal> refuse_rollback(const RollbackRequest& request, const model::DeploymentRow& row, bool has_plan,
                                       const access::EnvironmentRule& rule);

}  // namespace switchyard::fleet
