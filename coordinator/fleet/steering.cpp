#include "coordinator/fleet/steering.hpp"

#include <algorithm>
#include <map>

#include "common/limits.hpp"
#include "coordinator/fleet/audit.hpp"
#include "coordinator/fleet/progress.hpp"
#include "coordinator/fleet/rehearsal.hpp"

namespace switchyard::fleet {
namespace {

using model::DeploymentState;

Refusal decided(const engine::DeploymentRun& run) {
  const std::string text = run.decision == model::Decision::commit
                               ? " is committed already; `switchyard rollback start` undoes it"
                               : " is being undone already; `switchyard deploy status` shows how far it is";
  return {409, "decided", "deployment " + run.row.id.str() + text, {}};
}

std::optional<Refusal> refuse_hold(const engine::DeploymentRun& run) {
  const std::string id = run.row.id.str();
  if (run.decision) return decided(run);
  if (run.row.state == DeploymentState::paused) {
    return Refusal{409, "paused", "deployment " + id + " stands still already: " + run.row.reason, {}};
  }
  if (run.rejoining) {
    return Refusal{409,
                   "rejoining",
                   "the coordinator was restarted, and asks every host where deployment " + id +
                       " stands; nothing is begun meanwhile: try again in a moment",
                   {}};
  }
  return std::nullopt;
}

std::string text_of(const std::vector<PauseView>& pauses) {
  std::string text;
  for (const PauseView& pause : pauses) text += (text.empty() ? "" : "; ") + pause.what;
  return text;
}

}  // namespace

Refusal no_deployment(const DeploymentId& id) {
  return {
      404, "unknown_deployment", "there is no deployment " + id.str() + "; `switchyard deploy list` shows them", {}};
}

std::variant<const engine::DeploymentRun*, Refusal> Steering::find_live(const DeploymentId& id) const {
  if (parts_.runs.is_held(id) || parts_.recovery.expects_restored_store()) {
    return Refusal{503,
                   "recovery",
                   "deployment " + id.str() +
                       " waits: one of its hosts knows more than the coordinator's store; run `switchyard recover`",
                   {{"deployment", id.str()}}};
  }
  if (const engine::DeploymentRun* run = parts_.runs.find(id)) return run;
  const auto row = parts_.store.deployment(id);
  if (!row) return no_deployment(id);
  if (row->state == DeploymentState::draft) {
    return Refusal{409, "waiting", "deployment " + id.str() + " has not begun: it waits for approval", {}};
  }
  return Refusal{
      409, "finished", "deployment " + id.str() + " has ended: " + std::string(model::state_name(row->state)), {}};
}

/// The environment is the detail by which the row is found.
void Steering::note(const Caller& caller, const std::string& operation, const engine::DeploymentRun& run,
                    const std::string& reason, const HostId& host) {
  std::map<std::string, std::string> details = {{"environment", run.row.environment}};
  if (!host.empty()) details.emplace("host", host.str());
  parts_.store.commit({audit_row(parts_.clock, caller, operation, run.row.id.str(), reason, details)});
}

Answer<bool> Steering::cancel(const Caller& caller, const DeploymentId& id, const std::string& reason) {
  const auto row = parts_.store.deployment(id);
  if (row && row->state == DeploymentState::draft) return parts_.approvals.withdraw(caller, id, reason);
  const auto live = find_live(id);
  if (const auto* refusal = std::get_if<Refusal>(&live)) return *refusal;
  const engine::DeploymentRun& run = *std::get<const engine::DeploymentRun*>(live);
  if (run.decision) return decided(run);
  if (caller.rehearses) return rehearsed("deployment " + id.str() + " would be undone");
  note(caller, "deployment.cancel", run, reason);
  parts_.runs.post(id, engine::CancelRequested{reason.empty() ? "by " + caller.principal : reason});
  return true;
}

Answer<bool> Steering::hold(const Caller& caller, const DeploymentId& id, const std::string& reason) {
  const auto live = find_live(id);
  if (const auto* refusal = std::get_if<Refusal>(&live)) return *refusal;
  const engine::DeploymentRun& run = *std::get<const engine::DeploymentRun*>(live);
  if (auto refusal = refuse_hold(run)) return *refusal;
  if (caller.rehearses) return rehearsed("deployment " + id.str() + " would stand still where it is");
  note(caller, "deployment.hold", run, reason);
  parts_.runs.post(id, engine::HoldRequested{reason.empty() ? "by " + caller.principal : reason});
  return true;
}

Answer<bool> Steering::resume(const Caller& caller, const DeploymentId& id) {
  const auto live = find_live(id);
  if (const auto* refusal = std::get_if<Refusal>(&live)) return *refusal;
  const engine::DeploymentRun& run = *std::get<const engine::DeploymentRun*>(live);
  if (run.row.state != DeploymentState::paused) {
    return Refusal{409,
                   "not_paused",
                   "deployment " + id.str() + " is " + std::string(model::state_name(run.row.state)) +
                       "; only a paused one can be resumed",
                   {}};
  }
  if (caller.rehearses) return rehearsed("deployment " + id.str() + " would go on");
  note(caller, "deployment.resume", run, {});
  parts_.runs.post(id, engine::ResumeRequested{});
  return true;
}

Answer<std::vector<std::string>> Steering::promote(const Caller& caller, const DeploymentId& id,
                                                   std::optional<std::uint32_t> share) {
  const auto live = find_live(id);
  if (const auto* refusal = std::get_if<Refusal>(&live)) return *refusal;
  const engine::DeploymentRun& run = *std::get<const engine::DeploymentRun*>(live);
  const std::vector<PauseView> pauses = pauses_of(run);
  if (pauses.empty()) {
    return Refusal{
        409, "nothing_rests", "nothing of deployment " + id.str() + " waits to be promoted at the moment", {}};
  }
  const std::string what = text_of(pauses);
  const bool as_seen =
      std::all_of(pauses.begin(), pauses.end(), [&](const auto& pause) { return pause.share == share; });
  if (share && !as_seen) {
    return Refusal{409,
                   "another_share",
                   "what rests of deployment " + id.str() + " is " + what + ", and not only " + std::to_string(*share) +
                       " %; nothing goes on: look at `switchyard deploy status " + id.str() + "`",
                   {{"rests", what}}};
  }
  if (caller.rehearses) return rehearsed("of deployment " + id.str() + " this would go on: " + what);
  note(caller, "deployment.promote", run, what);
  parts_.runs.post(id, engine::Promoted{});
  std::vector<std::string> goes_on;
  goes_on.reserve(pauses.size());
  for (const PauseView& pause : pauses) goes_on.push_back(pause.what);
  return goes_on;
}

Answer<bool> Steering::declare_gone(const Caller& caller, const DeploymentId& id, const HostId& host,
                                    const std::string& reason) {
  const auto live = find_live(id);
  if (const auto* refusal = std::get_if<Refusal>(&live)) return *refusal;
  const engine::DeploymentRun& run = *std::get<const engine::DeploymentRun*>(live);
  if (!run.hosts.contains(host)) {
    return Refusal{404, "unknown_host", "host " + host.str() + " takes no part in deployment " + id.str(), {}};
  }
  // It would go on with what it was told, and hear that it does not count only when it connects anew.
  if (const AgentSession* session = parts_.registry.find(host)) {
    const std::int64_t silent_s = (parts_.clock.boot_ms() - session->heard_boot_ms) / 1000;
    return Refusal{409,
                   "host_connected",
                   "host " + host.str() + " is connected (its agent was heard " + std::to_string(silent_s) +
                       " s ago), and takes part in " + id.str() +
                       "; stop its agent there first (`systemctl stop switchyard-agent`). An agent that ended counts "
                       "as connected for up to " +
                       std::to_string((limits::session_silence_ms_max + limits::ping_interval_ms) / 1000) +
                       " s: then ask again",
                   {{"host", host.str()}}};
  }
  if (caller.rehearses) {
    return rehearsed("host " + host.str() + " would count as gone for deployment " + id.str());
  }
  note(caller, "deployment.host_gone", run, reason, host);
  parts_.runs.post(id, engine::HostGone{host});
  return true;
}

}  // namespace switchyard::fleet
