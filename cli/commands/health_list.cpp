#include "cli/api_values.hpp"
#include "cli/commands/commands.hpp"
#include "cli/table.hpp"

namespace switchyard::cli {
namespace {

std::string comma_list(const std::vector<std::string>& words) {
  std::string list;
  for (const std::string& word : words) list += (list.empty() ? "" : ",") + word;
  return list;
}

std::string where(const RegisteredCheck& check) {
  const std::string place = check.component.empty() ? "" : "with " + check.component;
  if (check.hosts.empty()) return place.empty() ? "all hosts" : place;
  return (place.empty() ? "" : place + ": ") + comma_list(check.hosts);
}

}  // namespace

ExitStatus run_command(Context& context, const HealthList& options) {
  std::string answer = context.api.get("/v1/health-checks");
  if (!options.environment.empty()) answer = checks_in(answer, options.environment);
  if (context.console.json) {
    context.console.print_json(answer);
    return ExitStatus::done;
  }
  Table table({"NAME", "ENVIRONMENT", "TYPE", "TIER", "CRITICAL", "TAGS", "WHERE", "REGISTERED BY"});
  for (const RegisteredCheck& check : read_checks(answer)) {
    table.add({check.name, check.environment, check.type, std::to_string(check.tier), check.critical ? "yes" : "no",
               comma_list(check.tags), where(check), check.registered_by});
  }
  if (table.empty()) {
    context.console.notes << "There are none.\n";
  } else {
    context.console.out << table.text();
  }
  return ExitStatus::done;
}

}  // namespace switchyard::cli
