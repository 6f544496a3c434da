#include "cli/audit_pages.hpp"

#include "cli/api_values.hpp"
#include "cli/errors.hpp"
#include "common/limits.hpp"

namespace switchyard::cli {

void for_every_audit_row(Context& context, const std::function<bool(const model::StoredAudit&)>& take) {
  std::uint64_t after = 0;
  while (after < limits::audit_rows_max) {
    if (context.interrupt.pressed()) throw InterruptedError();
    const auto rows = read_audit_rows(
        context.api.get("/v1/audit?after=" + std::to_string(after) + "&limit=" + std::to_string(limits::api_list_max)));
    if (rows.empty()) return;
    for (const model::StoredAudit& row : rows) {
      // A number that does not grow would be asked for, for ever.
      const bool grows = row.seq > after;
      if (!take(row) || !grows) return;
      after = row.seq;
    }
  }
}

}  // namespace switchyard::cli
