#include "cli/api_client.hpp"
#include "cli/commands/commands.hpp"

namespace switchyard::cli {

ExitStatus run_command(Context& context, const TotpReset& options) {
  const std::string answer = context.api.post("/v1/totp/" + path_part(options.person) + "/reset", "{}");
  if (context.console.json) {
    context.console.print_json(answer);
  } else {
    context.console.notes << "The codes of " << options.person << "'s app count no more; a new one can be enrolled.\n";
  }
  return ExitStatus::done;
}

}  // namespace switchyard::cli
