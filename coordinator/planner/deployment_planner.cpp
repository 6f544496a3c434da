#include "coordinator/planner/deployment_planner.hpp"

#include <algorithm>
#include <optional>
#include <set>

#include "common/error.hpp"
#include "common/nearest.hpp"
#include "coordinator/planner/host_history.hpp"
#include "coordinator/planner/node_order.hpp"
#include "coordinator/planner/plan_assembly.hpp"
#include "coordinator/planner/slot_place.hpp"
#include "coordinator/planner/traffic_plan.hpp"
#include "coordinator/planner/unit_file.hpp"

namespace switchyard::planner {

namespace {

using protocol::OldKind;

[[noreturn]] void refuse(const model::Component& component, const std::string& message) {
  throw InputError(component.where + ": component `" + component.name + "` " + message);
}

/// A specification may be valid and still not say enough to be carried out.
void check_plannable(const model::Manifest& manifest, const PlanningFacts& facts) {
  if (manifest.environment.empty()) {
    throw InputError(manifest.file_name + ":1:1: the deployment has no environment; set metadata.environment or give " +
                     "--environment");
  }
  for (const model::Component& component : manifest.components) {
    std::vector<std::string> missing;
    if (component.hosts.empty()) missing.push_back("`hosts: [...]` (where it runs)");
    if (component.service.empty()) missing.push_back("`service: {command: [...]}` (what runs)");
    const bool no_artifact = !facts.artifacts.contains(component.name);
    if (no_artifact && component.artifact.empty()) missing.push_back("`artifact: {directory: ...}` (the files)");
    if (!missing.empty()) {
      std::string list;
      for (const std::string& item : missing) list += (list.empty() ? "" : ", ") + item;
      refuse(component, "can be checked, but not deployed: it has no " + list);
    }
    if (no_artifact)
      refuse(component, "has an artifact that was not uploaded; start the deployment with the command line");
  }
}

/// The hosts of each component that take part. Deferred ones are left out.
class Participants {
 public:
  Participants(const model::Manifest& manifest, const PlanningFacts& facts) : manifest_(manifest), facts_(facts) {
    for (const model::Component& component : manifest.components) {
      for (const HostId& host : component.hosts) place(component, host);
    }
    if (deferred_.size() <= manifest.settings.defer_max) return;
    std::string names;
    for (const HostId& host : deferred_) names += (names.empty() ? "" : ", ") + host.str();
    throw InputError(manifest.file_name + ":1:1: " + std::to_string(deferred_.size()) + " hosts cannot be reached (" +
                     names + "), but deployment_settings.unreachable allows " +
                     std::to_string(manifest.settings.defer_max) + "; bring them back, or take them out of the file");
  }

  std::vector<HostId> hosts_of(const model::Component& component) const {
    std::vector<HostId> hosts = component.hosts;
    std::erase_if(hosts, [&](const HostId& host) { return deferred_.contains(host); });
    return hosts;
  }

 private:
  void place(const model::Component& component, const HostId& host) {
    if (find_facts(facts_, host)) return;
    const bool known =
        std::find(facts_.unreachable.begin(), facts_.unreachable.end(), host) != facts_.unreachable.end();
    if (!known) {
      std::vector<std::string_view> names;
      for (const auto& [name, inventory] : facts_.inventory) names.push_back(name.value);
      refuse(component, "names the host `" + host.str() + "`, which is not in the fleet" +
                            did_you_mean(host.str(), names) + " (see `switchyard hosts list`, `hosts add`)");
    }
    if (manifest_.settings.unreachable == model::Unreachable::fail) {
      refuse(component, "needs the host " + host.str() +
                            ", whose agent does not answer; look at it there with `systemctl " +
                            "status switchyard-agent`, or allow some with `unreachable: {defer: N}`");
    }
    deferred_.insert(host);
  }

  const model::Manifest& manifest_;
  const PlanningFacts& facts_;
  std::set<HostId> deferred_;
};

/// The switch of a component is fixed while it serves: moving it would need both at once.
void check_same_switch(const model::Component& component, const HostId& host, const protocol::SliceComponent* serving,
                       const std::optional<protocol::SwitchTraffic>& wanted) {
  if (serving == nullptr || same_switch(find_switch(*serving), wanted ? &*wanted : nullptr)) return;
  refuse(component, "serves on host " + host.str() +
                        " with another traffic switch or stable port, which cannot be changed " +
                        "while it serves; deploy it under a new name with `adopt: {unit: " + serving->unit + "}`");
}

/// What to do for one component on one host; nothing if it is so already.
class ChangePlanner {
 public:
  ChangePlanner(const model::Manifest& manifest, const PlanningFacts& facts) : manifest_(manifest), facts_(facts) {}

