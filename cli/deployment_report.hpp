#pragma once

#include <string>
#include <vector>

#include "cli/api_values.hpp"
#include "cli/context.hpp"
#include "cli/exit_status.hpp"

namespace switchyard::cli {

/// Asks for one deployment (or rollback) at `path` and prints it whole: what it is, how each component on each host
/// stands, how it ended.
ExitStatus report_deployment(Context& context, const std::string& path);

/// Asks for a list at `path` and prints it as a table. `list`: deployments or rollbacks.
ExitStatus report_deployments(Context& context, const std::string& path, const char* list);

}  // namespace switchyard::cli
