#include "cli/api_values.hpp"
#include "cli/commands/commands.hpp"
#include "cli/table.hpp"
#include "cli/time_text.hpp"

namespace switchyard::cli {

ExitStatus run_command(Context& context, const SnapshotList& options) {
  std::string path = "/v1/snapshots?limit=" + std::to_string(options.limit);
  if (!options.environment.empty()) path += "&environment=" + path_part(options.environment);
  if (!options.name.empty()) path += "&name=" + path_part(options.name);
  const std::string answer = context.api.get(path);
  if (context.console.json) {
    context.console.print_json(answer);
    return ExitStatus::done;
  }
  Table table({"ID", "ENVIRONMENT", "NAME", "VERSION", "PLACES", "MADE", "BY", "STATE", "REASON"});
  for (const Snapshot& row : read_snapshots(answer)) {
    table.add({row.id, row.environment, row.name, row.version.empty() ? "-" : row.version,
               std::to_string(row.places.size()), date_text(row.created_ms), row.author,
               row.whole ? "whole" : "CORRUPT", row.reason.empty() ? "-" : row.reason});
  }
  if (table.empty()) {
    context.console.notes << "There are none. Make one: switchyard snapshot create --environment E\n";
  } else {
    context.console.out << table.text();
  }
  return ExitStatus::done;
}

}  // namespace switchyard::cli
