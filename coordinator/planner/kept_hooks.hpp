#pragma once

#include <vector>

#include "coordinator/planner/component_change.hpp"
#include "protocol/plan.hpp"

namespace switchyard::planner {

/// A deployment's hooks of the rollback, which it kept ready as undos: who takes it back when it is committed calls
/// them on the way. Pure.
std::vector<HookChange> kept_hooks(const protocol::SliceComponent& done);

}  // namespace switchyard::planner
