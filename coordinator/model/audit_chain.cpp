#include "coordinator/model/audit_chain.hpp"

#include "common/crypto.hpp"

namespace switchyard::model {
namespace {

void add_number(std::string& bytes, std::uint64_t number) {
  for (int shift = 56; shift >= 0; shift -= 8) bytes.push_back(static_cast<char>(number >> shift & 0xff));
}

/// The length goes before the text: no two different rows have the same bytes.
void add_text(std::string& bytes, std::string_view text) {
  add_number(bytes, text.size());
  bytes.append(text);
}

}  // namespace

std::string audit_hash(std::string_view previous_hash, std::uint64_t seq, const AuditEntry& entry) {
  std::string bytes;
  add_text(bytes, previous_hash);
  add_number(bytes, seq);
  add_number(bytes, static_cast<std::uint64_t>(entry.wall_ms));
  add_text(bytes, entry.principal);
  add_text(bytes, entry.operation);
  add_text(bytes, entry.object);
  add_text(bytes, entry.reason);
  add_text(bytes, entry.origin);
  add_number(bytes, entry.success ? 1 : 0);
  add_number(bytes, entry.details.size());
  for (const auto& [key, value] : entry.details) {
    add_text(bytes, key);
    add_text(bytes, value);
  }
  return sha256_hex(bytes);
}

bool AuditCheck::take(const StoredAudit& row) {
  if (broken_ || row.seq != rows_ + 1 || row.hash != audit_hash(head_, row.seq, row.entry)) {
    broken_ = true;
    return false;
  }
  ++rows_;
  head_ = row.hash;
  return true;
}

std::optional<std::uint64_t> AuditCheck::broken_at() const {
  if (!broken_) return std::nullopt;
  return rows_ + 1;
}

std::optional<std::uint64_t> find_audit_break(const std::vector<StoredAudit>& rows) {
  AuditCheck check;
  for (const StoredAudit& row : rows) {
    if (!check.take(row)) break;
  }
  return check.broken_at();
}

}  // namespace switchyard::model
