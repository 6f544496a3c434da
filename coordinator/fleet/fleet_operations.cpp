#include "coordinator/fleet/fleet_operations.hpp"

#include <algorithm>
#include <memory>
#include <utility>

#include "common/error.hpp"
#include "common/limits.hpp"
#include "coordinator/fleet/audit.hpp"
#include "coordinator/fleet/deferrals.hpp"
#include "coordinator/fleet/deploy_target.hpp"
#include "coordinator/fleet/environment_policies.hpp"
#include "coordinator/fleet/freeze.hpp"
#include "coordinator/fleet/late_reply.hpp"
#include "coordinator/fleet/plan_outlook.hpp"
#include "coordinator/fleet/progress.hpp"
#include "coordinator/fleet/rehearsal.hpp"
#include "coordinator/fleet/request_digest.hpp"
#include "coordinator/fleet/rollback_rules.hpp"
#include "coordinator/fleet/rollback_scope.hpp"
#include "coordinator/fleet/rollback_targets.hpp"
#include "coordinator/fleet/serving_views.hpp"
#include "coordinator/fleet/simulations.hpp"
#include "coordinator/fleet/snapshot_origins.hpp"

namespace switchyard::fleet {

using model::DeploymentKind;

namespace {

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

Refusal store_unavailable(const StoreError& error) { return {503, "store_unavailable", error.what(), {}}; }

store::PutSource source_of(const DeployRequest& request) {
  store::PutSource source;
  source.manifest = request.manifest;
  source.file_name = request.file_name;
  source.environment = request.environment;
  source.artifacts = request.artifacts;
  source.no_rollback = request.no_rollback;
  source.sequential = request.sequential;
  source.no_monitoring = request.no_monitoring;
  source.components = request.components;
  // What of the others was sent along was not deployed, and nothing is ever brought back to it.
  if (!source.components.empty()) {
    std::erase_if(source.artifacts, [&](const auto& entry) {
      return std::find(source.components.begin(), source.components.end(), entry.first) == source.components.end();
    });
  }
  source.override_freeze = request.override_freeze;
  source.run_tests = request.run_tests;
  source.configuration = request.configuration;
  source.defaults = request.defaults;
  return source;
}

/// A rehearsal must not be taken for the first try of a request: it has no key.
std::string key_of(const Caller& caller, const std::string& key) { return caller.rehearses ? std::string() : key; }

/// A number that a rehearsal took would be gone.
Planning::Use use_of(const StartOrder& order) {
  if (order.caller.rehearses) return Planning::Use::look;
  return order.approvals > 0 || order.plan_may_ask ? Planning::Use::propose : Planning::Use::start;
}

void note_approvals(const access::StartRule& asked, StartOrder& order) {
  order.approvals = asked.rule.approvals;
  order.approvals_why = asked.why;
}

/// The newest deployment of that name that is done and changed something: who asks means that one.
std::string other_to_roll_back(const store::StateStore& store, const model::DeploymentRow& asked) {
  for (const model::DeploymentRow& row : store.deployments(limits::list_rows_max)) {
    const bool same = row.name == asked.name && row.environment == asked.environment;
    if (!same || row.kind != DeploymentKind::deploy || row.state != model::DeploymentState::done) continue;
    const auto plan = store.plan(row.id);
    if (plan && !plan->slices.empty())
      return "; the newest of " + row.name + " that changed something is " + row.id.str();
  }
  return {};
}

}  // namespace

// --- artifacts
// ---------------------------------------------------------------------------------------------------------

Answer<std::vector<std::uint32_t>> FleetOperations::begin_artifact(const Caller& caller, const ReleaseId& release,
                                                                   const std::string& manifest) {
  try {
    if (caller.rehearses) {
      ArtifactStore::checked(release, manifest);
      return rehearsed("the artifact " + release.str() + " would be taken in");
    }
    std::vector<std::uint32_t> missing = parts_.artifacts.begin(release, manifest);
    parts_.pruner.wanted(release);
    return missing;
  } catch (const DecodeError& error) {
    return Refusal{400, "bad_artifact", error.what(), {}};
  }
}

Answer<bool> FleetOperations::put_chunk(const Caller& caller, const ReleaseId& release, std::uint32_t index,
                                        const std::string& bytes) {
  if (caller.rehearses) return rehearsed("a chunk of the artifact " + release.str() + " would be kept");
  if (const auto wrong = parts_.artifacts.put_chunk(release, index, bytes)) return refusal_of(*wrong, release);
  return true;
}

Answer<bool> FleetOperations::complete_artifact(const Caller& caller, const ReleaseId& release,
                                                const std::string& component, const std::string& version) {
  if (!is_name(component)) return Refusal{400, "bad_name", "'" + component + "' is no component name", {}};
  if (caller.rehearses) return rehearsed("the artifact " + release.str() + " would be complete");
  const auto known = parts_.store.artifacts();
  const auto found =
      std::find_if(known.begin(), known.end(), [&](const auto& artifact) { return artifact.release == release; });
  const bool again = parts_.artifacts.manifest(release).has_value() && found != known.end();
  if (const auto wrong = parts_.artifacts.complete(release)) return refusal_of(*wrong, release);
  const auto manifest = parts_.artifacts.manifest(release);
  if (!manifest) return refusal_of(ArtifactStore::Wrong::unknown_upload, release);
  store::PutArtifact row{release, component, version, manifest->bytes, parts_.clock.wall_ms()};
  // Every start ends its uploads, whether there was anything to send or not.
  std::optional<store::AppendAudit> entry;
  if (!again) {
    entry = audit_row(parts_.clock, caller, "artifact.upload", release.str(), {},
                      {{"component", component}, {"version", version}});
  } else if (version.empty() || version == found->version) {
    // Two components of the same bytes take no turns in naming them.
    row.component = found->component;
    row.version = found->version;
  } else {
    entry = audit_row(
        parts_.clock, caller, "artifact.rename", release.str(), {},
        {{"component", component}, {"version", version}, {"before", found->component + " " + found->version}});
  }
  store::Transaction writes{std::move(row)};
  if (entry) writes.push_back(std::move(*entry));
  parts_.store.commit(writes);
  return true;
}

std::vector<store::PutArtifact> FleetOperations::artifacts(const Caller&) const { return parts_.store.artifacts(); }

// --- starting
// ----------------------------------------------------------------------------------------------------------

template <class View>
void FleetOperations::look_in_turn(const Caller& caller, const DeployRequest& request,
                                   std::function<Answer<View>(PlannedDeployment)> look, Reply<View> reply) {
  if (const auto target = target_of(request)) {
    if (auto refusal = parts_.starter.refuse_beside(DeploymentKind::deploy, caller.who, *target)) {
      return reply(std::move(*refusal));
    }
  }
  parts_.planning.deployment(
      request, Planning::Use::look,
      [this, look = std::move(look), reply = std::move(reply)](Answer<PlannedDeployment> answer) {
        if (auto* refusal = std::get_if<Refusal>(&answer)) return reply(parts_.recovery.explain(std::move(*refusal)));
        auto planned = std::make_shared<PlannedDeployment>(std::move(std::get<PlannedDeployment>(answer)));
        const bool taken = parts_.looks.add([look, reply, planned] {
          try {
            reply(look(std::move(*planned)));
          } catch (const StaleEpochError&) {
            throw;
          } catch (const StoreError& error) {
            reply(store_unavailable(error));
          }
        });
        if (!taken) reply(Refusal{503, "busy", "too many plans wait to be worked out; try again in a moment", {}});
      });
}

void FleetOperations::plan(const Caller& caller, const DeployRequest& request, Reply<PlanView> reply) {
  const auto target = target_of(request);
  const auto lifts = target ? lifted_by(parts_.store, target->environment, request.configuration) : model::Policies{};
  look_in_turn<PlanView>(
      caller, request,
      [this, caller, target, lifts](PlannedDeployment planned) {
        return look_at(caller, std::move(planned), target, lifts);
      },
      std::move(reply));
}

void FleetOperations::simulate(const Caller& caller, const DeployRequest& request, const std::string& fail,
                               Reply<SimulationView> reply) {
  look_in_turn<SimulationView>(
      caller, request,
      [this, fail, target = target_of(request)](const PlannedDeployment& planned) {
        Answer<SimulationView> answer = simulation_of(parts_.store, planned, fail);
        auto* view = std::get_if<SimulationView>(&answer);
        const auto frozen = frozen_now(target);
        if (view != nullptr && frozen)
          view->simulation.assumed.push_back("a start is not refused: " + frozen_text(*frozen));
        return answer;
      },
      std::move(reply));
}

std::optional<Frozen> FleetOperations::frozen_now(const std::optional<DeployTarget>& target) const {
  if (!target) return std::nullopt;
  return find_frozen(parts_.store, parts_.approvals.rules(), *target, parts_.clock.wall_ms());
}

Answer<PlanView> FleetOperations::look_at(const Caller& caller, PlannedDeployment planned,
                                          const std::optional<DeployTarget>& target,
                                          const model::Policies& lifts) const {
  const bool codes = planned.basis && planned.basis->manifest.require_mfa;
  const std::string& environment = planned.plan.environment;
  const bool lifting = lifts != model::Policies{};
  const access::StartRule asked = access::rule_for_plan(
      parts_.approvals.rule_for_start(caller, environment, codes, lifting), environment, plan_terms(planned));
  forecast::Outlook outlook = outlook_of(parts_.store, asked, planned);
  if (lifting) outlook.notes.push_back("with its commit " + lift_text(lifts, environment));
  if (const auto frozen = frozen_now(target)) {
    outlook.notes.push_back("a start is refused now: " + frozen_text(*frozen));
  }
  if (const auto held = parts_.starter.refuse_second(DeploymentKind::deploy, planned.plan)) {
    outlook.notes.push_back("a start is refused now: " + held->message);
  }
  return PlanView{std::move(planned.plan), std::move(outlook)};
}

void FleetOperations::start(const Caller& caller, const DeployRequest& asked, Reply<DeploymentView> reply) {
  StartOrder order;
  order.caller = caller;
  order.idempotency_key = key_of(caller, asked.idempotency_key);
  order.request_digest = digest_of(asked);
  if (answered_by_key(order, reply)) return;
  const std::string key = order.idempotency_key;
  with_key(key, reply, [&] {
    DeployRequest request = asked;
    try {
      // What is brought to a host later, or after an approval, is what is asked for now.
      request.configuration = parts_.configurations.pinned(asked.configuration);
    } catch (const InputError& error) {
      return answer_all(key, Refusal{422, "cannot_configure", error.what(), {}}, reply);
    }
    order.source = source_of(request);
    plan_start(std::move(order), request, reply);
  });
}

void FleetOperations::plan_start(StartOrder order, const DeployRequest& request, const Reply<DeploymentView>& reply) {
  const auto target = target_of(request);
  if (target) {
    if (auto refusal = parts_.starter.refuse_beside(DeploymentKind::deploy, order.caller.who, *target)) {
      return launch(std::move(order), std::move(*refusal), reply);
    }
    order.overridden = frozen_now(target);
    if (order.overridden && request.override_freeze.empty()) {
      auto refusal = refuse_frozen(*order.overridden);
      return launch(std::move(order), std::move(refusal), reply);
    }
    note_policies(*target, request.configuration, order);
    const access::EnvironmentRule rule = parts_.approvals.rule_for(target->environment);
    order.plan_may_ask = rule.approve_configuration > 0 || rule.approve_high_risk > 0;
  }
  const auto use = use_of(order);
  parts_.planning.deployment(request, use,
                             [this, order = std::move(order), reply](Answer<PlannedDeployment> planned) mutable {
                               launch(std::move(order), std::move(planned), reply);
                             });
}

void FleetOperations::note_policies(const DeployTarget& target, const model::Configuration& configuration,
                                    StartOrder& order) const {
  const model::Policies lifts = lifted_by(parts_.store, target.environment, configuration);
  const bool lifting = lifts != model::Policies{};
  note_approvals(parts_.approvals.rule_for_start(order.caller, target.environment, configuration.require_mfa, lifting),
                 order);
  order.source->lifts = lifts;
  if (lifting) order.approvals_why += "; with its commit " + lift_text(lifts, target.environment);
}

void FleetOperations::note_plan(const PlannedDeployment& planned, StartOrder& order) const {
  const std::string& environment = planned.plan.environment;
  access::StartRule asked{parts_.approvals.rule_for(environment), order.approvals_why};
  asked.rule.approvals = order.approvals;
  const access::StartRule more = access::rule_for_plan(std::move(asked), environment, plan_terms(planned));
  if (more.rule.approvals == order.approvals) return;
  note_approvals(more, order);
  if (order.source->lifts != model::Policies{}) {
    order.approvals_why += "; with its commit " + lift_text(order.source->lifts, environment);
  }
}

/// Once more, now that the hosts have answered: meanwhile another deployment may have brought stricter ones.
std::optional<Refusal> FleetOperations::refuse_policies(const StartOrder& order, const std::string& environment,
                                                        bool does_nothing) const {
  if (order.kind != DeploymentKind::deploy || !order.source) return std::nullopt;
  StartOrder again = order;
  note_policies({environment, {}}, order.source->configuration, again);
  if (again.approvals > order.approvals || again.source->lifts != order.source->lifts) {
    return Refusal{409,
                   "policies_changed",
                   "what " + environment + " asks for has changed while this was planned; start it again",
                   {{"environment", environment}}};
  }
  if (!does_nothing || order.approvals == 0 || order.source->lifts == model::Policies{}) return std::nullopt;
  return Refusal{409,
                 "nothing_to_approve",
                 "everything serves already, so that there is nothing to approve, and what " + environment +
                     " is remembered to ask for (" + model::policies_text(order.source->lifts) +
                     ") stays: it goes with the next deployment that changes something and has this environment file",
                 {{"environment", environment}}};
}

void FleetOperations::start_rollback(const Caller& caller, const RollbackRequest& request,
                                     Reply<DeploymentView> reply) {
  const auto row = parts_.store.deployment(request.deployment);
  if (!row) return reply(no_deployment(request.deployment));
  const auto plan = parts_.store.plan(row->id);
  if (auto refusal = refuse_rollback(request, *row, plan ? &*plan : nullptr)) {
    if (refusal->code == "changed_nothing") refusal->message += other_to_roll_back(parts_.store, *row);
    return reply(std::move(*refusal));
  }
  StartOrder order;
  order.caller = caller;
  order.kind = DeploymentKind::rollback;
  order.refers_to = request.deployment;
  order.components = request.components;
  order.without = request.without;
  order.to_nothing = request.to_nothing;
  order.verify = request.verify_after_rollback;
  order.reason = request.reason;
  order.idempotency_key = key_of(caller, request.idempotency_key);
  order.request_digest = digest_of(request);
  if (answered_by_key(order, reply)) return;
  with_key(key_of(caller, request.idempotency_key), reply,
           [&] { plan_rollback(std::move(order), request, *row, reply); });
}

void FleetOperations::restore_snapshot(const Caller& caller, const RestoreRequest& request,
                                       Reply<DeploymentView> reply) {
  StartOrder order;
  order.caller = caller;
  order.kind = DeploymentKind::restore;
  order.reason = request.reason;
  order.idempotency_key = key_of(caller, request.idempotency_key);
  order.request_digest = digest_of(request);
  if (answered_by_key(order, reply)) return;
  const std::string key = order.idempotency_key;
  with_key(key, reply, [&] { plan_restore(std::move(order), request, reply); });
}

void FleetOperations::plan_restore(StartOrder order, const RestoreRequest& request,
                                   const Reply<DeploymentView>& reply) {
  auto found = parts_.snapshots.to_restore(request);
  if (auto* refusal = std::get_if<Refusal>(&found)) return launch(std::move(order), std::move(*refusal), reply);
  const auto& snapshot = std::get<model::SnapshotRow>(found);
  DeployTarget target{snapshot.environment, {}};
  for (const model::SnapshotPlace& place : snapshot.places) target.hosts.insert(place.host);
  if (auto refusal = parts_.starter.refuse_beside(DeploymentKind::restore, order.caller.who, target)) {
    return launch(std::move(order), std::move(*refusal), reply);
  }
  order.refers_to = deployed_since(parts_.store, parts_.plans, snapshot, parts_.clock.wall_ms());
  order.snapshot = snapshot.id;
  const bool codes = parts_.approvals.asks_for_codes(order.refers_to) || parts_.approvals.asks_for_codes(snapshot);
  note_approvals(access::rule_for_return(parts_.approvals.rule_for_start(order.caller, snapshot.environment, codes),
                                         snapshot.environment),
                 order);
  const auto use = use_of(order);
  parts_.planning.restore(snapshot, use,
                          [this, order = std::move(order), reply](Answer<PlannedDeployment> planned) mutable {
                            launch(std::move(order), std::move(planned), reply);
                          });
}

void FleetOperations::rollback_targets(const Caller&, const std::string& environment, const std::string& name,
                                       Reply<std::vector<Lineage>> reply) {
  std::vector<Lineage> all = lineages(parts_.store, parts_.plans, environment, name, parts_.clock.wall_ms());
  auto questions = presence_questions(parts_.store, all);
  std::erase_if(questions, [&](const auto& entry) { return !parts_.registry.connected(entry.first); });
  parts_.planning.ask_hosts(std::move(questions),
                            [all = std::move(all), reply = std::move(reply)](InventoryRounds::Answers answers) mutable {
                              note_presence(answers, all);
                              reply(std::move(all));
                            });
}

void FleetOperations::plan_rollback(StartOrder order, const RollbackRequest& request, const model::DeploymentRow& done,
                                    const Reply<DeploymentView>& reply) {
  if (auto refusal = refuse_without(parts_.store, parts_.registry, request, done)) {
    return launch(std::move(order), std::move(*refusal), reply);
  }
  if (auto refusal = way_back(order).refuse()) return launch(std::move(order), std::move(*refusal), reply);
  auto chosen = parts_.planning.choose(done, request);
  if (auto* refusal = std::get_if<Refusal>(&chosen)) return launch(std::move(order), std::move(*refusal), reply);
  const auto target = std::get<std::optional<ChosenTarget>>(std::move(chosen));
  if (target) order.target = target->row.id;
  order.inverse = !target || target->inverse();
  access::StartRule asked =
      parts_.approvals.rule_for_start(order.caller, done.environment, parts_.approvals.asks_for_codes(done.id));
  if (!order.inverse) asked = access::rule_for_return(std::move(asked), done.environment);
  if (waits_for_approval(asked.rule, done, order.inverse)) note_approvals(asked, order);
  const auto use = use_of(order);
  parts_.planning.rollback(done, request, target, use,
                           [this, request, order = std::move(order), reply](Answer<PlannedDeployment> planned) mutable {
                             if (const auto* made = std::get_if<PlannedDeployment>(&planned)) {
                               if (auto refusal = refuse_to_nothing(request, made->plan)) planned = std::move(*refusal);
                             }
                             launch(std::move(order), std::move(planned), reply);
                           });
}

template <class Work>
void FleetOperations::with_key(const std::string& key, const Reply<DeploymentView>& reply, Work work) {
  try {
    work();
  } catch (const StaleEpochError&) {
    throw;
  } catch (const StoreError& error) {
    answer_all(key, store_unavailable(error), reply);
  }
}

bool FleetOperations::waits_for_approval(const access::EnvironmentRule& rule, const model::DeploymentRow& done,
                                         bool inverse) const {
  if (rule.approvals == 0) return false;
  if (!inverse || rule.approve_rollbacks) return true;
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
  answer_all(key, commit_start(std::move(order), std::move(planned)), reply);
}

void FleetOperations::answer_all(const std::string& key, const Answer<DeploymentView>& answer,
                                 const Reply<DeploymentView>& reply) {
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
    const bool rollback = order.kind == DeploymentKind::rollback;
    const bool rehearses = order.caller.rehearses;
    if (auto* refused = std::get_if<Refusal>(&planned)) {
      if (rollback && refused->code == "locked") return way_back(order).explain(std::move(*refused));
      return parts_.recovery.explain(std::move(*refused));
    }
    // The agents took their time to answer: he may not be known any more.
    if (auto refusal = parts_.api_tokens.refuse_ended(order.caller)) return std::move(*refusal);
    auto& plan = std::get<PlannedDeployment>(planned);
    const bool does_nothing = plan.plan.slices.empty() && plan.deferred.empty();
    if (auto refusal = refuse_policies(order, plan.plan.environment, does_nothing)) return std::move(*refusal);
    if (order.plan_may_ask) {
      note_plan(plan, order);
      // What its plan would ask for, on a host that is not in it, nobody knows.
      if (auto refusal = refuse_unseen(order, plan)) return std::move(*refusal);
    }
    const bool proposed = order.approvals > 0 && !does_nothing;
    if (rollback) {
      // Before anything gives way to it.
      const DeployTarget target = target_of(plan.plan, plan.deferred);
      if (auto refusal = parts_.starter.refuse_beside(order.kind, order.caller.who, target)) return std::move(*refusal);
      if (!proposed) {
        if (auto refusal = parts_.starter.refuse_second(order.kind, plan.plan)) return std::move(*refusal);
      }
      WayBack way = way_back(order);
      if (auto refusal = way.refuse()) return std::move(*refusal);
      // What is only proposed changes nothing: its way is cleared when it is approved.
      if (!proposed && !rehearses) way.clear();
    }
    auto started = proposed ? parts_.approvals.propose(std::move(order), std::move(plan))
                            : parts_.starter.start(std::move(order), std::move(plan));
    if (!rehearses) parts_.convergence.refresh();
    if (auto* refusal = std::get_if<Refusal>(&started)) return std::move(*refusal);
    return view_of(std::get<DeploymentId>(started));
  } catch (const StaleEpochError&) {
    throw;
  } catch (const StoreError& error) {
    return store_unavailable(error);
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
    view.previous_version = version_undone_by(parts_.store, view.row);
    return view;
  }
  const auto row = parts_.store.deployment(id);
  if (!row) return no_deployment(id);
  view.row = *row;
  view.plan = parts_.store.plan(id);
  if (view.plan) {
    view.progress = final_progress(view.row, *view.plan);
    view.checks = parts_.check_outcomes.find(view.row, *view.plan);
  }
  mark_undone(view, parts_.store);
  view.previous_version = version_undone_by(parts_.store, view.row);
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
    row.last_seen_wall_ms = last_seen(row);
    const bool connected = parts_.registry.find(row.id) != nullptr;
    views.push_back({std::move(row), connected});
  }
  return views;
}