  std::optional<ComponentChange> change(const model::Component& component, const HostId& host) const {
    const protocol::ComponentFact fact = fact_of(*find_facts(facts_, host), component.name);
    check_fact(component, host, fact);
    const HostHistory history(facts_, host, component.name);
    const protocol::ArtifactRef& artifact = facts_.artifacts.at(component.name);
    const HostLayout layout{facts_.components_root, facts_.units_root};
    if (serves_already(component, fact, history, artifact.release, layout)) return std::nullopt;

    const SlotPlace place = place_in_slot(component, free_slot(fact.serving), artifact.release, layout);
    ComponentChange change;
    change.component = component.name;
    change.before = fact.serving;
    change.before_runs = !is_down(fact);
    change.after = {OldKind::release, place.slot, place.release, place.unit};
    change.after_port = place.port;
    change.current_link = place.current_link;
    set_before(component, host, change);
    change.release = protocol::EnsureRelease{component.name, artifact, component.shared, component.service.user};
    change.empty_slot = fact.serving.kind == OldKind::release;
    change.files.push_back(file_change(component, place, history, layout));
    change.probes = plan_probes(component, place, manifest_.settings.health_checks_enabled);
    change.to_before = traffic_to(component, change.before);
    change.to_after = traffic_to(component, change.after);
    check_same_switch(component, host, last_deployed(fact, history), change.to_after);
    // On a first deployment the dependencies are not live before their own swap either.
    change.start_in_swap = component.start == model::StartIn::swap || fact.serving.kind == OldKind::absent;
    set_limits(component, change);
    return change;
  }

 private:
  /// What the host could not tell for certain is no ground to plan on.
  static void check_fact(const model::Component& component, const HostId& host, const protocol::ComponentFact& fact) {
    if (!fact.problem.empty()) refuse(component, "cannot be planned on host " + host.str() + ": " + fact.problem);
    const bool stranger_in_slot = fact.serving.kind == OldKind::legacy && fact.serving.slot != "legacy";
    if (!stranger_in_slot) return;
    refuse(component, "finds its " + fact.serving.slot + " slot's port on host " + host.str() +
                          " served by a process that is " + "not " + component.name +
                          "'s unit; end that process, or give the slot another port");
  }

  /// The deployment that serves. The host was asked by the manifest's switch: with another one it finds nothing, and
  /// only the last deployment knows that something serves.
  static const protocol::SliceComponent* last_deployed(const protocol::ComponentFact& fact,
                                                       const HostHistory& history) {
    if (fact.serving.kind == OldKind::release) return history.find(fact.serving.slot, fact.serving.release);
    const protocol::SliceComponent* newest = history.newest();
    return newest == nullptr || newest->release.empty() ? nullptr : newest;
  }

  static bool is_down(const protocol::ComponentFact& fact) {
    return fact.unit_state == "failed" || fact.unit_state == "inactive";
  }

  /// The same release with the same configuration, and it runs.
  static bool serves_already(const model::Component& component, const protocol::ComponentFact& fact,
                             const HostHistory& history, const ReleaseId& release, const HostLayout& layout) {
    if (fact.serving.kind != OldKind::release || fact.serving.release != release) return false;
    if (is_down(fact)) return false;
    const protocol::EnsureFile* known = history.unit_file(fact.serving.slot);
    if (known == nullptr) return true;
    return *known == unit_file(component, place_in_slot(component, fact.serving.slot, release, layout), layout);
  }

  static FileChange file_change(const model::Component& component, const SlotPlace& place, const HostHistory& history,
                                const HostLayout& layout) {
    FileChange change;
    change.wanted = unit_file(component, place, layout);
    const protocol::EnsureFile* before = history.unit_file(place.slot);
    if (before != nullptr && before->path == change.wanted.path) {
      change.before = *before;
    } else {
      // No file is safer than one that starts a release which was never accepted.
      change.before.path = change.wanted.path;
      change.before.absent = true;
    }
    return change;
  }

  /// The side that serves now: its port, and the unit of a service that was not deployed by us.
  static void set_before(const model::Component& component, const HostId& host, ComponentChange& change) {
    if (change.before.kind == OldKind::release) {
      change.before_port = place_in_slot(component, change.before.slot, change.before.release, {}).port;
    }
    if (change.before.kind != OldKind::legacy) return;
    if (change.before.unit.empty()) change.before.unit = component.adopt_unit;
    change.before_port = component.ports.stable;
    if (change.before.unit.empty() && !component.has_switch()) {
      refuse(component, "finds port " + std::to_string(component.ports.stable) + " of host " + host.str() +
                            " taken by a " +
                            "process that it cannot stop; name its unit with `adopt: {unit: ...}`, or end it");
    }
  }

