#pragma once

#include <string>
#include <vector>

#include "coordinator/model/manifest.hpp"

namespace switchyard::planner {

/// What whoever asked has brought along that stands in for what the manifest leaves unsaid (variables, and the strategy
/// of the environment's file) or in its place (`--strategy`), each as NAME=VALUE and what for:
/// `DEPLOYMENT_STRATEGY=rolling for api, web`. What decides nothing is not among them. Pure.
std::vector<std::string> caller_defaults(const model::Manifest& manifest);
/// Of one of them, for people: "from the caller's environment, where the manifest says nothing".
std::string where_it_is_from(const std::string& taken);

}  // namespace switchyard::planner
