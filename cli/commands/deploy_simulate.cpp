#include "cli/commands/commands.hpp"
#include "cli/deployment_input.hpp"

namespace switchyard::cli {

ExitStatus run_command(Context& context, const DeploySimulate& options) {
  const DeployBody body = prepare_deployment(context, options.deployment, ArtifactUse::describe);
  const std::string answer = context.api.post("/v1/simulations", write_simulation(body, options.fail));
  if (context.console.json) {
    context.console.print_json(answer);
  } else {
    context.console.out << read_simulation_text(answer);
  }
  return ExitStatus::done;
}

}  // namespace switchyard::cli
