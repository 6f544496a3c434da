#include "cli/api_client.hpp"
#include "cli/api_values.hpp"
#include "cli/commands/commands.hpp"
#include "cli/time_text.hpp"

namespace switchyard::cli {

ExitStatus run_command(Context& context, const ApprovalsShow& options) {
  const std::string answer = context.api.get("/v1/approvals/" + path_part(options.id));
  if (context.console.json) {
    context.console.print_json(answer);
    return ExitStatus::done;
  }
  const Approval approval = read_approval(answer);
  std::ostream& out = context.console.out;
  out << "Deployment:  " << approval.deployment << " (" << approval.kind << ")\n"
      << "Name:        " << approval.name << " " << approval.version << "\n"
      << "Environment: " << approval.environment << "\n"
      << "Asked:       " << date_text(approval.created_ms) << " by " << approval.author << "\n"
      << "Approval:    " << approval.state << ", " << approval.needed << " needed, until "
      << date_text(approval.expires_ms) << "\n"
      << "State:       " << approval.deployment_state << (approval.reason.empty() ? "" : ": ") << approval.reason
      << "\n"
      << "Plan:        " << approval.plan_hash << "\n";
  for (const std::string& host : approval.without) out << "Left out:    " << host << "\n";
  if (approval.to_nothing) out << "To nothing:  services may be taken away where nothing ran before\n";
  if (!approval.override_freeze.empty()) {
    out << "Freeze:      may begin in a freeze window all the same: " << approval.override_freeze << "\n";
  }
  for (const ApprovalVote& vote : approval.votes) {
    out << (vote.granted ? "Approved:    " : "Rejected:    ") << date_text(vote.wall_ms) << " by " << vote.approver
        << (vote.reason.empty() ? "" : ": ") << vote.reason << "\n";
  }
  if (!approval.plan_text.empty()) out << "\n" << approval.plan_text;
  if (approval.state == "waiting") {
    context.console.notes << "Approve it: switchyard approvals approve " << approval.deployment << " --plan "
                          << approval.plan_hash << "\n";
  }
  return ExitStatus::done;
}

}  // namespace switchyard::cli