/// As hosts were last seen, also those that are connected now.
std::int64_t FleetOperations::last_seen(const model::HostRow& host) const {
  const AgentSession* session = parts_.registry.find(host.id);
  if (session == nullptr) return host.last_seen_wall_ms;
  return parts_.clock.wall_ms() - (parts_.clock.boot_ms() - session->heard_boot_ms);
}

std::vector<ServingView> FleetOperations::known_serving() const {
  std::vector<ServingView> views = serving_views(parts_.store);
  for (ServingView& view : views) {
    const model::HostRow* host = parts_.hosts.find(view.row.host);
    view.removed = host == nullptr || host->removed;
    view.connected = parts_.registry.find(view.row.host) != nullptr;
    if (host != nullptr) view.last_seen_wall_ms = last_seen(*host);
  }
  return views;
}

void FleetOperations::serving(const Caller&, Reply<std::vector<ServingView>> reply) {
  std::vector<ServingView> before = known_serving();
  std::vector<model::ServingRow> asked;
  for (const ServingView& view : before) {
    if (view.connected && !view.removed && !view.row.deployment.empty()) asked.push_back(view.row);
  }
  parts_.planning.ask_hosts(serving_questions(parts_.store, asked),
                            [this, before = std::move(before), reply](const InventoryRounds::Answers& answers) {
                              reply_with(reply, [&] {
                                std::vector<ServingView> views = known_serving();
                                note_answers(before, answers, views);
                                reply(std::move(views));
                              });
                            });
}

