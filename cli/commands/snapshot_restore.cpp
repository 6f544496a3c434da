#include "cli/api_values.hpp"
#include "cli/commands/commands.hpp"
#include "cli/deployment_input.hpp"
#include "cli/follow.hpp"
#include "cli/snapshot_report.hpp"

namespace switchyard::cli {

ExitStatus run_command(Context& context, const SnapshotRestore& options) {
  const std::string path = "/v1/snapshots/" + path_part(options.id) + "/restore";
  const std::string answer = start_once(context, path, write_texts({{"reason", options.reason}}), options.wait_s);
  const Deployment restore = read_deployment(answer);
  const bool waits = restore.state == "draft";
  if (options.detach) {
    if (context.console.json) {
      context.console.print_json(answer);
    } else {
      context.console.out << restore.id << "\n";
    }
    context.console.notes << (waits ? "It waits for approval. " : "Started. ") << "Watch it: switchyard deploy status "
                          << restore.id << " --follow\nThen compare: switchyard snapshot show " << options.id << "\n";
    return ExitStatus::done;
  }
  context.console.notes << "Restore " << restore.id << (waits ? " waits for approval.\n" : " started.\n");
  const ExitStatus status = follow(context, restore.id, options.wait_approval);
  return status == ExitStatus::done ? report_read_back(context, options.id) : status;
}

}  // namespace switchyard::cli
