#pragma once

#include <map>
#include <string>

#include "coordinator/model/audit_chain.hpp"

namespace switchyard::model {

/// An audit row in the shape in which it leaves the house: {timestamp, operation, user, environment, success, details}.
/// The text log and `audit export` write exactly these members. Pure.
struct AuditExport {
  std::string timestamp;  ///< 2026-01-15T10:30:00Z
  std::string operation;
  std::string user;         ///< token-hash-<12 digits>; the principal, when there was no token
  std::string environment;  ///< empty: of none
  bool success = true;
  std::map<std::string, std::string> details;  ///< everything else of the row, its number and hash too
  bool operator==(const AuditExport&) const = default;
};
AuditExport export_of(const StoredAudit& row);

}  // namespace switchyard::model
