#include "cli/api_client.hpp"
#include "cli/commands/commands.hpp"

namespace switchyard::cli {

ExitStatus run_command(Context& context, const TokensRevoke& options) {
  const std::string answer = context.api.post("/v1/tokens/" + path_part(options.id) + "/revoke", "{}");
  if (context.console.json) {
    context.console.print_json(answer);
  } else {
    context.console.notes << "Token " << options.id << " is refused from now on.\n";
  }
  return ExitStatus::done;
}

}  // namespace switchyard::cli
