#pragma once

#include <string_view>

#include "coordinator/model/plan.hpp"

namespace switchyard::model {

/// Nothing when the slice, or the plan for that host, does not have it.
const protocol::SliceComponent* find_component(const protocol::PlanSlice& slice, std::string_view name);
const protocol::SliceComponent* find_component(const Plan& plan, const HostId& host, std::string_view name);

}  // namespace switchyard::model
