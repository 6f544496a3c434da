#include "coordinator/planner/host_change.hpp"

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "common/error.hpp"
#include "common/limits_hooks.hpp"
#include "coordinator/planner/host_history.hpp"
#include "coordinator/planner/slot_place.hpp"
#include "coordinator/planner/traffic_plan.hpp"
#include "coordinator/planner/unit_file.hpp"
#include "coordinator/planner/variables.hpp"

namespace switchyard::planner {

namespace {

using protocol::OldKind;

[[noreturn]] void refuse_return(const model::Component& component, const std::string& message) {
  throw InputError(component.where + ": component `" + component.name + "` " + message);
}

std::string switch_text(const protocol::SwitchTraffic* serving) {
  if (serving == nullptr) return " without a traffic switch";
  const bool haproxy = serving->kind == protocol::SwitchKind::haproxy;
  if (haproxy) return " behind the HAProxy backend " + serving->haproxy_backend + " (" + serving->haproxy_socket + ")";
  return " on the stable port " + std::to_string(serving->stable_port) + " by nftables";
}

/// The switch of a component is fixed while it serves: moving it would need both at once.
void check_same_switch(const model::Component& component, const HostId& host, const protocol::SliceComponent* serving,
                       const std::optional<protocol::SwitchTraffic>& wanted) {
  if (serving == nullptr || same_switch(find_switch(*serving), wanted ? &*wanted : nullptr)) return;
  refuse_return(component,
                "serves on host " + host.str() + switch_text(find_switch(*serving)) +
                    ", which cannot be changed while it serves; go back to that, or deploy it under a new " +
                    "name with ports of its own beside this one, lead the clients there, and then stop and " +
                    "disable " + serving->unit + " on its hosts");
}

/// What to do for one component on one host; nothing if it is so already.
class ChangePlanner {
 public:
  ChangePlanner(const model::Manifest& manifest, const PlanningFacts& facts) : manifest_(manifest), facts_(facts) {}

  bool is_there_already(const model::Component& component, const HostId& host) const {
    const protocol::ComponentFact fact = fact_of(*find_facts(facts_, host), component.name);
    const HostHistory history(facts_, host, component.name);
    return fact.problem.empty() && serves_already(component, fact, history, facts_.artifacts.at(component.name).release,
                                                  {facts_.components_root, facts_.units_root});
  }

  std::optional<ComponentChange> change(const model::Component& component, const HostId& host, Anew anew) const {
    const protocol::ComponentFact fact = fact_of(*find_facts(facts_, host), component.name);
    check_fact(component, host, fact);
    const HostHistory history(facts_, host, component.name);
    const protocol::ArtifactRef& artifact = facts_.artifacts.at(component.name);
    const HostLayout layout{facts_.components_root, facts_.units_root};
    const bool as_asked = serves_already(component, fact, history, artifact.release, layout);
    if (as_asked && anew == Anew::no) return std::nullopt;

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
    change.repairs_before = is_damaged(fact) && fact.serving.release == artifact.release;
    change.empty_slot = fact.serving.kind == OldKind::release;
    change.files.push_back(file_change(component, place, history, layout));
    set_configuration(component, host, change);
    if (!component.files_to_backup.empty()) {
      change.snapshot = protocol::Snapshot{component.name, facts_.deployment.str(), component.files_to_backup, ""};
    }
    for (const model::RunCommand& run : component.runs) change.runs.push_back(run_change(component, run, place));
    add_hooks(component, host, place, change);
    change.probes = plan_probes(
        component, place,
        {manifest_.settings.health_checks_enabled, manifest_.settings.run_tests, manifest_.defaults.check_deadline_s});
    change.to_before = traffic_to(component, change.before);
    change.to_after = traffic_to(component, change.after);
    check_same_switch(component, host, last_deployed(fact, history), change.to_after);
    // On a first deployment the dependencies are not live before their own swap either.
    change.start_in_swap = component.start == model::StartIn::swap || fact.serving.kind == OldKind::absent;
    // Where nothing of ours serves there is nobody to share the traffic with.
    const bool shares = component.strategy == model::Strategy::canary && fact.serving.kind == OldKind::release;
    if (shares) change.weights = component.canary.weights;
    set_limits(component, change);
    return change;
  }

