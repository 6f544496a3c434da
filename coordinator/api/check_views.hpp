#pragma once

#include <string>
#include <vector>

#include "coordinator/model/registered_check.hpp"
#include "coordinator/model/verdict.hpp"

/// The response bodies of registered health checks, as in json_views.hpp. Pure.
namespace switchyard::api::views {

std::string registered_body(const std::vector<std::string>& names);
std::string checks_body(const std::vector<model::RegisteredCheck>& checks);
std::string verdict_body(const model::Verdict& verdict);

}  // namespace switchyard::api::views
