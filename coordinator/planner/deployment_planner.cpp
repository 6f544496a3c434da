#include "coordinator/planner/deployment_planner.hpp"

#include <algorithm>
#include <optional>
#include <set>

#include "common/error.hpp"
#include "common/nearest.hpp"
#include "coordinator/planner/foreign_components.hpp"
#include "coordinator/planner/host_change.hpp"
#include "coordinator/planner/host_claims.hpp"
#include "coordinator/planner/host_history.hpp"
#include "coordinator/planner/node_order.hpp"
#include "coordinator/planner/plan_assembly.hpp"
#include "coordinator/planner/plan_settings.hpp"
#include "coordinator/planner/traffic_plan.hpp"

namespace switchyard::planner {

namespace {

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
    throw HostAwayError(manifest.file_name + ":1:1: " + std::to_string(deferred_.size()) +
                        " hosts cannot be reached (" + names + "), but deployment_settings.unreachable allows " +
                        std::to_string(manifest.settings.defer_max) +
                        "; bring them back, or take them out of the file");
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
      throw HostAwayError(component.where + ": component `" + component.name + "` needs the host " + host.str() +
                          ", whose agent does not answer; look at it there with `systemctl " +
                          "status switchyard-agent`, or allow some with `unreachable: {defer: N}`");
    }
    deferred_.insert(host);
  }

  const model::Manifest& manifest_;
  const PlanningFacts& facts_;
  std::set<HostId> deferred_;
};

}  // namespace

model::Plan plan_deployment(const model::Manifest& manifest, const PlanningFacts& facts, const PlanOptions& options) {
  check_plannable(manifest, facts);
  const Participants participants(manifest, facts);
  check_foreign_components(manifest, facts);
  check_adoptions(manifest, facts);
  check_host_claims(manifest, facts);
  const std::vector<std::string> order = component_order(manifest);

  PlanAssembly assembly(facts);
  ChangedHosts changed;
  bool long_swap = false;
  for (const std::string& name : order) {
    const model::Component& component = *manifest.find_component(name);
    for (const HostId& host : participants.hosts_of(component)) {
      const std::optional<ComponentChange> change = plan_change(manifest, component, host, facts);
      if (!change) continue;
      long_swap = long_swap || !change->to_after || change->start_in_swap || runs_in_swap(component);
      changed[name].push_back({host, stages_of(*change)});
      assembly.add(host, *change);
    }
  }
  const bool sequential = options.sequential || !manifest.settings.parallel_deployment;
  std::vector<model::PlanNode> nodes = make_nodes(manifest, order, changed, sequential);
  long_swap = long_swap || nodes.size() > changed.size();
  model::PlanSettings settings = plan_settings(manifest, options, long_swap);
  settings.migrations_not_run = migrations_not_run(manifest, changed);
  return assembly.finish(manifest.name, manifest.environment, std::move(nodes), settings);
}

PlanningFacts to_look_at(PlanningFacts facts) {
  facts.deployment = DeploymentId("d-0000000000000000");
  facts.plan_seq = 0;
  facts.not_after_wall_ms = 0;
  return facts;
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
