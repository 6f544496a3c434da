#include "cli/api_client.hpp"
#include "cli/commands/commands.hpp"

namespace switchyard::cli {

ExitStatus run_command(Context& context, const SecretsRm& options) {
  const std::string answer =
      context.api.remove("/v1/secrets/" + path_part(options.environment) + "/" + path_part(options.name));
  if (context.console.json) {
    context.console.print_json(answer);
  } else {
    context.console.notes << options.name << " of " << options.environment
                          << " is removed, with all its versions. Hosts keep what they have; nothing that needs it can "
                             "be planned any more.\n";
  }
  return ExitStatus::done;
}

}  // namespace switchyard::cli
