#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "coordinator/model/deployment.hpp"

/// The audit log's hash chain: each row's hash covers the row, its number and the hash before, so that a row that is
/// changed, removed, moved or put in between is found, and everything before it is known to be whole. Whoever reads the
/// rows can check them: the store's own word is not needed. Pure.
namespace switchyard::model {

/// A row with its place in the chain. `hash`: 64 hexadecimal digits.
struct StoredAudit {
  std::uint64_t seq = 0;
  AuditEntry entry;
  std::string hash;
  bool operator==(const StoredAudit&) const = default;
};

/// The head of an empty log.
inline constexpr std::string_view empty_audit_head = "";

/// 64 hexadecimal digits.
std::string audit_hash(std::string_view previous_hash, std::uint64_t seq, const AuditEntry& entry);

/// Checks a chain that comes page by page, from row 1 on.
class AuditCheck {
 public:
  /// False from the first row on that does not fit.
  bool take(const StoredAudit& row);
  std::uint64_t rows() const { return rows_; }  ///< that fit
  const std::string& head() const { return head_; }
  /// The number of the first row that does not fit; nothing while the chain holds.
  std::optional<std::uint64_t> broken_at() const;

 private:
  std::uint64_t rows_ = 0;
  std::string head_{empty_audit_head};
  bool broken_ = false;
};

/// The number of the first row that does not fit; nothing when the chain holds. `rows` start at seq 1.
std::optional<std::uint64_t> find_audit_break(const std::vector<StoredAudit>& rows);

}  // namespace switchyard::model
