#include "cli/commands/commands.hpp"
#include "cli/rollback_report.hpp"
#include "cli/table.hpp"
#include "cli/time_text.hpp"

namespace switchyard::cli {
namespace {

std::string standing_of(const RollbackVersion& version) {
  if (version.serving) return "serves";
  if (version.rolled_back) return "rolled back";
  return version.last_stable ? "last stable" : "-";
}

std::string why_of(const RollbackVersion& version) {
  std::string list;
  for (const std::string& why : version.why) list += (list.empty() ? "" : ", ") + why;
  return list.empty() ? "-" : list;
}

}  // namespace

ExitStatus run_command(Context& context, const RollbackTargets& options) {
  const std::string answer = context.api.get(rollback_targets_path(options.environment, options.name));
  if (context.console.json) {
    context.console.print_json(answer);
    return ExitStatus::done;
  }
  Table table({"ENVIRONMENT", "NAME", "VERSION", "DEPLOYMENT", "COMMITTED", "STANDING", "SCORE", "READY", "TAKEN OFF"});
  for (const RollbackLineage& lineage : read_rollback_targets(answer)) {
    for (const RollbackVersion& version : lineage.versions) {
      table.add({lineage.environment, lineage.name, version.version.empty() ? "-" : version.version, version.deployment,
                 date_text(version.finished_ms), standing_of(version), std::to_string(version.score),
                 readiness_text(version), why_of(version)});
    }
  }
  if (table.empty()) {
    context.console.notes << "Nothing was committed there yet.\n";
  } else {
    context.console.out << table.text();
  }
  return ExitStatus::done;
}

}  // namespace switchyard::cli
