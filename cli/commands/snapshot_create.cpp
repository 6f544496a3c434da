#include "cli/api_values.hpp"
#include "cli/backup.hpp"
#include "cli/commands/commands.hpp"
#include "cli/time_text.hpp"

namespace switchyard::cli {

ExitStatus run_command(Context& context, const SnapshotCreate& options) {
  std::map<std::string, std::string> body = {{"environment", options.environment}, {"reason", options.reason}};
  if (!options.name.empty()) body["name"] = options.name;
  if (!options.backup_dir.empty()) check_backup_dir(options.backup_dir);
  const std::string answer = context.api.post("/v1/snapshots", write_texts(body));
  const Snapshot snapshot = read_snapshot(answer);
  if (!options.backup_dir.empty()) write_backup(context, options.backup_dir, snapshot.id, answer);
  if (context.console.json) {
    context.console.print_json(answer);
    return ExitStatus::done;
  }
  std::size_t files = 0;
  std::size_t schemas = 0;
  for (const SnapshotPlace& place : snapshot.places) {
    files += place.files.size();
    schemas += place.schemas.size();
  }
  context.console.out << snapshot.id << "\n";
  context.console.notes << "Snapshot of " << snapshot.name << " " << snapshot.version << " in " << snapshot.environment
                        << ": " << how_many(snapshot.places.size(), "place") << ", " << how_many(files, "file")
                        << (schemas == 0 ? "" : " and " + how_many(schemas, "schema"))
                        << " kept on the hosts.\nBring it back: switchyard snapshot restore " << snapshot.id
                        << " --reason WHY\n";
  return ExitStatus::done;
}

}  // namespace switchyard::cli
