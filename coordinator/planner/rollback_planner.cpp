#include <algorithm>
#include <optional>
#include <set>

#include "common/ensure.hpp"
#include "common/error.hpp"
#include "common/nearest.hpp"
#include "coordinator/planner/deployment_planner.hpp"
#include "coordinator/planner/host_change.hpp"
#include "coordinator/planner/host_history.hpp"
#include "coordinator/planner/kept_hooks.hpp"
#include "coordinator/planner/node_order.hpp"
#include "coordinator/planner/plan_assembly.hpp"
#include "coordinator/planner/traffic_plan.hpp"
#include "coordinator/planner/what_runs.hpp"

namespace switchyard::planner {

namespace {

using protocol::OldKind;
using protocol::OldState;
using protocol::SliceComponent;

/// The first step's action of this kind in a phase; nullptr if there is none.
template <class T>
const T* find_action(const SliceComponent& done, protocol::Phase phase) {
  for (const protocol::Step& step : done.steps) {
    if (step.phase != phase) continue;
    if (const T* action = std::get_if<T>(&step.action)) return action;
  }
  return nullptr;
}

template <class T>
const protocol::Step* find_step(const SliceComponent& done, protocol::Phase phase) {
  for (const protocol::Step& step : done.steps) {
    if (step.phase == phase && std::holds_alternative<T>(step.action)) return &step;
  }
  return nullptr;
}

/// The port that a slot listens on itself, as the deployment's switch knows it.
std::uint16_t slot_port(const protocol::SwitchTraffic* traffic, const OldState& state) {
  if (traffic == nullptr) return 0;
  for (const protocol::SwitchTarget& target : traffic->targets) {
    if (target.slot == state.slot) return target.port;
  }
  return state.kind == OldKind::legacy ? traffic->stable_port : std::uint16_t{0};
}

/// All probes of the deployment that once brought the release into its slot, in the phases in which it ran them.
ProbePlan remembered_probes(const SliceComponent& origin) {
  ProbePlan probes;
  bool switched = false;
  for (const protocol::Step& step : origin.steps) {
    // Of a canary, what was asked between its shares was asked in PREPARE already.
    if (step.phase == protocol::Phase::swap && step.stage < origin.stages) continue;
    if (std::holds_alternative<protocol::SwitchTraffic>(step.action)) switched = true;
    const auto* probe = std::get_if<protocol::Probe>(&step.action);
    // Tests were passed when the release came; going back to it waits for none.
    if (probe == nullptr || probe->spec.tier.value_or(0) > 0) continue;
    (switched ? probes.stable : probes.slot).push_back(probe->spec);
  }
  probes.watch = origin.watch;
  return probes;
}

/// When nobody remembers how the old release was checked: it runs, and it listens.
ProbePlan least_probes(const OldState& target, const protocol::SwitchTraffic* traffic) {
  ProbePlan probes;
  if (!target.unit.empty()) {
    probes.slot.push_back(unit_probe(target.unit));
    probes.watch.push_back(confirmation(unit_probe(target.unit)));
  }
  if (traffic == nullptr) return probes;
  const std::uint16_t port = slot_port(traffic, target);
  // The stable port still leads elsewhere, so what listens there itself can be asked only after the switch.
  if (port != 0 && target.kind == OldKind::release) probes.slot.push_back(tcp_probe(port));
  if (traffic->stable_port != 0) {
    probes.stable.push_back(confirmation(tcp_probe(traffic->stable_port)));
    probes.watch.push_back(probes.stable.back());
  }
  return probes;
}

/// As the deployment that brought the release there configured and limited it.
void set_configuration(const SliceComponent& origin, ComponentChange& change) {
  if (const auto* file = find_action<protocol::EnsureConfiguration>(origin, protocol::Phase::prepare)) {
    change.configuration = *file;
  }
  for (const protocol::Step& step : origin.steps) {
    const auto* unit = std::get_if<protocol::EnsureUnit>(&step.action);
    if (unit == nullptr || unit->state != protocol::UnitState::started || unit->unit != origin.unit) continue;
    change.cpu_quota_us = unit->cpu_quota_us;
    change.memory_max_bytes = unit->memory_max_bytes;
  }
}

/// The way back for one component on one host.
ComponentChange inverse_of(const SliceComponent& done, const HostHistory& history, const std::string& current_link,
                           const DeploymentId& rollback) {
  const protocol::SwitchTraffic* traffic = find_switch(done);
  ComponentChange change;
  change.component = done.name;
  change.before = {OldKind::release, done.slot, done.release, done.unit};
  change.after = done.old;
  change.before_port = slot_port(traffic, change.before);
  change.after_port = slot_port(traffic, change.after);
  change.current_link = current_link;
  change.goes_back = true;
  change.hooks = kept_hooks(done);
  if (const auto* saved = find_action<protocol::Snapshot>(done, protocol::Phase::prepare)) {
    change.snapshot = protocol::Snapshot{done.name, rollback.str(), saved->files, saved->name};
    change.restore = protocol::Restore{done.name, saved->name, saved->files};
  }
  if (traffic != nullptr) {
    const protocol::Step* step = find_step<protocol::SwitchTraffic>(done, protocol::Phase::swap);
    ENSURE(step != nullptr && step->undo && std::holds_alternative<protocol::SwitchTraffic>(*step->undo));
    change.to_before = *traffic;
    change.to_after = std::get<protocol::SwitchTraffic>(*step->undo);
  }
  if (const auto* drain = find_action<protocol::Drain>(done, protocol::Phase::retire))
    change.drain_ms = drain->budget_ms;
  if (const auto* fetch = find_step<protocol::EnsureRelease>(done, protocol::Phase::prepare)) {
    change.step_timeout_ms = fetch->timeout_ms;
    change.prepare_attempts = fetch->attempts;
  }
  if (change.after.kind == OldKind::absent) return change;

  const SliceComponent* origin = nullptr;
  if (change.after.kind == OldKind::release) origin = history.before(done);
  change.probes = origin != nullptr ? remembered_probes(*origin) : least_probes(change.after, traffic);
  if (change.after.kind != OldKind::release) return change;

  const auto* fetched =
      find_action<protocol::EnsureRelease>(origin != nullptr ? *origin : done, protocol::Phase::prepare);
  if (fetched != nullptr) change.release = *fetched;
  if (origin == nullptr && change.release) {
    // Its size is not known: the release can only be verified where it lies, which is what a rollback wants first. Its
    // shared paths are taken to be those of its successor.
    change.release->artifact = {change.after.release, 0, 0};
  }
  // The slot's unit file is the one that the slot's last accepted deployment left. Who cannot look it up looks
  // afterwards what it has started.
  change.read_back = origin == nullptr;
  if (origin != nullptr) set_configuration(*origin, change);
  const protocol::EnsureFile* file = origin == nullptr ? nullptr : find_unit_file(*origin);
  if (file != nullptr) {
    // What the last deployment into the slot left there: the same bytes, or a newer configuration.
    const protocol::EnsureFile* present = history.unit_file(change.after.slot);
    change.files.push_back({*file, present != nullptr && present->path == file->path ? *present : *file});
  }
  return change;
}

bool is_same_state(const OldState& one, const OldState& other) {
  return one.kind == other.kind &&
         (one.kind != OldKind::release || (one.slot == other.slot && one.release == other.release));
}

/// Does the host still serve what the deployment brought? True: roll it back. False: it serves the old one already.
bool needs_rollback(const SliceComponent& done, const HostId& host, const PlanningFacts& facts) {
  if (done.release.empty()) {
    throw InputError("component `" + done.name + "` on host " + host.str() +
                     " was given back by that rollback to what ran before " +
                     "Switchyard, or to nothing; deploy the release that you want from its manifest");
  }
  const auto* inventory = find_facts(facts, host);
  if (inventory == nullptr) {
    throw HostAwayError(
        "host " + host.str() + " does not answer, so nothing is rolled back; look at it there with `systemctl status " +
        "switchyard-agent`, or leave it out with `--without " + host.str() + "`: it follows when it is back");
  }
  const protocol::ComponentFact fact = fact_of(*inventory, done.name);
  if (!fact.problem.empty()) {
    throw InputError("component `" + done.name + "` on host " + host.str() + " cannot be rolled back: " + fact.problem);
  }
  // The agent knows bytes and slots; what they were configured with, the newest plan that brought them there.
  const HostHistory history(facts, host, done.name);
  const SliceComponent* brought = history.find(fact.serving.slot, fact.serving.release);
  const OldState after{OldKind::release, done.slot, done.release, done.unit};
  if (is_same_state(fact.serving, after) && may_run_the_same(brought, &done)) return true;
  if (is_same_state(fact.serving, done.old) && may_run_the_same(brought, history.before(done))) return false;
  throw OvertakenError("component `" + done.name + "` on host " + host.str() +
                       " was changed after this deployment; roll the later " +
                       "one back first, or deploy the release that you want");
}

/// The way back; nothing if the host has gone it already.
std::optional<ComponentChange> change_back(const SliceComponent& done, const HostId& host, const PlanningFacts& facts) {
  if (!needs_rollback(done, host, facts)) return std::nullopt;
  const HostHistory history(facts, host, done.name);
  return inverse_of(done, history, facts.components_root + "/" + done.name + "/current", facts.deployment);
}

/// Leaves out what belongs to going forward, and does what belongs to going back.
void turn_back(const BringBack& wanted, const SliceComponent& done, ComponentChange& change) {
  change.goes_back = true;
  change.hooks = kept_hooks(done);
  // Where the release once came, its commands have run; what they did is there, or has been changed on purpose since.
  if (!wanted.is_new_there) change.runs.clear();
  // Who rolls back may want the newer release again.
  change.prune.reset();
}

/// The way to what another deployment brought, or would have; nothing if it serves already.
std::optional<ComponentChange> change_to(const BringBack& wanted, const SliceComponent& done,
                                         const PlanningFacts& facts, const RollbackOptions& options) {
  PlanningFacts with_artifact = facts;
  with_artifact.artifacts = {{done.name, wanted.artifact}};
  model::Manifest manifest = wanted.manifest;
  // It passed its tests when it came; going back to it waits for none, unless somebody wants it verified.
  if (!options.verify) manifest.settings.run_tests = model::RunTests::none;
  const model::Component* component = manifest.find_component(done.name);
  ENSURE(component != nullptr);
  const bool answered = find_facts(facts, wanted.host) != nullptr;
  if (answered && is_there_already(manifest, *component, wanted.host, with_artifact)) return std::nullopt;
  // Also where it serves what was before the deployment: that is not what is wanted. Refuses what was overtaken.
  needs_rollback(done, wanted.host, facts);
  auto change = plan_change(manifest, *component, wanted.host, with_artifact);
  if (change) turn_back(wanted, done, *change);
  return change;
}

const BringBack* find_bring_back(const std::vector<BringBack>& all, const HostId& host, const std::string& component) {
  for (const BringBack& one : all) {
    if (one.host == host && one.manifest.find_component(component) != nullptr) return &one;
  }
  return nullptr;
}

/// What the strategy asks of the graph; the order among what is left is the engine's.
void shape_nodes(model::RollbackStrategy strategy, const std::vector<model::PlanNode>& done,
                 std::vector<model::PlanNode>& nodes) {
  if (strategy == model::RollbackStrategy::batch || strategy == model::RollbackStrategy::graceful) {
    keep_pauses(done, nodes);
  }
  if (strategy != model::RollbackStrategy::aggressive) return;
  for (model::PlanNode& node : nodes) {
    node.after.clear();
    node.exclusive = false;
  }
}

/// What the changes of a rollback have in common that its settings follow from.
struct Ways {
  bool long_swap = false;  ///< something starts, or a hook is called, in a swap
  bool undoes = false;     ///< something is the inverse of what was done
};

/// What is deployed anew takes the times of its own manifest. Where something else is undone beside it, the time that
/// the longer of both needs.
void set_budgets(const model::PlanSettings& restored, const Ways& ways, model::PlanSettings& settings) {
  const model::PlanSettings done = settings;
  settings.prepare_ms = ways.undoes ? std::max(done.prepare_ms, restored.prepare_ms) : restored.prepare_ms;
  settings.confirm_ms = ways.undoes ? std::max(done.confirm_ms, restored.confirm_ms) : restored.confirm_ms;
  settings.watch_ms = restored.watch_ms;
  settings.keep_old_ms = restored.keep_old_ms;
}

/// Tests are asked only of what is deployed anew, and then as its own manifest says.
std::optional<model::ChecksAsked> checks_of_rollback(const RollbackOptions& options) {
  const auto said = options.restored ? options.restored->checks : std::nullopt;
  if (options.verify) return said;
  return model::ChecksAsked{!said || said->enabled, model::RunTests::none};
}

model::PlanSettings settings_of(const model::PlanSettings& done, const RollbackOptions& options, const Ways& ways) {
  using model::RollbackStrategy;
  model::PlanSettings settings = done;
  if (options.restored) set_budgets(*options.restored, ways, settings);
  settings.rollback_strategy = options.strategy.value_or(done.rollback_strategy);
  // That a person is asked was the deployment's wish for its own failure, unless it is said of this one again.
  const bool asked_for = done.rollback_on_failure || done.rollback_strategy == RollbackStrategy::manual;
  settings.rollback_on_failure = settings.rollback_strategy != RollbackStrategy::manual && asked_for;
  // The old release has proven itself; who rolls back wants it now.
  const bool watched = options.verify || settings.rollback_strategy == RollbackStrategy::graceful;
  if (watched && settings.watch_ms == 0) settings.watch_ms = limits::watch_ms_default;
  if (!watched) settings.watch_ms = 0;
  settings.prepare_together = true;
  if (settings.rollback_strategy == RollbackStrategy::graceful) settings.max_parallel = 1;
  if (settings.rollback_strategy == RollbackStrategy::aggressive) settings.max_parallel = 0;
  settings.unreachable = model::Unreachable::fail;
  settings.defer_max = 0;
  settings.caller_defaults.clear();  // of whoever asked for what is undone
  settings.checks = checks_of_rollback(options);
  settings.migrations_not_run.clear();
  if (ways.long_swap) settings.confirm_ms = std::max(settings.confirm_ms, limits::lease_ms_default);
  return settings;
}

/// An unfinished or unknown name is a mistake that must not pass as "nothing to do".
std::set<std::string> wanted_components(const model::Plan& done, const std::vector<std::string>& components) {
  std::set<std::string> known;
  for (const model::PlanNode& node : done.nodes) known.insert(node.component);
  if (components.empty()) return known;
  for (const std::string& name : components) {
    if (known.contains(name)) continue;
    throw InputError("the deployment " + done.deployment.str() + " changed no component `" + name + "`" +
                     did_you_mean(name, {known.begin(), known.end()}));
  }
  return {components.begin(), components.end()};
}

}  // namespace

model::Plan plan_rollback(const model::Plan& done, const std::vector<std::string>& components,
                          const PlanningFacts& facts, const std::vector<BringBack>& bring_back,
                          const RollbackOptions& options) {
  const model::RollbackStrategy strategy = options.strategy.value_or(done.settings.rollback_strategy);
  const std::set<std::string> wanted = wanted_components(done, components);
  PlanAssembly assembly(facts);
  std::set<std::pair<std::string, HostId>> kept;
  Ways ways;
  for (const auto& [host, slice] : done.slices) {
    for (auto component = slice.components.rbegin(); component != slice.components.rend(); ++component) {
      if (!wanted.contains(component->name)) continue;
      const BringBack* elsewhere = find_bring_back(bring_back, host, component->name);
      std::optional<ComponentChange> change = elsewhere != nullptr ? change_to(*elsewhere, *component, facts, options)
                                                                   : change_back(*component, host, facts);
      if (!change) continue;
      change->drains_on_the_way_back = model::drains_on_the_way_back(strategy);
      assembly.add(host, *change);
      kept.emplace(component->name, host);
      ways.long_swap = ways.long_swap || !change->to_after || change->start_in_swap || !change->hooks.empty();
      ways.undoes = ways.undoes || elsewhere == nullptr;
    }
  }
  std::vector<model::PlanNode> nodes = reverse_nodes(done.nodes, [&](const std::string& name, const HostId& host) {
    return kept.contains({name, host});
  });
  shape_nodes(strategy, done.nodes, nodes);
  const model::PlanSettings settings = settings_of(done.settings, options, ways);
  return assembly.finish(done.name, done.environment, std::move(nodes), settings);
}

void check_present(const model::Plan& plan, const PlanningFacts& facts) {
  std::string missing;
  for (const auto& [host, slice] : plan.slices) {
    const auto* inventory = find_facts(facts, host);
    for (const SliceComponent& component : slice.components) {
      if (component.release.empty() || inventory == nullptr) continue;
      const std::vector<protocol::ReleaseFact> releases = fact_of(*inventory, component.name).releases;
      const bool present = std::any_of(releases.begin(), releases.end(), [&](const protocol::ReleaseFact& fact) {
        return fact.release == component.release && fact.complete;
      });
      if (!present) missing += (missing.empty() ? "" : ", ") + component.name + " on " + host.str();
    }
  }
  if (missing.empty()) return;
  throw NotReadyError("not every host has the release to go back to any more: it is missing of " + missing +
                      "; nothing was begun. Deploy that version from its manifest, which brings it there");
}

protocol::InventoryQuestion question_about(const SliceComponent& component) {
  protocol::InventoryQuestion question;
  question.component = component.name;
  question.unit = component.unit.empty() ? component.old.unit : component.unit;
  if (component.old.kind == OldKind::legacy) question.legacy_unit = component.old.unit;
  if (const protocol::SwitchTraffic* traffic = find_switch(component)) {
    question.stable_port = traffic->stable_port;
    question.traffic = *traffic;
  }
  return question;
}

InventoryQuestions inventory_questions(const model::Plan& done) {
  InventoryQuestions questions;
  for (const auto& [host, slice] : done.slices) {
    for (const SliceComponent& component : slice.components) {
      questions[host].push_back(question_about(component));
    }
  }
  return questions;
}

}  // namespace switchyard::planner
