#include "cli/api_values.hpp"
#include "cli/commands/commands.hpp"
#include "cli/deployment_input.hpp"
#include "cli/environment_choice.hpp"
#include "cli/follow.hpp"
#include "cli/rollback_report.hpp"
#include "common/error.hpp"

namespace switchyard::cli {

namespace {

/// Without an id: the newest of the environment is undone, and the last stable version comes back, or the one that was
/// named.
RollbackBody choose(Context& context, const RollbackStart& options) {
  const std::string environment = choose_environment(context, options.environment);
  const std::string answer = context.api.get(rollback_targets_path(environment, options.name));
  const std::vector<RollbackLineage> all = read_rollback_targets(answer);
  if (all.empty()) throw InputError("nothing was committed in `" + environment + "` that could be rolled back");
  if (all.size() > 1) {
    std::string names;
    for (const RollbackLineage& lineage : all) names += (names.empty() ? "" : ", ") + lineage.name;
    throw InputError("in `" + environment + "` there are " + names + ": say which with --name");
  }
  RollbackBody body;
  body.deployment = all.front().undo;
  body.target_version = options.to;
  if (!options.to.empty()) return body;
  const RollbackVersion* back = last_stable(all.front());
  if (back == nullptr) {
    throw InputError("no earlier version of `" + all.front().name + "` is known to be stable; `switchyard rollback " +
                     "targets` shows what there is: name one with --to, or the deployment to undo by its ID");
  }
  body.target_version = back->deployment;
  context.console.notes << "Going back to " << back->version << " (" << back->deployment << "), score " << back->score
                        << ", on " << readiness_text(*back) << ".\n";
  return body;
}

RollbackBody body_of(Context& context, const RollbackStart& options) {
  RollbackBody body;
  if (options.id.empty()) {
    body = choose(context, options);
  } else {
    body.deployment = options.id;
    body.target_version = options.to;
  }
  body.components = options.components;
  body.without = options.without;
  body.to_nothing = options.to_nothing;
  body.strategy = options.strategy;
  body.verify_after_rollback = options.verify_after_rollback;
  body.reason = options.reason;
  return body;
}

/// Before anything is asked: who has to type it again should not have waited for it.
void refuse_without_reason(const RollbackStart& options) {
  if (options.reason.find_first_not_of(" \t\r\n") != std::string::npos) return;
  throw InputError(
      "a rollback needs a reason, which is kept in the audit chain: give one with --reason, for example\n"
      "  switchyard rollback start d-0123456789abcdef --reason \"checkout is too slow\"");
}

}  // namespace

ExitStatus run_command(Context& context, const RollbackStart& options) {
  refuse_without_reason(options);
  const std::string body = write_rollback(body_of(context, options));
  const std::string answer = start_once(context, "/v1/rollbacks", body, options.wait_s);
  const Deployment rollback = read_deployment(answer);
  if (!options.detach) {
    context.console.notes << "Rollback " << rollback.id
                          << (rollback.state == "draft" ? " waits for approval.\n" : " started.\n");
    return follow(context, rollback.id, options.wait_approval);
  }
  if (context.console.json) {
    context.console.print_json(answer);
  } else {
    context.console.out << rollback.id << "\n";
    context.console.notes << (rollback.state == "draft" ? "It waits for approval. " : "Started. ")
                          << "Watch it: switchyard rollback status " << rollback.id << " --follow\n";
  }
  return ExitStatus::done;
}

}  // namespace switchyard::cli
