#include "cli/api_values.hpp"
#include "cli/commands/commands.hpp"
#include "cli/table.hpp"
#include "cli/time_text.hpp"

namespace switchyard::cli {
namespace {

std::string agent_state(const Host& host) {
  if (host.removed) return "removed";
  if (host.revoked) return "revoked";
  if (!host.enrolled) return "not enrolled";
  return host.connected ? "connected" : "away";
}

std::string labels_text(const Host& host) {
  std::string text;
  for (const auto& [key, value] : host.labels) text += (text.empty() ? "" : ",") + key + "=" + value;
  return text.empty() ? "-" : text;
}

}  // namespace

ExitStatus run_command(Context& context, const HostsList& options) {
  const std::string answer = context.api.get("/v1/hosts");
  if (context.console.json) {
    context.console.print_json(answer);
    return ExitStatus::done;
  }
  Table table({"HOST", "AGENT", "LABELS", "LAST SEEN"});
  for (const Host& host : read_hosts(answer, "hosts")) {
    if (host.removed && !options.all) continue;
    table.add({host.name, agent_state(host), labels_text(host), date_text(host.last_seen_ms)});
  }
  if (table.empty()) {
    context.console.notes << "There are no hosts yet. Enrol one: switchyard agents token create\n";
  } else {
    context.console.out << table.text();
  }
  return ExitStatus::done;
}

}  // namespace switchyard::cli
