#pragma once

#include <string>

#include "cli/api_values.hpp"
#include "cli/context.hpp"
#include "cli/exit_status.hpp"

namespace switchyard::cli {

/// All of a snapshot that was looked at: what it says, what serves now, and whether it could be restored. Pure.
std::string snapshot_text(const Snapshot& snapshot);

/// What serves, compared with the snapshot; one line for each place that differs, or of which nothing is known. Pure.
std::string read_back_text(const Snapshot& snapshot);
/// It has the schema of a database, of which only who asks for it hears what it is now. Pure.
bool has_schemas(const Snapshot& snapshot);
/// Every place that is left is as the snapshot says. Pure.
bool is_as_saved(const Snapshot& snapshot);

/// Asks the hosts after a restore, and says what they say: unresolved unless all is as the snapshot says.
ExitStatus report_read_back(Context& context, const std::string& id);

}  // namespace switchyard::cli
