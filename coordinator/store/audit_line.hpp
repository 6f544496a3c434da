#pragma once

#include <string>

#include "coordinator/store/state_store.hpp"

namespace switchyard::store {

/// The row as one line of JSON without its line break, in the shape of model::AuditExport.
std::string audit_line(const StoredAudit& row);

}  // namespace switchyard::store
