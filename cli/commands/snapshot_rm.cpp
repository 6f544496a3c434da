#include "cli/api_client.hpp"
#include "cli/commands/commands.hpp"

namespace switchyard::cli {

ExitStatus run_command(Context& context, const SnapshotRm& options) {
  const std::string answer = context.api.remove("/v1/snapshots/" + path_part(options.id));
  if (context.console.json) {
    context.console.print_json(answer);
  } else {
    context.console.notes << "Snapshot " << options.id << " is removed, with the copies of files on its hosts.\n";
  }
  return ExitStatus::done;
}

}  // namespace switchyard::cli
