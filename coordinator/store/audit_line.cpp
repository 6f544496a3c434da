#include "coordinator/store/audit_line.hpp"

#include <nlohmann/json.hpp>

#include "coordinator/model/audit_export.hpp"

namespace switchyard::store {

std::string audit_line(const StoredAudit& row) {
  const model::AuditExport out = model::export_of(row);
  // Ordered, so that a person finds the same member at the same place of every line.
  nlohmann::ordered_json line;
  line["timestamp"] = out.timestamp;
  line["operation"] = out.operation;
  line["user"] = out.user;
  line["environment"] =
      out.environment.empty() ? nlohmann::ordered_json(nullptr) : nlohmann::ordered_json(out.environment);
  line["success"] = out.success;
  line["details"] = out.details;
  return line.dump(-1, ' ', true, nlohmann::ordered_json::error_handler_t::replace);
}

}  // namespace switchyard::store
