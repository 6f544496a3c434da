#include "cli/api_values.hpp"
#include "cli/commands/commands.hpp"
#include "cli/table.hpp"
#include "cli/time_text.hpp"

namespace switchyard::cli {
namespace {

std::string state_of(const Host& host) {
  if (host.removed) return "removed";
  if (host.revoked) return "revoked";
  return host.connected ? "connected" : "away";
}

}  // namespace

ExitStatus run_command(Context& context, const AgentsList&) {
  const std::string answer = context.api.get("/v1/agents");
  if (context.console.json) {
    context.console.print_json(answer);
    return ExitStatus::done;
  }
  Table table({"HOST", "AGENT", "VERSION", "ENROLLED", "LAST SEEN"});
  for (const Host& host : read_hosts(answer, "agents")) {
    table.add(
        {host.name, state_of(host), host.agent_version, date_text(host.enrolled_ms), date_text(host.last_seen_ms)});
  }
  if (table.empty()) {
    context.console.notes << "No agent is enrolled yet. Make a right to enrol: switchyard agents token create\n";
  } else {
    context.console.out << table.text();
  }
  return ExitStatus::done;
}

}  // namespace switchyard::cli
