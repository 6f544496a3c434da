#include "coordinator/fleet/witnessed_head.hpp"

#include <utility>
#include <vector>

#include "common/log.hpp"

namespace switchyard::fleet {

std::string WitnessedHead::now() {
  // A person has recovered: what hosts remember of the store before counts no more.
  if (std::exchange(epoch_, store_.epoch()) != store_.epoch()) {
    seq_ = 0;
    head_ = model::empty_audit_head;
  }
  if (hash_of_row(seq_) != head_) {
    if (!std::exchange(gone_, true)) {
      log::error(
          "a row of the audit chain was changed by somebody else; hosts remember the head before. See "
          "`switchyard audit verify`",
          {{"row", seq_}, {"head", head_}});
    }
    return head_;
  }
  gone_ = false;
  seq_ = store_.audit_rows();
  head_ = hash_of_row(seq_);
  return head_;
}

/// Numbers have no gaps: none of a row that is not there.
std::string WitnessedHead::hash_of_row(std::uint64_t seq) const {
  if (seq == 0) return std::string(model::empty_audit_head);
  const std::vector<store::StoredAudit> rows = store_.audit(seq - 1, 1);
  return rows.empty() || rows.front().seq != seq ? std::string(model::empty_audit_head) : rows.front().hash;
}

}  // namespace switchyard::fleet
