#include <nlohmann/json.hpp>

#include "cli/commands/commands.hpp"
#include "cli/errors.hpp"
#include "cli/keys_report.hpp"
#include "common/limits.hpp"

namespace switchyard::cli {

/// Asks again and again until the keys are in force: that is how the coordinator is told to go on.
ExitStatus run_command(Context& context, const KeysRenew& options) {
  const std::string wish = nlohmann::json{{"without", options.without}, {"reason", options.reason}}.dump();
  const std::int64_t end_ms = context.clock.boot_ms() + limits::cli_keys_wait_ms;
  std::string answer = context.api.post("/v1/keys/renew", wish);
  while (!read_keys_report(answer).in_force && context.clock.boot_ms() < end_ms) {
    if (context.interrupt.pressed_within(limits::cli_retry_ms)) throw InterruptedError();
    answer = context.api.post("/v1/keys/renew", wish);
  }
  const KeysReport report = read_keys_report(answer);
  if (context.console.json) context.console.print_json(answer);
  if (!report.in_force) {
    context.console.notes << "The keys " << report.next
                          << " are announced, and not in force: nothing has changed yet.\n"
                          << what_is_waited_for(report) << "Say `switchyard keys renew` again to go on.\n";
    return ExitStatus::refused;
  }
  if (context.console.json) return ExitStatus::done;
  context.console.out << "The coordinator's keys are new: " << report.next
                      << ". It begins anew with them, and its agents come back within seconds; no service notices. "
                         "Enrolment strings that nobody has used are void.\n"
                         "Now make a new backup of the coordinator's state directory: the keys in an older one are "
                         "known to no agent any more.\n";
  return ExitStatus::done;
}

}  // namespace switchyard::cli
