#include "cli/commands/commands.hpp"
#include "cli/keys_report.hpp"

namespace switchyard::cli {

ExitStatus run_command(Context& context, const KeysShow&) {
  const std::string answer = context.api.get("/v1/keys");
  if (context.console.json) {
    context.console.print_json(answer);
    return ExitStatus::done;
  }
  const KeysReport report = read_keys_report(answer);
  std::ostream& out = context.console.out;
  out << "Keys in force: " << report.keys << "\n";
  if (report.next.empty()) {
    out << "No others are announced. `switchyard keys renew` puts new ones in their place.\n";
    return ExitStatus::done;
  }
  out << "Announced:     " << report.next << "\n";
  if (!report.known_by.empty()) out << "Known by:      " << host_list(report.known_by) << "\n";
  const std::string waiting = what_is_waited_for(report);
  out << (waiting.empty() ? "Every host knows them: `switchyard keys renew` puts them into force.\n" : waiting);
  return ExitStatus::done;
}

}  // namespace switchyard::cli