Answer<std::vector<store::StoredAudit>> FleetOperations::audit(const Caller&, std::uint64_t after_seq,
                                                               std::size_t limit) const {
  return parts_.store.audit(after_seq, std::min(limit, limits::list_rows_max));
}

Answer<std::vector<WitnessView>> FleetOperations::witnesses(const Caller&) const {
  std::vector<WitnessView> views;
  for (const model::HostRow& row : parts_.hosts.rows()) {
    if (row.removed) continue;
    const AgentSession* session = parts_.registry.find(row.id);
    views.push_back({row.id, session != nullptr ? session->audit_head : "", session != nullptr});
  }
  return views;
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

// --- registered health checks
// ------------------------------------------------------------------------------------------

Answer<std::vector<std::string>> FleetOperations::register_checks(const Caller& caller,
                                                                  const RegisterChecksRequest& request) {
  auto answer = parts_.checks.put(caller, request);
  if (const auto* names = std::get_if<std::vector<std::string>>(&answer)) {
    for (const std::string& name : *names) parts_.check_runs.forget(request.environment, name);
  }
  return answer;
}

Answer<bool> FleetOperations::remove_check(const Caller& caller, const std::string& environment,
                                           const std::string& name) {
  auto answer = parts_.checks.remove(caller, environment, name);
  if (std::holds_alternative<bool>(answer)) parts_.check_runs.forget(environment, name);
  return answer;
}

}  // namespace switchyard::fleet
