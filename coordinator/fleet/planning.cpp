#include "coordinator/fleet/planning.hpp"

#include <algorithm>
#include <iterator>
#include <set>
#include <utility>

#include "common/ensure.hpp"
#include "common/error.hpp"
#include "common/limits.hpp"
#include "common/nearest.hpp"
#include "coordinator/fleet/bring_back.hpp"
#include "coordinator/fleet/component_holder.hpp"
#include "coordinator/fleet/deferrals.hpp"
#include "coordinator/fleet/last_committed.hpp"
#include "coordinator/fleet/rollback_scope.hpp"
#include "coordinator/fleet/serving_history.hpp"
#include "coordinator/fleet/snapshot_rules.hpp"
#include "coordinator/fleet/standing_plan.hpp"
#include "coordinator/planner/component_choice.hpp"
#include "coordinator/planner/host_claims.hpp"
#include "coordinator/planner/manifest_reader.hpp"

namespace switchyard::fleet {
namespace {

/// What was asked for, once more.
DeployRequest request_of(const store::PutSource& source) {
  DeployRequest request;
  request.manifest = source.manifest;
  request.file_name = source.file_name;
  request.environment = source.environment;
  request.artifacts = source.artifacts;
  request.no_rollback = source.no_rollback;
  request.sequential = source.sequential;
  request.no_monitoring = source.no_monitoring;
  request.components = source.components;
  request.run_tests = source.run_tests;
  request.configuration = source.configuration;
  request.defaults = source.defaults;
  return request;
}

template <class Container, class Value>
bool has(const Container& container, const Value& value) {
  return std::find(container.begin(), container.end(), value) != container.end();
}

/// The one that a person has looked at, by the hash that `plan` shows.
void refuse_another(const model::Plan& plan, const std::string& looked_at) {
  if (plan.hash == looked_at) return;
  throw planner::PlanChangedError(
      "the plan is not the one that was looked at any more: it has the hash " + plan.hash +
      "; the manifest, an artifact, an option or what serves has changed since. Nothing was "
      "begun: look at `switchyard plan` again");
}

}  // namespace

std::string version_of_release(const store::StateStore& store, const ReleaseId& release) {
  for (const store::PutArtifact& artifact : store.artifacts()) {
    if (artifact.release == release) return artifact.version;
  }
  return {};
}

std::string version_before(const store::StateStore& store, const model::DeploymentRow& done,
                           const protocol::SliceComponent& component) {
  const ReleaseId& release = component.old.release;
  if (release.empty()) return {};
  const auto rows = store.deployments(limits::deferral_rows_max);
  const auto origin = origin_of(store, rows, done.environment, component.name, release, done.id);
  return origin && !origin->version.empty() ? origin->version : version_of_release(store, release);
}

model::Manifest manifest_for_host(const model::Manifest& manifest, const HostId& host,
                                  const std::set<std::string>& components) {
  model::Manifest part = manifest;
  std::erase_if(part.components, [&](const model::Component& component) {
    return !has(component.hosts, host) || (!components.empty() && !components.contains(component.name));
  });
  for (model::Component& component : part.components) {
    component.hosts = {host};
    std::erase_if(component.dependencies,
                  [&](const std::string& name) { return part.find_component(name) == nullptr; });
    // It has proven itself elsewhere: it comes without shares and pauses, and waits for nobody.
    if (component.strategy == model::Strategy::canary) component.strategy = model::Strategy::blue_green;
    component.canary = {};
    component.min_healthy = 0;
    component.min_healthy_ms = 0;
  }
  // One host alone: there is nobody else to be left out.
  part.settings.unreachable = model::Unreachable::fail;
  part.settings.defer_max = 0;
  return part;
}

namespace {

/// What a rollback undoes: the deployment as it stands, on the hosts that take part.
model::Plan standing_without(const store::StateStore& store, const model::DeploymentRow& done,
                             const std::vector<HostId>& without) {
  model::Plan plan = plan_as_it_stands(store, done);
  for (const HostId& host : without) drop_host(plan, host);
  return plan;
}

/// The dependencies that are left out, as a manifest of their own.
model::Manifest outside_of(const planner::ChosenComponents& chosen) {
  model::Manifest manifest = chosen.manifest;
  manifest.components.clear();
  for (const planner::OutsideDependency& one : chosen.outside) manifest.components.push_back(one.dependency);
  return manifest;
}

}  // namespace

Planning::Planning(store::StateStore& store, CommittedPlans& plans, const HostBook& hosts,
                   const ArtifactStore& artifacts, InventoryRounds& inventory, const Configurations& configurations,
                   const Clock& clock, SigningKeyPair plan_key, HostRoots roots)
    : store_(store),
      plans_(plans),
      hosts_(hosts),
      artifacts_(artifacts),
      inventory_(inventory),
      configurations_(configurations),
      clock_(clock),
      plan_key_(std::move(plan_key)),
      roots_(std::move(roots)) {}

void Planning::deployment(const DeployRequest& request, const Purpose& purpose, Reply<PlannedDeployment> reply) {
  planner::ChosenComponents chosen;
  try {
    chosen = planner::choose_components(planner::read_manifest(request.manifest, request.file_name, request.defaults),
                                        request.components);
  } catch (const InputError& error) {
    return reply(Refusal{400, "bad_manifest", error.what(), {}});
  }
  if (!request.environment.empty()) chosen.manifest.environment = request.environment;
  if (auto refusal = configure(request.configuration, chosen.manifest)) return reply(std::move(*refusal));
  deployment_of(chosen, request, purpose, std::move(reply));
}

void Planning::again(const model::DeploymentRow& draft, Reply<PlannedDeployment> reply) {
  const Purpose purpose(Use::look, draft.id);
  if (draft.kind == model::DeploymentKind::rollback) {
    const auto done = store_.deployment(draft.rollback_of);
    const auto asked = store_.approval(draft.id);
    ENSURE(done && asked);
    const auto proposed = store_.plan(draft.id);
    ENSURE(proposed.has_value());
    RollbackRequest request = request_of(draft, *asked);
    request.strategy = proposed->settings.rollback_strategy;
    const auto target = target_again(*asked, *done, request);
    if (const auto* refusal = std::get_if<Refusal>(&target)) return reply(*refusal);
    return rollback(*done, request, std::get<std::optional<ChosenTarget>>(target), purpose, std::move(reply));
  }
  if (draft.kind == model::DeploymentKind::restore) {
    const auto snapshot = store_.snapshot(draft.snapshot);
    if (!snapshot) return reply(no_snapshot(draft.snapshot));
    return restore(*snapshot, purpose, std::move(reply));
  }
  const auto source = store_.source(draft.id);
  ENSURE(source.has_value());
  deployment(request_of(*source), purpose, std::move(reply));
}

void Planning::convergence(const store::PutSource& source, const HostId& host, const std::set<std::string>& components,
                           Reply<PlannedDeployment> reply) {
  const DeployRequest request = request_of(source);
  model::Manifest manifest;
  try {
    manifest = planner::choose_components(planner::read_manifest(source.manifest, source.file_name, source.defaults),
                                          source.components)
                   .manifest;
  } catch (const InputError& error) {
    return reply(Refusal{400, "bad_manifest", error.what(), {}});
  }
  if (!source.environment.empty()) manifest.environment = source.environment;
  if (auto refusal = configure(source.configuration, manifest)) return reply(std::move(*refusal));
  deployment_of({manifest_for_host(manifest, host, components), {}}, request, Use::start, std::move(reply));
}

std::optional<Refusal> Planning::configure(const model::Configuration& configuration, model::Manifest& manifest) const {
  try {
    configurations_.apply(configuration, manifest);
    return std::nullopt;
  } catch (const InputError& error) {
    return Refusal{422, "cannot_configure", error.what(), {}};
  } catch (const StoreError& error) {
    return Refusal{503, "store_unavailable", error.what(), {}};
  }
}

void Planning::deployment_of(planner::ChosenComponents chosen, const DeployRequest& request, const Purpose& purpose,
                             Reply<PlannedDeployment> reply) {
  chosen.manifest.settings.run_tests =
      model::run_tests_from_name(request.run_tests).value_or(chosen.manifest.settings.run_tests);
  const model::Manifest& manifest = chosen.manifest;
  if (auto refusal = refuse_unknown_hosts(manifest)) return reply(std::move(*refusal));
  if (auto refusal = refuse_unknown_hosts(outside_of(chosen))) return reply(std::move(*refusal));
  try {
    // What they serve may be taken back, and then would not serve.
    if (auto refusal = refuse_locked(planner::inventory_questions(chosen.outside))) return reply(std::move(*refusal));
  } catch (const StoreError& error) {
    return reply(Refusal{503, "store_unavailable", error.what(), {}});
  }
  planner::PlanningFacts facts;
  if (auto refusal = collect_artifacts(manifest, request, purpose.use, facts)) return reply(std::move(*refusal));
  const planner::PlanOptions options{request.no_rollback, request.sequential, request.no_monitoring};
  gather(
      planner::inventory_questions(manifest), std::move(facts), purpose, manifest.version,
      [chosen](const planner::PlanningFacts& gathered) {
        auto more = planner::inventory_questions(planner::host_claims(chosen.manifest, gathered));
        for (auto& [host, questions] : planner::inventory_questions(chosen.outside)) {
          std::move(questions.begin(), questions.end(), std::back_inserter(more[host]));
        }
        return more;
      },
      [chosen, options, looked_at = request.plan_hash](const planner::PlanningFacts& gathered) {
        const model::Manifest& part = chosen.manifest;
        planner::check_outside_dependencies(part, chosen.outside, gathered);
        if (!looked_at.empty()) {
          refuse_another(planner::plan_deployment(part, planner::to_look_at(gathered), options), looked_at);
        }
        return planner::plan_deployment(part, gathered, options);
      },
      [manifest, reply = std::move(reply)](Answer<PlannedDeployment> answer) {
        auto* planned = std::get_if<PlannedDeployment>(&answer);
        if (planned != nullptr && planned->basis) planned->basis->manifest = manifest;
        reply(std::move(answer));
      });
}

Answer<std::optional<ChosenTarget>> Planning::choose(const model::DeploymentRow& done,
                                                     const RollbackRequest& request) const {
  if (request.target_version.empty()) return std::optional<ChosenTarget>();
  const model::Plan standing = standing_without(store_, done, request.without);
  auto chosen =
      choose_target(store_, plans_, {done, standing, request.components}, request.target_version, clock_.wall_ms());
  if (auto* refusal = std::get_if<Refusal>(&chosen)) return std::move(*refusal);
  return std::optional(std::get<ChosenTarget>(std::move(chosen)));
}

Answer<std::optional<ChosenTarget>> Planning::target_again(const model::ApprovalRow& asked,
                                                           const model::DeploymentRow& done,
                                                           RollbackRequest request) const {
  request.target_version = asked.target.str();
  const auto row = asked.inverse && !asked.target.empty() ? store_.deployment(asked.target) : std::nullopt;
  // It may be too old by now to be chosen anew, and need not be: to undo leads there.
  if (row) return std::optional(ChosenTarget{*row});
  return choose(done, request);
}

void Planning::rollback(const model::DeploymentRow& done, const RollbackRequest& request,
                        const std::optional<ChosenTarget>& target, const Purpose& purpose,
                        Reply<PlannedDeployment> reply) {
  const std::vector<std::string>& components = request.components;
  const model::Plan plan = standing_without(store_, done, request.without);
  auto found = target ? hosts_to_bring_to(store_, artifacts_, configurations_, *target)
                      : hosts_to_bring_back(store_, plans_, artifacts_, configurations_, done, plan, components);
  if (auto* refusal = std::get_if<Refusal>(&found)) return reply(std::move(*refusal));
  const auto bring_back = std::get<std::vector<planner::BringBack>>(std::move(found));
  planner::RollbackOptions options{request.strategy, request.verify_after_rollback};
  if (target && !target->inverse()) {
    const auto restored = store_.plan(target->row.id);
    ENSURE(restored.has_value());
    options.restored = restored->settings;
  }
  std::string version = target ? target->row.version : std::string();
  Purpose with_origins = purpose;
  const ServingHistory history(store_, plans_);
  for (const auto& [host, slice] : plan.slices) {
    for (const protocol::SliceComponent& component : slice.components) {
      const auto origin = history.before(done.id, {host, component.name}, component.old);
      if (origin) with_origins.origins.insert(origin->deployment);
      // That deployment had the bytes and their configuration; others may have had the bytes.
      const auto row = origin && version.empty() ? store_.deployment(origin->deployment) : std::nullopt;
      if (row) version = row->version;
      if (version.empty()) version = version_before(store_, done, component);
    }
  }
  gather(
      planner::inventory_questions(plan), {}, with_origins, version,
      [](const planner::PlanningFacts&) { return InventoryRounds::Questions(); },
      [plan, components, bring_back, options, by_version = target.has_value()](const planner::PlanningFacts& gathered) {
        model::Plan made = planner::plan_rollback(plan, components, gathered, bring_back, options);
        // Who goes back to a version wants it now, and not to wait for its bytes.
        if (by_version) planner::check_present(made, gathered);
        return made;
      },
      std::move(reply));
}

std::optional<Refusal> Planning::collect_artifacts(const model::Manifest& manifest, const DeployRequest& request,
                                                   Use use, planner::PlanningFacts& facts) const {
  for (const auto& [component, release] : request.artifacts) {
    if (manifest.find_component(component) == nullptr) continue;  // of another host: convergence
    const auto artifact = artifacts_.manifest(release);
    const auto size = request.artifact_sizes.find(component);
    if (!artifact && use == Use::look && size != request.artifact_sizes.end()) {
      facts.artifacts.emplace(component,
                              protocol::ArtifactRef{release, size->second.bytes, size->second.unpacked_bytes});
      continue;
    }
    if (!artifact) {
      return Refusal{422,
                     "no_artifact",
                     "component " + component + ": release " + release.str() +
                         " was not uploaded completely; run the "
                         "deployment again from where its files are",
                     {{"component", component}, {"release", release.str()}}};
    }
    facts.artifacts.emplace(component, protocol::ArtifactRef{release, artifact->bytes, artifact->unpacked_bytes});
  }
  return std::nullopt;
}

std::optional<Refusal> Planning::refuse_unknown_hosts(const model::Manifest& manifest) const {
  const auto refuse = [](const model::Component& component, const HostId& host, const char* code,
                         const std::string& what, int status = 409) {
    return Refusal{
        status,
        code,
        component.where + ": component `" + component.name + "` names the host `" + host.str() + "`, " + what,
        {{"host", host.str()}}};
  };
  std::vector<std::string> names;
  for (const model::HostRow& row : hosts_.rows()) {
    if (!row.removed) names.push_back(row.id.str());
  }
  const std::vector<std::string_view> known(names.begin(), names.end());
  for (const model::Component& component : manifest.components) {
    for (const HostId& host : component.hosts) {
      const model::HostRow* row = hosts_.find(host);
      if (row == nullptr || row->removed) {
        return refuse(component, host, "unknown_host",
                      "which is not in the fleet" + did_you_mean(host.str(), known) +
                          " (`switchyard hosts list` shows all, `switchyard agents token create` lets a new one join)",
                      422);
      }
      // With `unreachable: defer` it may follow when it is enrolled.
      if (manifest.settings.unreachable != model::Unreachable::fail) continue;
      if (row->revoked) {
        return refuse(component, host, "revoked",
                      "whose agent's key is revoked; let its new agent join with `switchyard hosts replace " +
                          host.str() + "`, or take the host out of the manifest");
      }
      if (!row->public_key.empty()) continue;
      if (!row->only_token.empty()) {
        return refuse(component, host, "not_enrolled",
                      "whose machine was replaced, and whose new agent has not joined yet; `switchyard hosts replace " +
                          host.str() + "` gives a new string for it");
      }
      return refuse(component, host, "not_enrolled",
                    "which is known by name only: no agent is enrolled for it yet; make the right to with `switchyard "
                    "agents token create --host " +
                        host.str() + "`");
    }
  }
  return std::nullopt;
}

std::optional<Refusal> Planning::refuse_hosts(const InventoryRounds::Questions& questions) const {
  for (const auto& [host, asked] : questions) {
    const model::HostRow* row = hosts_.find(host);
    if (row == nullptr || row->removed) {
      // A manifest that names it was refused with its line: this is of a rollback, or of a host that is to follow.
      return Refusal{409,
                     "unknown_host",
                     "host " + host.str() + " is not in the fleet any more; a rollback leaves it out with `--without " +
                         host.str() + "`, and what runs there goes on running",
                     {{"host", host.str()}}};
    }
  }
  return std::nullopt;
}

std::optional<Refusal> Planning::refuse_locked(const InventoryRounds::Questions& questions) const {
  for (const auto& [host, asked] : questions) {
    for (const protocol::InventoryQuestion& question : asked) {
      const auto id = store_.lock_holder(host, question.component);
      if (!id) continue;
      const auto holder = store_.deployment(*id);
      ENSURE(holder.has_value());  // the lock goes with the transaction that ends it
      return refuse_held(*holder, question.component, host);
    }
  }
  return std::nullopt;
}

void Planning::gather(InventoryRounds::Questions questions, planner::PlanningFacts facts, const Purpose& purpose,
                      std::string version, const AskMore& ask_more, MakePlan make, Reply<PlannedDeployment> reply) {
  if (auto refusal = refuse_hosts(questions)) return reply(std::move(*refusal));
  if (open_ >= limits::plannings_max) {
    return reply(Refusal{503, "busy", "too many plans are being made; try again in a moment", {}});
  }
  PlanGround ground;
  try {
    ground = note_ground(store_, hosts_, questions);
    // Not even to look at: what serves is provisional, and a plan over it would be of what may be undone.
    if (auto refusal = refuse_locked(questions)) return reply(std::move(*refusal));
    remember_history(questions, purpose, facts);
    for (auto& [host, more] : ask_more(facts)) {
      std::move(more.begin(), more.end(), std::back_inserter(questions[host]));
    }
  } catch (const StoreError& error) {
    return reply(Refusal{503, "store_unavailable", error.what(), {}});
  }
  ++open_;
  inventory_.ask(std::move(questions), [this, ground = std::move(ground), facts = std::move(facts), purpose,
                                        version = std::move(version), make = std::move(make),
                                        reply = std::move(reply)](InventoryRounds::Answers answers) mutable {
    --open_;
    for (const auto& [host, questions_of_host] : ground.asked) {
      if (!answers.contains(host)) facts.unreachable.push_back(host);
      if (const auto* features = inventory_.features(host)) facts.features[host] = *features;
    }
    facts.inventory = std::move(answers);
    // The request's thread of control has ended long ago: what fails here is its answer.
    Answer<PlannedDeployment> answer = finish(std::move(ground), std::move(facts), purpose, version, make);
    reply(std::move(answer));
  });
}

Answer<PlannedDeployment> Planning::finish(PlanGround ground, planner::PlanningFacts facts, const Purpose& purpose,
                                           const std::string& version, const MakePlan& make) {
  try {
    // Once more: the agents' answers took their time.
    if (auto refusal = refuse_locked(ground.asked)) return *refusal;
    facts.deployment = purpose.deployment.empty() ? DeploymentId("d-" + random_hex(8)) : purpose.deployment;
    facts.plan_seq = purpose.use == Use::look ? 0 : store_.next_plan_seq();
    facts.not_after_wall_ms = clock_.wall_ms() + limits::plan_life_ms;
    // From the moment of its approval it has the life of any other.
    if (purpose.use == Use::propose) facts.not_after_wall_ms += limits::approval_life_ms;
    facts.components_root = roots_.components;
    facts.units_root = roots_.units;
    // What was signed for approval bears its own id: the plan that it is compared with must bear the same.
    const bool looked_at = purpose.use == Use::look && purpose.deployment.empty();
    if (looked_at) facts = planner::to_look_at(std::move(facts));
    PlannedDeployment planned;
    planned.plan = make(facts);
    planner::check_features(planned.plan, facts);
    planned.version = version;
    for (const HostId& host : facts.unreachable) {
      if (!planned.plan.slices.contains(host)) planned.deferred.push_back(host);
    }
    if (purpose.use != Use::look) sign(planned.plan);
    // Of a start that is asked when its row is written.
    if (purpose.use == Use::look) {
      if (auto refusal = refuse_moved(store_, hosts_, ground, planned.plan)) return *refusal;
    }
    planned.ground = std::move(ground);
    if (purpose.deployment.empty()) planned.basis = PlanBasis{{}, std::move(facts)};
    return planned;
  } catch (const planner::OvertakenError& error) {
    return Refusal{409, "overtaken", error.what(), {}};
  } catch (const planner::PlanChangedError& error) {
    return Refusal{409, "plan_changed", error.what(), {}};
  } catch (const planner::NotReadyError& error) {
    return Refusal{409, "not_ready", error.what(), {}};
  } catch (const planner::OldAgentError& error) {
    return Refusal{409, "old_agent", error.what(), {}};
  } catch (const planner::HostAwayError& error) {
    return Refusal{409, "host_away", error.what(), {}};
  } catch (const InputError& error) {
    return Refusal{422, "cannot_plan", error.what(), {}};
  } catch (const StaleEpochError&) {
    throw;
  } catch (const StoreError& error) {
    return Refusal{503, "store_unavailable", error.what(), {}};
  } catch (const Error& error) {
    return Refusal{422, "cannot_plan", std::string("the plan cannot be written out: ") + error.what(), {}};
  }
}

/// What serves on the hosts, the newest plans that ended well, and those that what serves, or comes back, came with.
void Planning::remember_history(const InventoryRounds::Questions& questions, const Purpose& purpose,
                                planner::PlanningFacts& facts) const {
  const std::vector<model::DeploymentRow> rows = store_.deployments(limits::deferral_rows_max);
  facts.committed = last_committed(store_.serving(), rows);
  std::erase_if(facts.committed, [&](const model::ServingRow& row) { return !questions.contains(row.host); });
  std::set<DeploymentId> needed = purpose.origins;
  for (const model::ServingRow& row : facts.committed) needed.insert(row.deployment);
  std::size_t remembered = 0;
  for (const model::DeploymentRow& row : rows) {
    if (row.state != model::DeploymentState::done) continue;
    if (remembered >= limits::planning_history_max && !needed.contains(row.id)) continue;
    const auto plan = store_.plan(row.id);
    if (!plan) continue;
    planner::remember_plan(*plan, facts);
    ++remembered;
  }
}

void Planning::sign(model::Plan& plan) const {
  ENSURE(plan.hash == protocol::plan_hash(plan.header));
  plan.signature = protocol::sign_plan(plan.header, plan_key_);
  // Both sides of the boundary: what an agent would refuse must not be started.
  for (const auto& [host, slice] : plan.slices) {
    const protocol::SignedPlan signed_plan{plan.header, protocol::encode_slice(slice), plan.signature};
    if (const auto why = protocol::refuse_plan(signed_plan, host, plan_key_.public_key)) {
      throw InputError("the plan cannot be carried out by host " + host.str() + ": " + *why);
    }
  }
}

}  // namespace switchyard::fleet
