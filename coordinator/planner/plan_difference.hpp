#pragma once

#include <string>
#include <vector>

#include "coordinator/model/plan.hpp"

namespace switchyard::planner {

/// What somebody who approved `approved` would now get that he has not seen: one sentence for each host and component.
/// Empty when the plans tell every host the same; number, expiry and signature do not count. Both are of the same
/// deployment, whose id is in their steps. Pure.
std::vector<std::string> plan_difference(const model::Plan& approved, const model::Plan& now);

}  // namespace switchyard::planner
