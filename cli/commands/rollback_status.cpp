#include "cli/commands/commands.hpp"
#include "cli/deployment_report.hpp"
#include "cli/follow.hpp"

namespace switchyard::cli {

ExitStatus run_command(Context& context, const RollbackStatus& options) {
  if (options.follow) return follow(context, options.id);
  return report_deployment(context, "/v1/rollbacks/" + path_part(options.id));
}

}  // namespace switchyard::cli