 private:
  /// What the host could not tell for certain is no ground to plan on.
  static void check_fact(const model::Component& component, const HostId& host, const protocol::ComponentFact& fact) {
    if (!fact.problem.empty())
      refuse_return(component, "cannot be planned on host " + host.str() + ": " + fact.problem);
    const bool stranger_in_slot = fact.serving.kind == OldKind::legacy && fact.serving.slot != "legacy";
    if (!stranger_in_slot) return;
    refuse_return(component, "finds its " + fact.serving.slot + " slot's port on host " + host.str() +
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

  /// Files of the release that serves are not what they were, or not there.
  static bool is_damaged(const protocol::ComponentFact& fact) {
    return std::any_of(fact.releases.begin(), fact.releases.end(), [&](const protocol::ReleaseFact& release) {
      return release.release == fact.serving.release && !release.complete;
    });
  }

  /// The same release with the same configuration, whole, and it runs.
  static bool serves_already(const model::Component& component, const protocol::ComponentFact& fact,
                             const HostHistory& history, const ReleaseId& release, const HostLayout& layout) {
    if (fact.serving.kind != OldKind::release || fact.serving.release != release) return false;
    if (is_down(fact) || is_damaged(fact)) return false;
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

  static protocol::Run run_of(const std::vector<std::string>& words, const model::Component& component,
                              const std::string& user, const SlotPlace& place) {
    protocol::Run filled;
    for (const std::string& word : words) {
      const std::string expanded = expand_variables(word, place.values());
      filled.argv.push_back(filled.argv.empty() ? program_path(expanded, place) : expanded);
    }
    filled.environment = service_environment(component, place);
    filled.working_directory = place.release_dir;
    filled.user = user;
    return filled;
  }

  static RunChange run_change(const model::Component& component, const model::RunCommand& run, const SlotPlace& place) {
    RunChange change;
    change.name = run.name;
    change.phase = run.phase;
    change.command = run_of(run.command, component, run.user, place);
    if (run.migration) change.command.migration = true;
    if (!run.undo.empty()) change.undo = run_of(run.undo, component, run.user, place);
    change.timeout_ms = run.timeout_ms;
    return change;
  }

  /// A path that is filled in again and again makes a long text of a short one.
  static std::string config_of(const model::HookCommand& hook, const SlotPlace& place) {
    std::string config = expand_variables(hook.config, place.values());
    if (config.size() <= limits::hook_config_bytes_max) return config;
    throw InputError("the `config` of the hook `" + hook.name + "` (" +
                     std::string(protocol::hook_phase_name(hook.phase)) + ") has " + std::to_string(config.size()) +
                     " bytes once its variables are filled in, and may have " +
                     std::to_string(limits::hook_config_bytes_max) + "; shorten it");
  }

  void add_hooks(const model::Component& component, const HostId& host, const SlotPlace& place,
                 ComponentChange& change) const {
    for (const model::HookCommand& wanted : component.hooks) {
      protocol::Hook hook;
      hook.name = wanted.name;
      hook.phase = wanted.phase;
      hook.environment = manifest_.environment;
      hook.host = host.str();
      hook.component = component.name;
      hook.release = place.release.str();
      if (change.before.kind == OldKind::release) hook.previous_release = change.before.release.str();
      hook.slot = place.slot;
      hook.port = place.port;
      hook.config = config_of(wanted, place);
      hook.critical = wanted.critical;
      const auto command = [&](const std::vector<std::string>& words) {
        protocol::Run run = run_of(words, component, wanted.user, place);
        if (!model::finds_release(wanted.phase)) run.working_directory.clear();
        return run;
      };
      HookChange added{hook, std::nullopt, wanted.timeout_ms};
      added.hook.command = command(wanted.command);
      if (!wanted.undo.empty()) {
        added.undo = hook;
        added.undo->command = command(wanted.undo);
      }
      change.hooks.push_back(std::move(added));
    }
  }

  static void set_configuration(const model::Component& component, const HostId& host, ComponentChange& change) {
    const model::ResourceLimits& limits = component.service.limits;
    if (limits.cpu_millicores) change.cpu_quota_us = std::uint64_t{1'000} * *limits.cpu_millicores;
    change.memory_max_bytes = limits.memory_bytes;
    if (!component.service.configuration) return;
    const auto& delivery = component.service.delivery;
    if (!delivery) {
      refuse_return(component, "is configured by a file (`service.configuration`), and was planned without one");
    }
    const auto box = delivery->boxes.find(host.str());
    if (box == delivery->boxes.end()) {
      refuse_return(component, "cannot be configured on host " + host.str() + ", whose agent has no key yet");
    }
    change.configuration =
        protocol::EnsureConfiguration{component.name,      delivery->digest, component.service.configuration->file,
                                      delivery->encrypted, box->second,      delivery->keys};
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
      refuse_return(component, "finds port " + std::to_string(component.ports.stable) + " of host " + host.str() +
                                   " taken by a " +
                                   "process that it cannot stop; name its unit with `adopt: {unit: ...}`, or end it");
    }
  }

  void set_limits(const model::Component& component, ComponentChange& change) const {
    change.step_timeout_ms = component.timeout_ms;
    change.stop_timeout_ms = component.service.stop_timeout_ms;
    change.drain_ms = component.drain_ms;
    change.drains_on_the_way_back = model::drains_on_the_way_back(manifest_.settings.rollback_strategy);
    change.prepare_attempts = component.retry_attempts + 1;
    protocol::Prune prune{component.name, manifest_.settings.keep_releases, {change.after.release}};
    if (change.before.kind == OldKind::release) prune.protect.push_back(change.before.release);
    change.prune = std::move(prune);
  }

  const model::Manifest& manifest_;
  const PlanningFacts& facts_;
};

/// Texts of the manifest that cannot be filled in do not know where they stand.
template <class Work>
auto with_place(const model::Component& component, Work work) -> decltype(work()) {
  try {
    return work();
  } catch (const InputError& error) {
    const std::string what = error.what();
    if (what.starts_with(component.where)) throw;
    throw InputError(component.where + ": component `" + component.name + "`: " + what);
  }
}

}  // namespace

std::optional<ComponentChange> plan_change(const model::Manifest& manifest, const model::Component& component,
                                           const HostId& host, const PlanningFacts& facts, Anew anew) {
  return with_place(component, [&] { return ChangePlanner(manifest, facts).change(component, host, anew); });
}

bool is_there_already(const model::Manifest& manifest, const model::Component& component, const HostId& host,
                      const PlanningFacts& facts) {
  return with_place(component, [&] { return ChangePlanner(manifest, facts).is_there_already(component, host); });
}

}  // namespace switchyard::planner
