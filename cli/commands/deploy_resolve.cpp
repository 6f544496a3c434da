#include "cli/api_values.hpp"
#include "cli/commands/commands.hpp"

namespace switchyard::cli {

ExitStatus run_command(Context& context, const DeployResolve& options) {
  const std::string answer = context.api.post("/v1/deployments/" + path_part(options.id) + "/resolve",
                                              write_resolution(options.host, options.reason));
  if (context.console.json) {
    context.console.print_json(answer);
  } else {
    context.console.out << "Host " << options.host << " counts as gone in deployment " << options.id << ".\n";
  }
  return ExitStatus::done;
}

}  // namespace switchyard::cli
