#include "coordinator/model/audit_export.hpp"
#include "cli/api_values.hpp"
#include "cli/audit_pages.hpp"
#include "cli/commands/commands.hpp"

namespace switchyard::cli {

ExitStatus run_command(Context& context, const AuditExportAll&) {
  std::ostream& out = context.console.out;
  const bool list = context.console.json;
  bool first = true;
  if (list) out << "[";
  for_every_audit_row(context, [&](const model::StoredAudit& row) {
    if (list) out << (first ? "\n" : ",\n");
    out << write_audit_line(model::export_of(row)) << (list ? "" : "\n");
    first = false;
    return static_cast<bool>(out);  // a reader that has gone away
  });
  if (list) out << "\n]\n";
  return ExitStatus::done;
}

}  // namespace switchyard::cli
