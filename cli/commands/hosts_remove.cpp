#include "cli/commands/commands.hpp"

namespace switchyard::cli {

ExitStatus run_command(Context& context, const HostsRemove& options) {
  const std::string answer = context.api.remove("/v1/hosts/" + path_part(options.host));
  if (context.console.json) {
    context.console.print_json(answer);
  } else {
    context.console.out << "Host " << options.host << " is removed. What runs there goes on running.\n";
  }
  return ExitStatus::done;
}

}  // namespace switchyard::cli
