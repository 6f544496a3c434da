#include "coordinator/store/audit_check.hpp"

#include "common/limits.hpp"
#include "coordinator/store/audit_chain.hpp"

namespace switchyard::store {
namespace {

bool has_row_after(const StateStore& store, std::uint64_t seq) { return !store.audit(seq, 1).empty(); }

/// The number of the newest row, by halving: the store reads rows by their numbers only.
std::uint64_t newest_row(const StateStore& store) {
  std::uint64_t low = 0;
  std::uint64_t high = 1;
  while (high < limits::audit_rows_max && has_row_after(store, high)) high *= 2;
  while (low < high) {
    const std::uint64_t middle = low + (high - low) / 2;
    if (has_row_after(store, middle)) {
      low = middle + 1;
    } else {
      high = middle;
    }
  }
  return low;
}

}  // namespace

AuditCheck check_audit(const StateStore& store, std::uint64_t rows_max) {
  const std::uint64_t newest = newest_row(store);
  std::uint64_t done = newest > rows_max ? newest - rows_max : 0;
  std::string head(empty_audit_head);
  AuditCheck check;
  if (done > 0) {
    const std::vector<StoredAudit> before = store.audit(done - 1, 1);
    if (before.empty() || before.front().seq != done) return {0, done};
    head = before.front().hash;
  }
  for (;;) {
    const std::vector<StoredAudit> rows = store.audit(done, limits::audit_page_rows);
    if (rows.empty()) return check;
    for (const StoredAudit& row : rows) {
      if (row.seq != done + 1 || row.hash != audit_hash(head, row.seq, row.entry)) {
        check.broken_row = done + 1;
        return check;
      }
      head = row.hash;
      ++done;
      ++check.rows;
    }
  }
}

}  // namespace switchyard::store
