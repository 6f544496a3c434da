#include "cli/api_values.hpp"
#include "cli/audit_pages.hpp"
#include "cli/commands/commands.hpp"

namespace switchyard::cli {

/// The coordinator only hands out the rows: what they are worth is computed here.
ExitStatus run_command(Context& context, const AuditVerify& options) {
  model::AuditCheck check;
  bool head_seen = false;
  for_every_audit_row(context, [&](const model::StoredAudit& row) {
    head_seen = head_seen || row.hash == options.head;
    return check.take(row);
  });
  AuditVerdict verdict{check.rows(), check.head(), check.broken_at(), std::nullopt};
  if (!options.head.empty()) verdict.head_known = head_seen;
  const bool intact = !verdict.broken_at && verdict.head_known.value_or(true);
  const ExitStatus status = intact ? ExitStatus::done : ExitStatus::unresolved;
  if (context.console.json) {
    context.console.print_json(write_audit_verdict(verdict));
    return status;
  }
  std::ostream& out = context.console.out;
  if (verdict.broken_at) {
    out << "Row " << *verdict.broken_at
        << " does not fit: it, or the row directly before it, was changed, or a row was "
        << "taken out or put in there. Rows 1 to " << verdict.rows << " are linked as they were written.\n";
  } else {
    out << "All " << verdict.rows << " rows fit. The chain's head is " << verdict.head << "\n";
  }
  if (verdict.head_known == false) {
    out << "The head that you noted is not among them: rows at the end were taken away, or this is another chain.\n";
  }
  return status;
}

}  // namespace switchyard::cli
