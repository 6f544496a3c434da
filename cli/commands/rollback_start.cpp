#include "cli/api_values.hpp"
#include "cli/commands/commands.hpp"
#include "cli/deployment_input.hpp"
#include "cli/follow.hpp"

namespace switchyard::cli {

ExitStatus run_command(Context& context, const RollbackStart& options) {
  const std::string body =
      write_rollback({options.id, options.components, options.without, options.to_nothing, options.reason});
  const std::string answer = start_once(context, "/v1/rollbacks", body);
  const Deployment rollback = read_deployment(answer);
  if (!options.detach) {
    context.console.notes << "Rollback " << rollback.id
                          << (rollback.state == "draft" ? " waits for approval.\n" : " started.\n");
    return follow(context, rollback.id, options.wait_approval);
  }
  if (context.console.json) {
    context.console.print_json(answer);
  } else {
    context.console.out << rollback.id << "\n";
    context.console.notes << (rollback.state == "draft" ? "It waits for approval. " : "Started. ")
                          << "Watch it: switchyard rollback status " << rollback.id << " --follow\n";
  }
  return ExitStatus::done;
}

}  // namespace switchyard::cli
