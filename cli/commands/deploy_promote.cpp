#include "cli/api_values.hpp"
#include "cli/commands/commands.hpp"
#include "cli/follow.hpp"

namespace switchyard::cli {

ExitStatus run_command(Context& context, const DeployPromote& options) {
  return go_on(context, options.id, "promote", write_promotion(options.share), options.detach);
}

}  // namespace switchyard::cli
