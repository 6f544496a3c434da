#include "cli/api_values.hpp"
#include "cli/commands/commands.hpp"
#include "cli/table.hpp"
#include "cli/time_text.hpp"

namespace switchyard::cli {

ExitStatus run_command(Context& context, const AuditList& options) {
  const std::string answer =
      context.api.get("/v1/audit?after=" + std::to_string(options.after) + "&limit=" + std::to_string(options.limit));
  if (context.console.json) {
    context.console.print_json(answer);
    return ExitStatus::done;
  }
  Table table({"SEQ", "TIME", "WHO", "WHAT", "ON", "OK", "WHY"});
  for (const AuditEntry& entry : read_audit(answer)) {
    table.add({std::to_string(entry.seq), date_text(entry.wall_ms), entry.principal, entry.operation, entry.object,
               entry.success ? "yes" : "no", entry.reason});
  }
  context.console.out << table.text();
  return ExitStatus::done;
}

}  // namespace switchyard::cli
