#pragma once

#include <nlohmann/json_fwd.hpp>

#include "coordinator/forecast/outlook.hpp"
#include "coordinator/model/plan.hpp"

namespace switchyard::api::views {

/// `absent`, or the release, slot and unit that served.
nlohmann::json old_view(const protocol::OldState& old);

/// A plan for people and programs: its hash, the nodes in their order, and what each host is told to do. Contents of
/// files are left out: they may hold what only their host shall know. Pure.
nlohmann::json plan_view(const model::Plan& plan);
/// The same with what is to be expected of it, which then is in the text too.
nlohmann::json plan_view(const model::Plan& plan, const forecast::Outlook& outlook);

}  // namespace switchyard::api::views
