#include "cli/api_client.hpp"
#include "cli/api_values.hpp"
#include "cli/commands/commands.hpp"

namespace switchyard::cli {

ExitStatus run_command(Context& context, const ApprovalsDecide& options) {
  const std::string path = "/v1/approvals/" + path_part(options.id);
  // Who has looked at a plan says so by its hash; who has not speaks of the one that waits now.
  std::string plan = options.plan;
  if (plan.empty()) plan = read_approval(context.api.get(path)).plan_hash;
  std::map<std::string, std::string> body = {{"plan_hash", plan}, {"reason", options.reason}};
  if (!options.totp.empty()) body.emplace("totp", options.totp);
  const std::string answer = context.api.post(path + (options.grant ? "/approve" : "/reject"), write_texts(body));
  if (context.console.json) {
    context.console.print_json(answer);
    return ExitStatus::done;
  }
  const Approval approval = read_approval(answer);
  std::ostream& notes = context.console.notes;
  if (approval.state == "granted") {
    notes << "Approved, and started. Watch it: switchyard deploy status " << approval.deployment << " --follow\n";
  } else if (approval.state == "waiting") {
    notes << "Approved; it waits for somebody else's approval too.\n";
  } else {
    notes << "Deployment " << approval.deployment << " is rejected; it has changed nothing.\n";
  }
  return ExitStatus::done;
}

}  // namespace switchyard::cli
