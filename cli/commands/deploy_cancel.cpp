#include "cli/api_values.hpp"
#include "cli/commands/commands.hpp"
#include "cli/follow.hpp"

namespace switchyard::cli {

/// What was asked for is that everything runs as before: that end is success here.
ExitStatus run_command(Context& context, const DeployCancel& options) {
  const std::string answer = context.api.post("/v1/deployments/" + path_part(options.id) + "/cancel",
                                              write_texts({{"reason", options.reason}}));
  if (options.detach) {
    if (context.console.json) context.console.print_json(answer);
    context.console.notes << "It is being undone. Watch it: switchyard deploy status " << options.id << " --follow\n";
    return ExitStatus::done;
  }
  const ExitStatus status = follow(context, options.id);
  return status == ExitStatus::rolled_back || status == ExitStatus::refused ? ExitStatus::done : status;
}

}  // namespace switchyard::cli
