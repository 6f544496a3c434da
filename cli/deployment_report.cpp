#include "cli/deployment_report.hpp"

#include "cli/follow.hpp"
#include "cli/table.hpp"
#include "cli/time_text.hpp"

namespace switchyard::cli {
namespace {

std::string took_text(const Deployment& deployment) {
  return deployment.finished_ms == 0 ? "-" : duration_text(deployment.finished_ms - deployment.created_ms);
}

void print_whole(Console& console, const Deployment& deployment) {
  const auto line = [&](const char* name, const std::string& value) {
    if (!value.empty()) console.out << name << value << "\n";
  };
  line("Deployment:  ", deployment.id);
  line(deployment.kind == "converge" ? "Catches up:  " : "Undoes:      ", deployment.rollback_of);
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
  console.out << "\n" << outcome_text(deployment);
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
  // OF: what a rollback undoes, what a converge catches up with.
  Table table({"ID", "KIND", "OF", "NAME", "VERSION", "ENVIRONMENT", "STATE", "STARTED", "TOOK"});
  for (const Deployment& row : read_deployments(answer, list)) {
    table.add({row.id, row.kind, row.rollback_of.empty() ? "-" : row.rollback_of, row.name, row.version,
               row.environment, row.state, date_text(row.created_ms), took_text(row)});
  }
  if (table.empty()) {
    context.console.notes << "There are none yet.\n";
  } else {
    context.console.out << table.text();
  }
  return ExitStatus::done;
}

}  // namespace switchyard::cli
