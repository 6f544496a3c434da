#include "cli/commands/commands.hpp"

namespace switchyard::cli {

ExitStatus run_command(Context& context, const AgentsRevoke& options) {
  const std::string answer = context.api.post("/v1/agents/" + path_part(options.host) + "/revoke", "{}");
  if (context.console.json) {
    context.console.print_json(answer);
  } else {
    context.console.out << "The agent key of " << options.host << " is revoked.\n";
  }
  return ExitStatus::done;
}

}  // namespace switchyard::cli
