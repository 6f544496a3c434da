#pragma once

#include <optional>
#include <string>

#include "coordinator/fleet/operations.hpp"

namespace switchyard::fleet {

/// Whether `reason` says anything at all.
bool says_why(const std::string& reason);

/// Why this deployment cannot be rolled back so; nothing when it can be planned. `plan`: what it changed; nullptr: that
/// is not known. Pure.
std::optional<Refusal> refuse_rollback(const RollbackRequest& request, const model::DeploymentRow& row,
                                       const model::Plan* plan);

}  // namespace switchyard::fleet
