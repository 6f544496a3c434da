#include "cli/commands/commands.hpp"
#include "cli/environment_choice.hpp"

namespace switchyard::cli {

ExitStatus run_command(Context& context, const HealthRemove& options) {
  const std::string environment = choose_environment(context, options.environment);
  const std::string answer =
      context.api.remove("/v1/health-checks/" + path_part(environment) + "/" + path_part(options.name));
  if (context.console.json) context.console.print_json(answer);
  return ExitStatus::done;
}

}  // namespace switchyard::cli
