#include "cli/backup.hpp"
#include "cli/commands/commands.hpp"
#include "cli/deployment_input.hpp"
#include "cli/errors.hpp"
#include "cli/follow.hpp"
#include "coordinator/planner/manifest_reader.hpp"

namespace switchyard::cli {
namespace {

/// Ctrl-C before the answer: what can honestly be said depends on how far it was.
ExitStatus say_interrupted(Context& context, bool asked) {
  context.console.notes << (asked ? "Interrupted while the coordinator was asked to start: it may have started. See: "
                                    "switchyard deploy list\n"
                                  : "Interrupted; nothing was started.\n");
  return ExitStatus::interrupted;
}

/// The plan, if a start would not be refused.
ExitStatus rehearse(Context& context, const DeployBody& body) {
  std::string would;
  try {
    context.api.post("/v1/deployments", write_deploy(body));
  } catch (const Rehearsed& rehearsal) {
    would = rehearsal.what();
  }
  print_plan(context, body);
  if (!context.console.json) context.console.out << "Dry run, nothing was changed: " << would << ".\n";
  return ExitStatus::done;
}

void back_up_what_serves(Context& context, const std::string& directory, const DeployBody& body) {
  const model::Manifest manifest = planner::read_manifest(body.manifest, body.file, body.defaults);
  const std::string& environment = body.environment.empty() ? manifest.environment : body.environment;
  back_up(context, directory, environment, manifest.name, "before the deployment of " + manifest.version);
}

}  // namespace

ExitStatus run_command(Context& context, const DeployStart& options) {
  if (!options.backup_dir.empty()) check_backup_dir(options.backup_dir);
  bool asked = false;
  std::string answer;
  try {
    const ArtifactUse use = context.api.rehearses() ? ArtifactUse::describe : ArtifactUse::send;
    DeployBody body = prepare_deployment(context, options, use);
    body.override_freeze = options.override_freeze;
    if (context.api.rehearses()) return rehearse(context, body);
    if (!options.backup_dir.empty()) back_up_what_serves(context, options.backup_dir, body);
    asked = true;
    answer = start_once(context, "/v1/deployments", write_deploy(body), options.wait_s);
  } catch (const InterruptedError&) {
    return say_interrupted(context, asked);
  }
  const Deployment deployment = read_deployment(answer);
  if (!options.detach) {
    context.console.notes << "Deployment " << deployment.id
                          << (deployment.state == "draft" ? " waits for approval.\n" : " started.\n");
    return follow(context, deployment.id, options.wait_approval);
  }
  if (context.console.json) {
    context.console.print_json(answer);
  } else {
    context.console.out << deployment.id << "\n";
    context.console.notes << (deployment.state == "draft" ? "It waits for approval. " : "Started. ")
                          << "Watch it: switchyard deploy status " << deployment.id << " --follow\n";
  }
  return ExitStatus::done;
}

}  // namespace switchyard::cli
