#include "cli/commands/commands.hpp"
#include "cli/deployment_input.hpp"

namespace switchyard::cli {

ExitStatus run_command(Context& context, const PlanShow& options) {
  print_plan(context, prepare_deployment(context, options.deployment, ArtifactUse::describe), options.dot);
  return ExitStatus::done;
}

}  // namespace switchyard::cli
