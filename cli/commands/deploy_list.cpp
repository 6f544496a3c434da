#include "cli/commands/commands.hpp"
#include "cli/deployment_report.hpp"

namespace switchyard::cli {

ExitStatus run_command(Context& context, const DeployList& options) {
  return report_deployments(context, "/v1/deployments?limit=" + std::to_string(options.limit), "deployments");
}

}  // namespace switchyard::cli
