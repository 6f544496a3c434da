#include "cli/commands/commands.hpp"
#include "cli/token_report.hpp"

namespace switchyard::cli {

ExitStatus run_command(Context& context, const HostsReplace& options) {
  report_token(context.console, context.api.post("/v1/hosts/" + path_part(options.host) + "/replace", "{}"),
               "--name " + options.host + " ");
  return ExitStatus::done;
}

}  // namespace switchyard::cli
