#include "cli/commands/commands.hpp"
#include "cli/deployment_report.hpp"

namespace switchyard::cli {

ExitStatus run_command(Context& context, const RollbackList& options) {
  return report_deployments(context, "/v1/rollbacks?limit=" + std::to_string(options.limit), "rollbacks");
}

}  // namespace switchyard::cli
