#include <algorithm>
#include <optional>
#include <set>

#include "common/ensure.hpp"
#include "common/error.hpp"
#include "common/nearest.hpp"
#include "coordinator/planner/deployment_planner.hpp"
#include "coordinator/planner/host_change.hpp"
#include "coordinator/planner/host_history.hpp"
#include "coordinator/planner/node_order.hpp"
#include "coordinator/planner/plan_assembly.hpp"
#include "coordinator/planner/traffic_plan.hpp"

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
    if (probe == nullptr) continue;
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

/// The way back for one component on one host.
ComponentChange inverse_of(const SliceComponent& done, const HostHistory& history, const std::string& current_link) {
  const protocol::SwitchTraffic* traffic = find_switch(done);
  ComponentChange change;
  change.component = done.name;
  change.before = {OldKind::release, done.slot, done.release, done.unit};
  change.after = done.old;
  change.before_port = slot_port(traffic, change.before);
  change.after_port = slot_port(traffic, change.after);
  change.current_link = current_link;
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
  if (change.after.kind == OldKind::release) origin = history.find(change.after.slot, change.after.release);
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
  const protocol::EnsureFile* file = origin == nullptr ? nullptr : find_unit_file(*origin);
  if (file != nullptr) {
    // What the last deployment into the slot left there: the same bytes, or a newer configuration.
    const protocol::EnsureFile* present = history.unit_file(change.after.slot);
    change.files.push_back({*file, present != nullptr && present->path == file->path ? *present : *file});
  }
  return change;
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
  const OldState& serving = fact.serving;
  if (serving.kind == OldKind::release && serving.slot == done.slot && serving.release == done.release) return true;
  const bool as_before =
      serving.kind == done.old.kind &&
      (serving.kind != OldKind::release || (serving.slot == done.old.slot && serving.release == done.old.release));
  if (as_before) return false;
  throw OvertakenError("component `" + done.name + "` on host " + host.str() +
                       " was changed after this deployment; roll the later " +
                       "one back first, or deploy the release that you want");
}

/// The way back; nothing if the host has gone it already.
std::optional<ComponentChange> change_back(const SliceComponent& done, const HostId& host, const PlanningFacts& facts) {
  if (!needs_rollback(done, host, facts)) return std::nullopt;
  const HostHistory history(facts, host, done.name);
  return inverse_of(done, history, facts.components_root + "/" + done.name + "/current");
}

/// The way to a release that the host never had; nothing if it serves already.
std::optional<ComponentChange> change_to(const BringBack& wanted, const SliceComponent& done,
                                         const PlanningFacts& facts) {
  const auto* inventory = find_facts(facts, wanted.host);
  if (inventory != nullptr && fact_of(*inventory, done.name).serving.release == wanted.artifact.release)
    return std::nullopt;
  if (!needs_rollback(done, wanted.host, facts)) return std::nullopt;
  PlanningFacts with_artifact = facts;
  with_artifact.artifacts = {{done.name, wanted.artifact}};
  const model::Component* component = wanted.manifest.find_component(done.name);
  ENSURE(component != nullptr);
  auto change = plan_change(wanted.manifest, *component, wanted.host, with_artifact);
  // Who rolls back may want the newer release again.
  if (change) change->prune.reset();
  return change;
}

const BringBack* find_bring_back(const std::vector<BringBack>& all, const HostId& host, const std::string& component) {
  for (const BringBack& one : all) {
    if (one.host == host && one.manifest.find_component(component) != nullptr) return &one;
  }
  return nullptr;
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
                          const PlanningFacts& facts, const std::vector<BringBack>& bring_back) {
  const std::set<std::string> wanted = wanted_components(done, components);
  PlanAssembly assembly(facts);
  std::set<std::pair<std::string, HostId>> kept;
  bool long_swap = false;
  for (const auto& [host, slice] : done.slices) {
    for (auto component = slice.components.rbegin(); component != slice.components.rend(); ++component) {
      if (!wanted.contains(component->name)) continue;
      const BringBack* elsewhere = find_bring_back(bring_back, host, component->name);
      const std::optional<ComponentChange> change =
          elsewhere != nullptr ? change_to(*elsewhere, *component, facts) : change_back(*component, host, facts);
      if (!change) continue;
      assembly.add(host, *change);
      kept.emplace(component->name, host);
      long_swap = long_swap || !change->to_after;
    }
  }
  std::vector<model::PlanNode> nodes = reverse_nodes(done.nodes, [&](const std::string& name, const HostId& host) {
    return kept.contains({name, host});
  });
  model::PlanSettings settings = done.settings;
  // The old release has proven itself; who rolls back wants it now.
  settings.watch_ms = 0;
  settings.prepare_together = true;
  settings.unreachable = model::Unreachable::fail;
  settings.defer_max = 0;
  if (long_swap) settings.confirm_ms = std::max(settings.confirm_ms, limits::lease_ms_default);
  return assembly.finish(done.name, done.environment, std::move(nodes), settings);
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
