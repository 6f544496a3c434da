#include "coordinator/fleet/rollback_scope.hpp"

#include <set>
#include <string>

#include "coordinator/fleet/standing_plan.hpp"

namespace switchyard::fleet {
namespace {

/// What a host is left with after the plan: nothing, where neither a release nor what ran before Switchyard comes back.
bool is_taken_away(const protocol::SliceComponent& component) {
  return component.release.empty() && component.slot != "legacy";
}

}  // namespace

RollbackRequest request_of(const model::DeploymentRow& draft, const model::ApprovalRow& asked) {
  RollbackRequest request;
  request.deployment = draft.rollback_of;
  request.components = draft.components;
  request.without = asked.without;
  request.to_nothing = asked.to_nothing;
  request.verify_after_rollback = asked.verify;
  return request;
}

std::optional<Refusal> refuse_without(const store::StateStore& store, const AgentRegistry& registry,
                                      const RollbackRequest& request, const model::DeploymentRow& row) {
  if (request.without.empty()) return std::nullopt;
  const model::Plan standing = plan_as_it_stands(store, row);
  for (const HostId& host : request.without) {
    if (!standing.slices.contains(host)) {
      return Refusal{404,
                     "unknown_host",
                     "host " + host.str() + " takes no part in deployment " + row.id.str() + ", so that it cannot be " +
                         "left out",
                     {{"host", host.str()}}};
    }
    if (registry.find(host) == nullptr) continue;
    return Refusal{409,
                   "host_connected",
                   "host " + host.str() + " is connected, and can go back with the others: only a host that does not " +
                       "answer may be left out with --without",
                   {{"host", host.str()}}};
  }
  if (request.without.size() == standing.slices.size()) {
    return Refusal{409, "no_host_left", "no host of deployment " + row.id.str() + " would be left to roll back", {}};
  }
  return std::nullopt;
}

std::optional<Refusal> refuse_to_nothing(const RollbackRequest& request, const model::Plan& plan) {
  if (request.to_nothing) return std::nullopt;
  std::set<std::string> hosts;
  std::set<std::string> components;
  for (const auto& [host, slice] : plan.slices) {
    for (const protocol::SliceComponent& component : slice.components) {
      if (!is_taken_away(component)) continue;
      hosts.insert(host.str());
      components.insert(component.name);
    }
  }
  if (components.empty()) return std::nullopt;
  const auto listed = [](const std::set<std::string>& names) {
    std::string list;
    for (const std::string& name : names) list += (list.empty() ? "" : ", ") + name;
    return list;
  };
  return Refusal{409,
                 "to_nothing",
                 "nothing ran before deployment " + request.deployment.str() + ": to roll it back stops " +
                     listed(components) + " on " + listed(hosts) +
                     ", with nothing in its place. If that is meant, say so with --to-nothing; to serve something " +
                     "else, deploy it",
                 {{"components", listed(components)}, {"hosts", listed(hosts)}}};
}

std::vector<std::string> kept_by_rollback(const store::StateStore& store, const model::DeploymentRow& rollback) {
  if (rollback.kind != model::DeploymentKind::rollback || rollback.components.empty()) return {};
  const auto undone = store.plan(rollback.rollback_of);
  std::set<std::string> kept;
  if (undone) {
    for (const model::PlanNode& node : undone->nodes) kept.insert(node.component);
  }
  for (const std::string& component : rollback.components) kept.erase(component);
  return {kept.begin(), kept.end()};
}

}  // namespace switchyard::fleet
