#include "cli/commands/commands.hpp"
#include "cli/deployment_input.hpp"
#include "cli/errors.hpp"
#include "cli/follow.hpp"

namespace switchyard::cli {
namespace {

/// Ctrl-C before the answer: what can honestly be said depends on how far it was.
ExitStatus say_interrupted(Context& context, bool asked) {
  context.console.notes << (asked ? "Interrupted while the coordinator was asked to start: it may have started. See: "
                                    "switchyard deploy list\n"
                                  : "Interrupted; nothing was started.\n");
  return ExitStatus::interrupted;
}

}  // namespace

ExitStatus run_command(Context& context, const DeployStart& options) {
  bool asked = false;
  std::string answer;
  try {
    const DeployBody body = prepare_deployment(context, options);
    if (options.dry_run) {
      print_plan(context, body);
      return ExitStatus::done;
    }
    asked = true;
    answer = start_once(context, "/v1/deployments", write_deploy(body));
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
