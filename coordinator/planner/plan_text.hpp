#pragma once

#include <string>

#include "coordinator/model/plan.hpp"

namespace switchyard::planner {

/// The plan for people: order, what changes from what to what, interruptions, the steps of every host, settings and
/// hash. Hosts with equal lines are named together. Ends with a line break; no line has a trailing blank. `more` are
/// sections of others, before the hash.
std::string plan_text(const model::Plan& plan, const std::string& more = {});

}  // namespace switchyard::planner
