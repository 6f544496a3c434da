#include "cli/commands/commands.hpp"
#include "cli/snapshot_report.hpp"

namespace switchyard::cli {

ExitStatus run_command(Context& context, const SnapshotShow& options) {
  const std::string answer =
      context.api.get("/v1/snapshots/" + path_part(options.id) + (options.schemas ? "?schemas=1" : ""));
  const Snapshot snapshot = read_snapshot(answer);
  if (context.console.json) {
    context.console.print_json(answer);
  } else {
    context.console.out << snapshot_text(snapshot);
    if (has_schemas(snapshot) && !options.schemas) {
      context.console.notes << "Schemas of databases were not compared: switchyard snapshot show " << snapshot.id
                            << " --schemas\n";
    }
  }
  return snapshot.whole ? ExitStatus::done : ExitStatus::unresolved;
}

}  // namespace switchyard::cli