  void set_limits(const model::Component& component, ComponentChange& change) const {
    change.step_timeout_ms = component.timeout_ms;
    change.stop_timeout_ms = component.service.stop_timeout_ms;
    change.drain_ms = component.drain_ms;
    change.prepare_attempts = component.retry_attempts + 1;
    protocol::Prune prune{component.name, manifest_.settings.keep_releases, {change.after.release}};
    if (change.before.kind == OldKind::release) prune.protect.push_back(change.before.release);
    change.prune = std::move(prune);
  }

  const model::Manifest& manifest_;
  const PlanningFacts& facts_;
};

/// The dead-man's budget: a lease that the coordinator renews where the swap itself takes long.
std::uint32_t confirm_ms(const model::Manifest& manifest, bool long_swap) {
  if (manifest.settings.confirm_ms) return *manifest.settings.confirm_ms;
  return long_swap ? limits::lease_ms_default : limits::confirm_ms_default;
}

std::uint32_t prepare_ms(const model::Manifest& manifest) {
  if (manifest.settings.prepare_ms) return *manifest.settings.prepare_ms;
  std::uint32_t longest = limits::prepare_ms_default;
  for (const model::Component& component : manifest.components) longest = std::max(longest, component.timeout_ms);
  return longest;
}

model::PlanSettings plan_settings(const model::Manifest& manifest, const PlanOptions& options, bool long_swap) {
  const model::DeploymentSettings& wanted = manifest.settings;
  model::PlanSettings settings;
  settings.rollback_on_failure = wanted.rollback_on_failure && !options.no_rollback;
  settings.prepare_ms = prepare_ms(manifest);
  settings.confirm_ms = confirm_ms(manifest, long_swap);
  settings.watch_ms = wanted.monitoring_enabled && !options.no_monitoring ? wanted.watch_ms : 0;
  settings.keep_old_ms = wanted.keep_old_ms;
  settings.max_parallel = wanted.max_parallel;
  settings.on_restart = wanted.on_restart;
  settings.unreachable = wanted.unreachable;
  settings.defer_max = wanted.defer_max;
  return settings;
}

}  // namespace

model::Plan plan_deployment(const model::Manifest& manifest, const PlanningFacts& facts, const PlanOptions& options) {
  check_plannable(manifest, facts);
  const Participants participants(manifest, facts);
  const ChangePlanner planner(manifest, facts);
  const std::vector<std::string> order = component_order(manifest);

  PlanAssembly assembly(facts);
  std::map<std::string, std::vector<HostId>> changed;
  bool long_swap = false;
  for (const std::string& name : order) {
    const model::Component& component = *manifest.find_component(name);
    for (const HostId& host : participants.hosts_of(component)) {
      std::optional<ComponentChange> change;
      try {
        change = planner.change(component, host);
      } catch (const InputError& error) {
        // Texts of the manifest that cannot be filled in do not know where they stand.
        const std::string what = error.what();
        throw InputError(what.starts_with(component.where) ? what
                                                           : component.where + ": component `" + name + "`: " + what);
      }
      if (!change) continue;
      long_swap = long_swap || !change->to_after || change->start_in_swap;
      changed[name].push_back(host);
      assembly.add(host, *change);
    }
  }
  const bool sequential = options.sequential || !manifest.settings.parallel_deployment;
  std::vector<model::PlanNode> nodes = make_nodes(manifest, order, changed, sequential);
  long_swap = long_swap || nodes.size() > changed.size();
  return assembly.finish(manifest.name, manifest.environment, std::move(nodes),
                         plan_settings(manifest, options, long_swap));
}

void remember_plan(const model::Plan& done, PlanningFacts& facts) {
  for (const auto& [host, slice] : done.slices) {
    auto& entries = facts.history[host];
    entries.insert(entries.end(), slice.components.begin(), slice.components.end());
  }
}

InventoryQuestions inventory_questions(const model::Manifest& manifest) {
  InventoryQuestions questions;
  for (const model::Component& component : manifest.components) {
    protocol::InventoryQuestion question;
    question.component = component.name;
    question.stable_port = component.ports.stable;
    question.legacy_unit = component.adopt_unit;
    question.unit = component.service.unit;
    if (const auto traffic = traffic_to(component, {})) question.traffic = *traffic;
    for (const HostId& host : component.hosts) questions[host].push_back(question);
  }
  return questions;
}

}  // namespace switchyard::planner
