#include "cli/api_values.hpp"
#include "cli/commands/commands.hpp"
#include "cli/environment_choice.hpp"
#include "cli/table.hpp"
#include "common/error.hpp"

namespace switchyard::cli {
namespace {

constexpr std::int64_t ms_per_s = 1'000;

Colour colour_of(const std::string& verdict) {
  if (verdict == "pass") return Colour::green;
  return verdict == "fail" ? Colour::red : Colour::yellow;
}

ExitStatus status_of(const std::string& verdict) {
  if (verdict == "pass") return ExitStatus::done;
  return verdict == "fail" ? ExitStatus::rolled_back : ExitStatus::unresolved;
}

std::string state_text(const CheckResult& result) {
  const bool warns = !result.critical && result.state != "passed";
  return result.state + (warns ? " (warning)" : "") +
         (result.tries > 1 ? ", " + std::to_string(result.tries) + " tries" : "") +
         (result.age_ms == 0 ? "" : ", " + std::to_string(result.age_ms / ms_per_s) + " s ago");
}

}  // namespace

ExitStatus run_command(Context& context, const HealthRun& options) {
  if (options.names.empty() && options.tags.empty() && !options.all) {
    throw InputError("health run: say which checks: their names, --tags a,b, or --all");
  }
  const std::string environment = choose_environment(context, options.environment);
  const std::string answer = context.api.post(
      "/v1/health-checks/run", write_run_checks({environment, options.names, options.tags, options.hosts, options.all,
                                                 static_cast<std::int64_t>(options.cached_s) * ms_per_s}));
  const HealthVerdict verdict = read_verdict(answer);
  if (context.console.json) {
    context.console.print_json(answer);
    return status_of(verdict.verdict);
  }
  Table table({"CHECK", "HOST", "STATE", "WHAT WAS SEEN"});
  for (const CheckResult& result : verdict.results) {
    table.add({result.check, result.host, state_text(result), result.detail});
  }
  if (!table.empty()) context.console.out << table.text();
  context.console.notes << coloured(context.console, colour_of(verdict.verdict), verdict.verdict) << ": "
                        << verdict.reason << "\n";
  return status_of(verdict.verdict);
}

}  // namespace switchyard::cli
