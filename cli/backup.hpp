#pragma once

#include <string>

#include "cli/context.hpp"

/// What is written down before something changes, in a directory that `--backup-dir` names.
namespace switchyard::cli {

/// Throws InputError if it is no directory that can be written to: whoever wants a backup learns it before anything is
/// done.
void check_backup_dir(const std::string& directory);

/// Writes what the coordinator said of a snapshot into <directory>/<id>.json, for its owner alone. Throws SysError.
void write_backup(Context& context, const std::string& directory, const std::string& id, const std::string& answer);

/// A snapshot of what serves under that name, in that directory; nothing, if nothing serves under it. Throws
/// RefusedError when none can be made.
void back_up(Context& context, const std::string& directory, const std::string& environment, const std::string& name,
             const std::string& reason);

}  // namespace switchyard::cli
