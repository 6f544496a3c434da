#include "coordinator/fleet/fleet_operations.hpp"

#include <algorithm>
#include <utility>

#include "common/error.hpp"
#include "common/limits.hpp"
#include "coordinator/fleet/audit.hpp"
#include "coordinator/fleet/deferrals.hpp"
#include "coordinator/fleet/deploy_target.hpp"
#include "coordinator/fleet/progress.hpp"
#include "coordinator/fleet/request_digest.hpp"
#include "coordinator/fleet/rollback_rules.hpp"
#include "coordinator/fleet/rollback_scope.hpp"
#include "coordinator/fleet/serving_views.hpp"

namespace switchyard::fleet {
namespace {

Refusal no_deployment(const DeploymentId& id) {
  return {
      404, "unknown_deployment", "there is no deployment " + id.str() + "; `switchyard deploy list` shows them", {}};
}

Refusal refusal_of(ArtifactStore::Wrong wrong, const ReleaseId& release) {
  switch (wrong) {
    case ArtifactStore::Wrong::digest:
      return {400,
              "bad_chunk",
              "the chunk's bytes are not what the manifest of " + release.str() + " says; send it again",
              {}};
    case ArtifactStore::Wrong::unknown_upload:
      return {404, "unknown_artifact", "no upload of " + release.str() + " has begun; send its manifest first", {}};
    case ArtifactStore::Wrong::index:
      return {400, "bad_index", "release " + release.str() + " has no chunk of that number", {}};
    case ArtifactStore::Wrong::incomplete:
      return {
          409, "incomplete", "chunks of " + release.str() + " are missing; send its manifest again to learn which", {}};
  }
  return {500, "internal", "unknown", {}};
}

Refusal key_reused(const std::string& key, const std::string& whose) {
  return {409,
          "idempotency_key_reused",
          "the idempotency key " + key + " belongs to another request, that of " + whose +
              "; send the same request again, or give this one a key of its own",
          {{"key", key}}};
}

/// The detail of an audit row by which it is found under its environment.
std::map<std::string, std::string> environment_detail(const std::variant<const engine::DeploymentRun*, Refusal>& live) {
  return {{"environment", std::get<const engine::DeploymentRun*>(live)->row.environment}};
}

store::PutSource source_of(const DeployRequest& request) {
  store::PutSource source;
  source.manifest = request.manifest;
  source.file_name = request.file_name;
  source.environment = request.environment;
  source.artifacts = request.artifacts;
  source.no_rollback = request.no_rollback;
  source.sequential = request.sequential;
  source.no_monitoring = request.no_monitoring;
  return source;
}

/// The newest deployment of that name that is done and changed something: who asks means that one.
std::string other_to_roll_back(const store::StateStore& store, const model::DeploymentRow& asked) {
  for (const model::DeploymentRow& row : store.deployments(limits::list_rows_max)) {
    const bool same = row.name == asked.name && row.environment == asked.environment;
    if (!same || row.kind != model::DeploymentKind::deploy || row.state != model::DeploymentState::done) continue;
    const auto plan = store.plan(row.id);
    if (plan && !plan->slices.empty())
      return "; the newest of " + row.name + " that changed something is " + row.id.str();
  }
  return {};
}

}  // namespace

// --- artifacts
// ---------------------------------------------------------------------------------------------------------

Answer<std::vector<std::uint32_t>> FleetOperations::begin_artifact(const Caller&, const ReleaseId& release,
                                                                   const std::string& manifest) {
  try {
    std::vector<std::uint32_t> missing = parts_.artifacts.begin(release, manifest);
    parts_.pruner.wanted(release);
    return missing;
  } catch (const DecodeError& error) {
    return Refusal{400, "bad_artifact", error.what(), {}};
  }
}

Answer<bool> FleetOperations::put_chunk(const Caller&, const ReleaseId& release, std::uint32_t index,
                                        const std::string& bytes) {
  if (const auto wrong = parts_.artifacts.put_chunk(release, index, bytes)) return refusal_of(*wrong, release);
  return true;
}

Answer<bool> FleetOperations::complete_artifact(const Caller& caller, const ReleaseId& release,
                                                const std::string& component, const std::string& version) {
  if (!is_name(component)) return Refusal{400, "bad_name", "'" + component + "' is no component name", {}};
  const auto known = parts_.store.artifacts();
  const bool again =
      parts_.artifacts.manifest(release).has_value() &&
      std::any_of(known.begin(), known.end(), [&](const auto& artifact) { return artifact.release == release; });
  if (const auto wrong = parts_.artifacts.complete(release)) return refusal_of(*wrong, release);
  const auto manifest = parts_.artifacts.manifest(release);
  if (!manifest) return refusal_of(ArtifactStore::Wrong::unknown_upload, release);
  store::Transaction writes{store::PutArtifact{release, component, version, manifest->bytes, parts_.clock.wall_ms()}};
  // Every plan and start ends its uploads, whether there was anything to send or not.
  if (!again) {
    writes.push_back(audit_row(parts_.clock, caller, "artifact.upload", release.str(), {},
                               {{"component", component}, {"version", version}}));
  }
  parts_.store.commit(writes);
  return true;
}

std::vector<store::PutArtifact> FleetOperations::artifacts(const Caller&) const { return parts_.store.artifacts(); }

// --- starting
// ----------------------------------------------------------------------------------------------------------

void FleetOperations::plan(const Caller&, const DeployRequest& request, Reply<model::Plan> reply) {
  if (const auto target = target_of(request)) {
    if (auto refusal = parts_.approvals.refuse_beside(*target)) return reply(std::move(*refusal));
  }
  parts_.planning.deployment(request, Planning::Use::look,
                             [this, reply = std::move(reply)](Answer<PlannedDeployment> answer) {
                               if (auto* refusal = std::get_if<Refusal>(&answer)) {
                                 return reply(parts_.recovery.explain(std::move(*refusal)));
                               }
                               reply(std::move(std::get<PlannedDeployment>(answer).plan));
                             });
}

void FleetOperations::start(const Caller& caller, const DeployRequest& request, Reply<DeploymentView> reply) {
  StartOrder order;
  order.caller = caller;
  order.source = source_of(request);
  order.idempotency_key = request.idempotency_key;
  order.request_digest = digest_of(request);
  if (answered_by_key(order, reply)) return;
  const auto target = target_of(request);
  if (target) {
    if (auto refusal = parts_.approvals.refuse_beside(*target)) {
      return launch(std::move(order), std::move(*refusal), reply);
    }
    order.approval_needed = parts_.approvals.rule_for(target->environment).approvals > 0;
  }
  parts_.planning.deployment(
      request, order.approval_needed ? Planning::Use::propose : Planning::Use::start,
      [this, order = std::move(order), reply = std::move(reply)](Answer<PlannedDeployment> planned) mutable {
        launch(std::move(order), std::move(planned), reply);
      });
}

void FleetOperations::start_rollback(const Caller& caller, const RollbackRequest& request,
                                     Reply<DeploymentView> reply) {
  const auto row = parts_.store.deployment(request.deployment);
  if (!row) return reply(no_deployment(request.deployment));
  const auto plan = parts_.store.plan(row->id);
  const auto& rule = parts_.approvals.rule_for(row->environment);
  if (auto refusal = refuse_rollback(request, *row, plan ? &*plan : nullptr, rule)) {
    if (refusal->code == "changed_nothing") refusal->message += other_to_roll_back(parts_.store, *row);
    return reply(std::move(*refusal));
  }
  StartOrder order;
  order.caller = caller;
  order.kind = model::DeploymentKind::rollback;
  order.refers_to = request.deployment;
  order.components = request.components;
  order.without = request.without;
  order.to_nothing = request.to_nothing;
  order.reason = request.reason;
  order.idempotency_key = request.idempotency_key;
  order.request_digest = digest_of(request);
  if (answered_by_key(order, reply)) return;
  if (auto refusal = refuse_without(parts_.store, parts_.registry, request, *row)) {
    return launch(std::move(order), std::move(*refusal), reply);
  }
  if (auto refusal = way_back(order).refuse()) return launch(std::move(order), std::move(*refusal), reply);
  order.approval_needed = waits_for_approval(*row);
  const auto use = order.approval_needed ? Planning::Use::propose : Planning::Use::start;
  parts_.planning.rollback(
      *row, request, use,
      [this, request, order = std::move(order), reply = std::move(reply)](Answer<PlannedDeployment> planned) mutable {
        if (const auto* made = std::get_if<PlannedDeployment>(&planned)) {
          if (auto refusal = refuse_to_nothing(request, made->plan)) planned = std::move(*refusal);
        }
        launch(std::move(order), std::move(planned), reply);
      });
}

bool FleetOperations::waits_for_approval(const model::DeploymentRow& done) const {
  if (parts_.approvals.rule_for(done.environment).approvals == 0) return false;
  const auto plan = parts_.store.plan(done.id);
  return !plan || !engine::inverse_is_approved(done, plan->settings.keep_old_ms, parts_.clock.wall_ms());
}

bool FleetOperations::answered_by_key(const StartOrder& order, Reply<DeploymentView>& reply) {
  const std::string& key = order.idempotency_key;
  if (key.empty()) return false;
  if (const auto known = parts_.store.deployment_of_key(key)) {
    if (parts_.store.deployment_of_key(key_with_digest(key, order.request_digest)) == known) {
      reply(view_of(*known));
    } else {
      reply(key_reused(key, "deployment " + known->str()));
    }
    return true;
  }
  const auto [planned, first] = planning_by_key_.try_emplace(key, Planned{order.request_digest, {}});
  if (first) return false;
  if (planned->second.digest != order.request_digest) {
    reply(key_reused(key, "a deployment that is being planned"));
  } else {
    planned->second.waiting.push_back(std::move(reply));
  }
  return true;
}

void FleetOperations::launch(StartOrder order, Answer<PlannedDeployment> planned, const Reply<DeploymentView>& reply) {
  const std::string key = order.idempotency_key;
  const Answer<DeploymentView> answer = commit_start(std::move(order), std::move(planned));
  auto waiting = planning_by_key_.extract(key);
  reply(answer);
  if (waiting.empty()) return;
  for (const Reply<DeploymentView>& other : waiting.mapped().waiting) other(answer);
}

WayBack FleetOperations::way_back(const StartOrder& rollback) const {
  return WayBack({parts_.store, parts_.runs, parts_.registry, parts_.clock}, rollback.refers_to, rollback.components);
}

Answer<DeploymentView> FleetOperations::commit_start(StartOrder order, Answer<PlannedDeployment> planned) {
  try {
    const bool rollback = order.kind == model::DeploymentKind::rollback;
    if (auto* refused = std::get_if<Refusal>(&planned)) {
      if (rollback && refused->code == "locked") return way_back(order).explain(std::move(*refused));
      return parts_.recovery.explain(std::move(*refused));
    }
    // The agents took their time to answer: he may not be known any more.
    if (auto refusal = parts_.api_tokens.refuse_ended(order.caller)) return std::move(*refusal);
    auto& plan = std::get<PlannedDeployment>(planned);
    const bool does_nothing = plan.plan.slices.empty() && plan.deferred.empty();
    const bool proposed = order.approval_needed && !does_nothing;
    if (rollback) {
      WayBack way = way_back(order);
      if (auto refusal = way.refuse()) return std::move(*refusal);
      // What is only proposed changes nothing: its way is cleared when it is approved.
      if (!proposed) way.clear();
    }
    auto started = proposed ? parts_.approvals.propose(std::move(order), std::move(plan))
                            : parts_.starter.start(std::move(order), std::move(plan));
    parts_.convergence.refresh();
    if (auto* refusal = std::get_if<Refusal>(&started)) return std::move(*refusal);
    return view_of(std::get<DeploymentId>(started));
  } catch (const StaleEpochError&) {
    throw;
  } catch (const StoreError& error) {
    return Refusal{503, "store_unavailable", error.what(), {}};
  }
}

// --- looking
// -----------------------------------------------------------------------------------------------------------

Answer<DeploymentView> FleetOperations::deployment(const Caller&, const DeploymentId& id) const { return view_of(id); }

Answer<DeploymentView> FleetOperations::view_of(const DeploymentId& id) const {
  DeploymentView view;
  if (const engine::DeploymentRun* run = parts_.runs.find(id)) {
    view.row = run->row;
    view.progress = progress_of(*run, *parts_.runs.steps(id));
    view.pauses = pauses_of(*run);
    view.plan = run->plan;
    view.kept = kept_by_rollback(parts_.store, view.row);
    return view;
  }
  const auto row = parts_.store.deployment(id);
  if (!row) return no_deployment(id);
  view.row = *row;
  view.plan = parts_.store.plan(id);
  if (view.plan) view.progress = final_progress(view.row, *view.plan);
  mark_undone(view, parts_.store);
  view.kept = kept_by_rollback(parts_.store, view.row);
  return view;
}

std::vector<model::DeploymentRow> FleetOperations::deployments(const Caller&, std::size_t limit) const {
  return parts_.store.deployments(std::min(limit, limits::list_rows_max));
}

std::vector<model::TimelineEntry> FleetOperations::timeline(const Caller&, const DeploymentId& id, std::size_t after,
                                                            std::size_t limit) const {
  return parts_.store.timeline(id, after, std::min(limit, limits::list_rows_max));
}

void FleetOperations::when_timeline_grows(const Caller&, const DeploymentId& id, std::size_t after,
                                          std::int64_t wait_ms, std::function<void()> reply) {
  parts_.viewers.wait(id, after, wait_ms, std::move(reply));
}

std::vector<HostView> FleetOperations::hosts(const Caller&) const {
  std::vector<HostView> views;
  for (model::HostRow& row : parts_.hosts.rows()) {
    const AgentSession* session = parts_.registry.find(row.id);
    if (session != nullptr) {
      row.last_seen_wall_ms = parts_.clock.wall_ms() - (parts_.clock.boot_ms() - session->heard_boot_ms);
    }
    views.push_back({std::move(row), session != nullptr});
  }
  return views;
}

std::vector<ServingView> FleetOperations::serving(const Caller&) const {
  std::vector<ServingView> views = serving_views(parts_.store);
  for (ServingView& view : views) {
    const model::HostRow* host = parts_.hosts.find(view.row.host);
    view.removed = host == nullptr || host->removed;
    view.connected = parts_.registry.find(view.row.host) != nullptr;
  }
  return views;
}

Answer<std::vector<store::StoredAudit>> FleetOperations::audit(const Caller&, std::uint64_t after_seq,
                                                               std::size_t limit) const {
  return parts_.store.audit(after_seq, std::min(limit, limits::list_rows_max));
}

// --- steering
// ----------------------------------------------------------------------------------------------------------

std::variant<const engine::DeploymentRun*, Refusal> FleetOperations::find_live(const DeploymentId& id) const {
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
  if (row->state == model::DeploymentState::draft) {
    return Refusal{409, "waiting", "deployment " + id.str() + " has not begun: it waits for approval", {}};
  }
  return Refusal{
      409, "finished", "deployment " + id.str() + " has ended: " + std::string(model::state_name(row->state)), {}};
}

Answer<bool> FleetOperations::cancel(const Caller& caller, const DeploymentId& id, const std::string& reason) {
  const auto row = parts_.store.deployment(id);
  if (row && row->state == model::DeploymentState::draft) return parts_.approvals.withdraw(caller, id, reason);
  const auto live = find_live(id);
  if (const auto* refusal = std::get_if<Refusal>(&live)) return *refusal;
  if (std::get<const engine::DeploymentRun*>(live)->decision) {
    return Refusal{409,
                   "decided",
                   "deployment " + id.str() + " is decided already; `switchyard rollback start` undoes a committed one",
                   {}};
  }
  parts_.store.commit(
      {audit_row(parts_.clock, caller, "deployment.cancel", id.str(), reason, environment_detail(live))});
  parts_.runs.post(id, engine::CancelRequested{reason.empty() ? "by " + caller.principal : reason});
  return true;
}

Answer<bool> FleetOperations::resume(const Caller& caller, const DeploymentId& id) {
  const auto live = find_live(id);
  if (const auto* refusal = std::get_if<Refusal>(&live)) return *refusal;
  const auto state = std::get<const engine::DeploymentRun*>(live)->row.state;
  if (state != model::DeploymentState::paused) {
    return Refusal{409,
                   "not_paused",
                   "deployment " + id.str() + " is " + std::string(model::state_name(state)) +
                       "; only a paused one can be resumed",
                   {}};
  }
  parts_.store.commit({audit_row(parts_.clock, caller, "deployment.resume", id.str(), {}, environment_detail(live))});
  parts_.runs.post(id, engine::ResumeRequested{});
  return true;
}

Answer<std::vector<std::string>> FleetOperations::promote(const Caller& caller, const DeploymentId& id,
                                                          std::optional<std::uint32_t> share) {
  const auto live = find_live(id);
  if (const auto* refusal = std::get_if<Refusal>(&live)) return *refusal;
  const std::vector<PauseView> pauses = pauses_of(*std::get<const engine::DeploymentRun*>(live));
  if (pauses.empty()) {
    return Refusal{
        409, "nothing_rests", "nothing of deployment " + id.str() + " waits to be promoted at the moment", {}};
  }
  std::vector<std::string> goes_on;
  std::string what;
  for (const PauseView& pause : pauses) {
    goes_on.push_back(pause.what);
    what += (what.empty() ? "" : "; ") + pause.what;
  }
  const bool as_seen =
      std::all_of(pauses.begin(), pauses.end(), [&](const auto& pause) { return pause.share == share; });
  if (share && !as_seen) {
    return Refusal{409,
                   "another_share",
                   "what rests of deployment " + id.str() + " is " + what + ", and not only " + std::to_string(*share) +
                       " %; nothing goes on: look at `switchyard deploy status " + id.str() + "`",
                   {{"rests", what}}};
  }
  parts_.store.commit(
      {audit_row(parts_.clock, caller, "deployment.promote", id.str(), what, environment_detail(live))});
  parts_.runs.post(id, engine::Promoted{});
  return goes_on;
}

Answer<bool> FleetOperations::declare_gone(const Caller& caller, const DeploymentId& id, const HostId& host,
                                           const std::string& reason) {
  const auto live = find_live(id);
  if (const auto* refusal = std::get_if<Refusal>(&live)) return *refusal;
  if (!std::get<const engine::DeploymentRun*>(live)->hosts.contains(host)) {
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
  auto details = environment_detail(live);
  details.emplace("host", host.str());
  parts_.store.commit({audit_row(parts_.clock, caller, "deployment.host_gone", id.str(), reason, details)});
  parts_.runs.post(id, engine::HostGone{host});
  return true;
}

// --- fleet
// -------------------------------------------------------------------------------------------------------------

Answer<bool> FleetOperations::add_host(const Caller& caller, const HostId& host,
                                       const std::map<std::string, std::string>& labels) {
  return parts_.hosts.add(caller, host, labels);
}

Answer<bool> FleetOperations::remove_host(const Caller& caller, const HostId& host) {
  return parts_.hosts.remove(caller, host, [&] { parts_.intake.cut_off(host, "the host was removed from the fleet"); });
}

Answer<TokenMade> FleetOperations::replace_host(const Caller& caller, const HostId& host) {
  ReplacedHost replaced = defer_replaced(parts_.store, host);
  auto answer = parts_.hosts.replace(caller, host, replaced.writes,
                                     [&] { parts_.intake.cut_off(host, "the host's machine was replaced"); });
  if (auto* made = std::get_if<TokenMade>(&answer)) {
    made->lost = {replaced.lost.begin(), replaced.lost.end()};
    parts_.convergence.refresh();
  }
  return answer;
}

Answer<TokenMade> FleetOperations::create_token(const Caller& caller, const std::string& host_pattern) {
  return parts_.hosts.create_token(caller, host_pattern);
}

Answer<bool> FleetOperations::revoke_agent(const Caller& caller, const HostId& host) {
  return parts_.hosts.revoke(caller, host, [&] { parts_.intake.cut_off(host, "the agent's key was revoked"); });
}

void FleetOperations::turned_away(const std::string& origin) {
  parts_.refusals.note({"api.refuse", "", without_port(origin), "the bearer token is unknown, expired or revoked"});
}

}  // namespace switchyard::fleet
