#pragma once

#include <string>
#include <vector>

#include "cli/api_values.hpp"

namespace switchyard::cli {

/// The last stable version of a lineage; nullptr where there is none.
const RollbackVersion* last_stable(const RollbackLineage& lineage);
/// "3 of 3 hosts", or which hosts lack its bytes or do not answer.
std::string readiness_text(const RollbackVersion& version);
/// One line for each name: what a rollback would go back to, and whether every host is ready for it. Empty: nothing.
std::string rollback_readiness(const std::vector<RollbackLineage>& all);
/// With these parameters of the query, those that are not empty.
std::string rollback_targets_path(const std::string& environment, const std::string& name);

}  // namespace switchyard::cli
