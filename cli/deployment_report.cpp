#include "cli/deployment_report.hpp"

#include <algorithm>

#include "cli/follow.hpp"
#include "cli/outcome_text.hpp"
#include "cli/table.hpp"
#include "cli/time_text.hpp"
#include "common/limits.hpp"
#include "common/printable.hpp"

namespace switchyard::cli {
namespace {

std::string took_text(const Deployment& deployment) {
  return deployment.finished_ms == 0 ? "-" : duration_text(deployment.finished_ms - deployment.created_ms);
}

/// A message may quote a service's last lines, indented as entries are: deeper, none of them looks like one.
std::string within_entry(const std::string& message) {
  std::string text;
  for (const char c : message) {
    text += c;
    if (c == '\n') text += "    ";
  }
  return text;
}

/// What went wrong, and what there is to do.
std::string errors_text(const Deployment& deployment) {
  std::string text;
  for (const DeploymentError& error : deployment.errors) {
    const std::string place = error.host + (error.host.empty() || error.component.empty() ? "" : " ") + error.component;
    text += "  " + (place.empty() ? "" : place + ": ") + within_entry(error.message) + "\n    " + error.phase + ", " +
            error.severity + ", " + error.category + (error.trigger.empty() ? "" : ", trigger " + error.trigger) +
            (error.check.empty() ? "" : ", check " + error.check) +
            (error.recoverable ? ", may work when it is started again" : "") + "\n    " + error.action + ": " +
            error.reason + "\n";
    for (const std::string& what : error.suggested_actions) text += "    to do: " + what + "\n";
  }
  return text.empty() ? "" : "\nErrors:\n" + text;
}

/// The evidence of the outcome: what did not pass first, as the coordinator sends it.
std::string findings_text(const Deployment& deployment) {
  if (deployment.check_results.empty()) return "";
  constexpr std::size_t seen_width_max = 120;  // the rest is in --json
  Table table({"HOST", "COMPONENT", "CHECK", "TIER", "RESULT", "TOOK", "SEEN"});
  const std::size_t shown = std::min(deployment.check_results.size(), limits::cli_check_lines_max);
  for (std::size_t i = 0; i < shown; ++i) {
    const CheckFinding& finding = deployment.check_results[i];
    table.add({finding.host, finding.component, finding.check, std::to_string(finding.tier),
               finding.status + (finding.critical ? "" : ", not critical"),
               finding.duration_ms ? duration_text(*finding.duration_ms) : "-",
               cut_to(finding.message, seen_width_max)});
  }
  const std::int64_t more =
      static_cast<std::int64_t>(deployment.check_results.size() - shown) + deployment.check_results_left_out;
  return "\n" + table.text() +
         (more == 0 ? "" : "And " + std::to_string(more) + " more checks: see --json, and the timeline.\n");
}

void print_whole(Console& console, const Deployment& deployment) {
  const auto line = [&](const char* name, const std::string& value) {
    if (!value.empty()) console.out << name << value << "\n";
  };
  line("Deployment:  ", deployment.id);
  line("Restores:    ", deployment.snapshot);
  if (deployment.kind == "restore") {
    line("Goes behind: ", deployment.rollback_of);
  } else {
    line(deployment.kind == "converge" ? "Catches up:  " : "Undoes:      ", deployment.rollback_of);
  }
  line("Name:        ", deployment.name);
  line("Version:     ", deployment.version);
  line("Environment: ", deployment.environment);
  line("State:       ", deployment.state);
  line("Started:     ", date_text(deployment.created_ms) + " by " + deployment.author);
  if (deployment.finished_ms != 0) line("Took:        ", took_text(deployment));
  line("Plan:        ", deployment.plan_hash);
  if (deployment.resumed > 0) {
    line("Resumed:     ", std::to_string(deployment.resumed) + " times by a restarted coordinator");
  }
  for (const Pause& pause : deployment.pauses) {
    line("Rests:       ", pause.what + (pause.promotion ? ", until: switchyard deploy promote " + deployment.id
                                                        : ", watched for its time"));
  }
  if (!deployment.progress.empty()) {
    Table table({"HOST", "COMPONENT", "STATE", "STEP", "DETAIL"});
    for (const Progress& row : deployment.progress) {
      table.add({row.host, row.component, row.state, row.step, row.detail});
    }
    console.out << "\n" << table.text();
  }
  console.out << findings_text(deployment) << errors_text(deployment) << "\n" << outcome_text(deployment);
}

}  // namespace

ExitStatus report_deployment(Context& context, const std::string& path) {
  const std::string answer = context.api.get(path);
  const Deployment deployment = read_deployment(answer);
  if (context.console.json) {
    context.console.print_json(answer);
  } else {
    print_whole(context.console, deployment);
  }
  return status_of(deployment);
}

ExitStatus report_deployments(Context& context, const std::string& path, const char* list) {
  const std::string answer = context.api.get(path);
  if (context.console.json) {
    context.console.print_json(answer);
    return ExitStatus::done;
  }
  // OF: what a rollback undoes, what a converge catches up with, the snapshot that a restore brings back.
  Table table({"ID", "KIND", "OF", "NAME", "VERSION", "ENVIRONMENT", "STATE", "STARTED", "TOOK"});
  for (const Deployment& row : read_deployments(answer, list)) {
    const std::string& of = row.snapshot.empty() ? row.rollback_of : row.snapshot;
    table.add({row.id, row.kind, of.empty() ? "-" : of, row.name, row.version, row.environment, row.state,
               date_text(row.created_ms), took_text(row)});
  }
  if (table.empty()) {
    context.console.notes << "There are none yet.\n";
  } else {
    context.console.out << table.text();
  }
  return ExitStatus::done;
}

}  // namespace switchyard::cli
