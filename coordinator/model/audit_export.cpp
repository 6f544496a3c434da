#include "coordinator/model/audit_export.hpp"

#include <array>
#include <ctime>

namespace switchyard::model {
namespace {

std::string utc_text(std::int64_t wall_ms) {
  const std::time_t seconds = wall_ms / 1000;
  std::tm parts{};
  std::array<char, 32> text{};
  if (::gmtime_r(&seconds, &parts) == nullptr) return "1970-01-01T00:00:00Z";
  return {text.data(), std::strftime(text.data(), text.size(), "%Y-%m-%dT%H:%M:%SZ", &parts)};
}

std::string detail_or(const AuditEntry& entry, const char* key, const std::string& otherwise) {
  const auto found = entry.details.find(key);
  return found == entry.details.end() ? otherwise : found->second;
}

}  // namespace

AuditExport export_of(const StoredAudit& row) {
  AuditExport out;
  out.timestamp = utc_text(row.entry.wall_ms);
  out.operation = row.entry.operation;
  const std::string mark = detail_or(row.entry, token_detail, "");
  out.user = mark.empty() ? row.entry.principal : "token-hash-" + mark;
  out.environment = detail_or(row.entry, "environment", "");
  out.success = row.entry.success;
  out.details = row.entry.details;
  // A detail of the same name would hide what the chain says.
  out.details["seq"] = std::to_string(row.seq);
  out.details["hash"] = row.hash;
  out.details["principal"] = row.entry.principal;
  out.details["object"] = row.entry.object;
  out.details["reason"] = row.entry.reason;
  out.details["origin"] = row.entry.origin;
  return out;
}

}  // namespace switchyard::model
