#include "cli/backup.hpp"

#include <unistd.h>

#include <filesystem>

#include "cli/api_values.hpp"
#include "cli/errors.hpp"
#include "common/file_system.hpp"
#include "protocol/save_order.hpp"

namespace switchyard::cli {
namespace {

/// What is in it is no secret, and nobody's but his who made it.
constexpr std::uint32_t backup_mode = 0600;

}  // namespace

void check_backup_dir(const std::string& directory) {
  std::error_code ignored;
  if (!std::filesystem::is_directory(directory, ignored)) {
    throw InputError("--backup-dir: " + directory + " is no directory; make it first. Nothing was done");
  }
  if (::access(directory.c_str(), W_OK | X_OK) != 0) {
    throw InputError("--backup-dir: you may not write to " + directory + ". Nothing was done");
  }
}

void write_backup(Context& context, const std::string& directory, const std::string& id, const std::string& answer) {
  // It becomes a path here, and comes from somewhere else.
  if (!protocol::is_snapshot_name(id))
    throw InputError("the coordinator calls its snapshot \"" + id + "\", which is no name of one");
  const std::filesystem::path file = std::filesystem::path(directory) / (id + ".json");
  PosixFileSystem().write_atomically(file, answer + "\n", backup_mode);
  context.console.notes << "Written to " << file.string() << ".\n";
}

void back_up(Context& context, const std::string& directory, const std::string& environment, const std::string& name,
             const std::string& reason) {
  try {
    const std::string answer = context.api.post(
        "/v1/snapshots", write_texts({{"environment", environment}, {"name", name}, {"reason", reason}}));
    const Snapshot snapshot = read_snapshot(answer);
    context.console.notes << "Snapshot " << snapshot.id << " of " << snapshot.name << " " << snapshot.version << " in "
                          << snapshot.environment << " made. ";
    write_backup(context, directory, snapshot.id, answer);
  } catch (const RefusedError& refusal) {
    if (refusal.code != "nothing_serves") throw;
    context.console.notes << "Nothing serves under the name " << name << " in " << environment
                          << " yet: there is nothing to back up.\n";
  }
}

}  // namespace switchyard::cli
