#include "cli/commands/commands.hpp"
#include "cli/follow.hpp"

namespace switchyard::cli {

ExitStatus run_command(Context& context, const DeployPromote& options) {
  const std::string answer = context.api.post("/v1/deployments/" + path_part(options.id) + "/promote", "{}");
  if (!options.detach) return follow(context, options.id);
  if (context.console.json) context.console.print_json(answer);
  context.console.notes << "It goes on. Watch it: switchyard deploy status " << options.id << " --follow\n";
  return ExitStatus::done;
}

}  // namespace switchyard::cli
