#include <algorithm>
#include <optional>
#include <set>
#include <utility>

#include "common/error.hpp"
#include "common/limits.hpp"
#include "coordinator/planner/deployment_planner.hpp"
#include "coordinator/planner/foreign_components.hpp"
#include "coordinator/planner/host_change.hpp"
#include "coordinator/planner/host_claims.hpp"
#include "coordinator/planner/host_history.hpp"
#include "coordinator/planner/kept_hooks.hpp"
#include "coordinator/planner/node_order.hpp"
#include "coordinator/planner/plan_assembly.hpp"
#include "coordinator/planner/plan_settings.hpp"

namespace switchyard::planner {

namespace {

/// It has proven itself: it comes without shares of the traffic, and passed its tests when it came. And a mix of two
/// states is none that anybody saved.
model::Manifest as_restored(model::Manifest manifest) {
  for (model::Component& component : manifest.components) {
    if (component.strategy == model::Strategy::canary) component.strategy = model::Strategy::blue_green;
    component.canary = {};
  }
  manifest.settings.run_tests = model::RunTests::none;
  manifest.settings.unreachable = model::Unreachable::fail;
  manifest.settings.defer_max = 0;
  return manifest;
}

/// One graph over all parts: a component that several deployments brought to different hosts is still one.
model::Manifest merged(const std::vector<PartToRestore>& parts) {
  model::Manifest all = as_restored(parts.front().manifest);
  for (std::size_t i = 1; i < parts.size(); ++i) {
    for (const model::Component& component : as_restored(parts[i].manifest).components) {
      const auto same = std::find_if(all.components.begin(), all.components.end(),
                                     [&](const model::Component& present) { return present.name == component.name; });
      if (same == all.components.end()) {
        all.components.push_back(component);
      } else {
        same->hosts.insert(same->hosts.end(), component.hosts.begin(), component.hosts.end());
      }
    }
  }
  for (model::Component& component : all.components) {
    std::erase_if(component.dependencies, [&](const std::string& name) { return all.find_component(name) == nullptr; });
  }
  return all;
}

void check_answered(const model::Manifest& manifest, const PlanningFacts& facts) {
  std::set<std::string> away;
  for (const model::Component& component : manifest.components) {
    for (const HostId& host : component.hosts) {
      if (find_facts(facts, host) == nullptr) away.insert(host.str());
    }
  }
  if (away.empty()) return;
  std::string names;
  for (const std::string& name : away) names += (names.empty() ? "" : ", ") + name;
  throw HostAwayError("of the snapshot's hosts these do not answer: " + names +
                      "; nothing was begun. Look at them there with `systemctl status switchyard-agent`; one that will "
                      "not come back can be removed with `switchyard hosts remove`, and is left out then");
}

/// Leaves out what belongs to going forward, and does what belongs to going back, as a rollback of what serves would.
/// Where the release once served its commands have run; what they did is there, or has been changed on purpose since.
void go_back(const PlanningFacts& facts, const HostId& host, ComponentChange& change) {
  const HostHistory history(facts, host, change.component);
  const protocol::SliceComponent* serving = nullptr;
  if (change.before.kind == protocol::OldKind::release) {
    serving = history.find(change.before.slot, change.before.release);
  }
  change.goes_back = true;
  change.hooks = serving != nullptr ? kept_hooks(*serving) : std::vector<HookChange>();
  change.runs.clear();
  // Who restores may want the newer release again.
  change.prune.reset();
  change.read_back = true;
}

/// The files come back before the service starts that reads them, and after the one has stopped, or is about to lose
/// its traffic, that writes them.
void add_files(const SnapshotId& snapshot, const PlanningFacts& facts, const std::vector<std::string>& files,
               ComponentChange& change) {
  change.snapshot = protocol::Snapshot{change.component, facts.deployment.str(), files, snapshot.str()};
  change.restore = protocol::Restore{change.component, snapshot.str(), files};
  change.start_in_swap = true;
}

class RestorePlan {
 public:
  RestorePlan(const SnapshotToRestore& snapshot, const PlanningFacts& facts)
      : snapshot_(snapshot), facts_(facts), assembly_(facts) {}

  void add(const PartToRestore& part, const std::string& name) {
    const model::Manifest manifest = as_restored(part.manifest);
    const model::Component* component = manifest.find_component(name);
    if (component == nullptr) return;
    PlanningFacts with_artifacts = facts_;
    with_artifacts.artifacts = part.artifacts;
    for (const HostId& host : component->hosts) {
      const auto files = part.files.find({host, name});
      const bool has_files = files != part.files.end() && !files->second.empty();
      auto change = plan_change(manifest, *component, host, with_artifacts, has_files ? Anew::yes : Anew::no);
      if (!change) continue;
      go_back(facts_, host, *change);
      if (has_files) add_files(snapshot_.id, facts_, files->second, *change);
      changed_[name].push_back({host, stages_of(*change)});
      assembly_.add(host, *change);
    }
  }

  model::Plan finish(const model::Manifest& all, const std::vector<std::string>& order) {
    std::vector<model::PlanNode> nodes = make_nodes(all, order, changed_, !all.settings.parallel_deployment);
    // What serves then is read back in the swap, all of its bytes.
    constexpr bool long_swap = true;
    model::PlanSettings settings = plan_settings(all, {}, long_swap);
    settings.confirm_ms = std::max(settings.confirm_ms, limits::lease_ms_default);
    settings.caller_defaults.clear();  // of whoever deployed it then
    return assembly_.finish(snapshot_.name, snapshot_.environment, std::move(nodes), settings);
  }

 private:
  const SnapshotToRestore& snapshot_;
  const PlanningFacts& facts_;
  PlanAssembly assembly_;
  ChangedHosts changed_;
};

}  // namespace

model::Plan plan_restore(const SnapshotToRestore& snapshot, const PlanningFacts& facts) {
  if (snapshot.parts.empty()) throw InputError("snapshot " + snapshot.id.str() + " has no place that is left");
  const model::Manifest all = merged(snapshot.parts);
  check_answered(all, facts);
  for (const PartToRestore& part : snapshot.parts) {
    check_foreign_components(part.manifest, facts);
    check_adoptions(part.manifest, facts);
    check_host_claims(part.manifest, facts);
  }
  const std::vector<std::string> order = component_order(all);
  RestorePlan plan(snapshot, facts);
  for (const std::string& name : order) {
    for (const PartToRestore& part : snapshot.parts) plan.add(part, name);
  }
  return plan.finish(all, order);
}

}  // namespace switchyard::planner
