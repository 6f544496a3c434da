#pragma once

#include <nlohmann/json_fwd.hpp>

#include "coordinator/forecast/outlook.hpp"

namespace switchyard::api::views {

/// What is to be expected of a plan: changes, risks, approvals, the point of no return, durations. Pure.
nlohmann::json outlook_view(const model::Plan& plan, const forecast::Outlook& outlook);

}  // namespace switchyard::api::views
