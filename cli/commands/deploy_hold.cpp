#include "cli/api_values.hpp"
#include "cli/commands/commands.hpp"
#include "cli/follow.hpp"

namespace switchyard::cli {

/// What was asked for is that it stands still: that end is success here. Should it have ended before, its end is said.
ExitStatus run_command(Context& context, const DeployHold& options) {
  context.api.post("/v1/deployments/" + path_part(options.id) + "/hold", write_texts({{"reason", options.reason}}));
  const ExitStatus status = follow(context, options.id);
  return status == ExitStatus::unresolved ? ExitStatus::done : status;
}

}  // namespace switchyard::cli
