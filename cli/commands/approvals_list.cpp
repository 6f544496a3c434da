#include <algorithm>

#include "cli/api_values.hpp"
#include "cli/commands/commands.hpp"
#include "cli/table.hpp"
#include "cli/time_text.hpp"

namespace switchyard::cli {

ExitStatus run_command(Context& context, const ApprovalsList& options) {
  const std::string answer = context.api.get("/v1/approvals?limit=" + std::to_string(options.limit));
  if (context.console.json) {
    context.console.print_json(answer);
    return ExitStatus::done;
  }
  Table table({"ID", "KIND", "NAME", "VERSION", "ENVIRONMENT", "ASKED BY", "GIVEN", "UNTIL", "STATE"});
  for (const Approval& approval : read_approvals(answer)) {
    if (!options.all && approval.state != "waiting") continue;
    const auto given = std::count_if(approval.votes.begin(), approval.votes.end(),
                                     [](const ApprovalVote& vote) { return vote.granted; });
    table.add({approval.deployment, approval.kind, approval.name, approval.version, approval.environment,
               approval.author, std::to_string(given) + " of " + std::to_string(approval.needed),
               date_text(approval.expires_ms), approval.state});
  }
  if (table.empty()) {
    context.console.notes << "Nothing waits for approval.\n";
  } else {
    context.console.out << table.text();
  }
  return ExitStatus::done;
}

}  // namespace switchyard::cli
