#include "cli/commands/commands.hpp"
#include "cli/follow.hpp"

namespace switchyard::cli {

ExitStatus run_command(Context& context, const DeployResume& options) {
  return go_on(context, options.id, "resume", "{}", options.detach);
}

}  // namespace switchyard::cli
