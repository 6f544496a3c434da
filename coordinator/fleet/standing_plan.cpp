#include "coordinator/fleet/standing_plan.hpp"

#include <algorithm>
#include <set>
#include <string>
#include <utility>

#include "common/ensure.hpp"
#include "common/limits.hpp"

namespace switchyard::fleet {
namespace {

/// The host joins the node of its component, so that order and batches are those of the deployment.
void add_to_node(model::Plan& plan, const std::string& component, const HostId& host) {
  const auto found = std::find_if(plan.nodes.begin(), plan.nodes.end(),
                                  [&](const model::PlanNode& node) { return node.component == component; });
  if (found == plan.nodes.end()) {
    model::PlanNode node;
    node.component = component;
    node.hosts = {host};
    plan.nodes.push_back(std::move(node));
  } else if (std::find(found->hosts.begin(), found->hosts.end(), host) == found->hosts.end()) {
    found->hosts.push_back(host);
  }
}

/// In the place of what the deployment itself brought to that host, if it did.
void put_component(model::Plan& plan, const protocol::PlanSlice& later, const protocol::SliceComponent& component) {
  const auto [place, added] = plan.slices.try_emplace(later.host, later);
  auto& components = place->second.components;
  if (added) components.clear();
  const auto same = std::find_if(components.begin(), components.end(),
                                 [&](const auto& present) { return present.name == component.name; });
  if (same == components.end()) {
    components.push_back(component);
  } else {
    *same = component;
  }
}

/// What was brought there in parts is in the order of the deployment again.
void put_in_order(const model::Plan& plan, protocol::PlanSlice& slice) {
  const auto place = [&](const protocol::SliceComponent& component) {
    return std::find_if(plan.nodes.begin(), plan.nodes.end(),
                        [&](const model::PlanNode& node) { return node.component == component.name; });
  };
  std::stable_sort(slice.components.begin(), slice.components.end(),
                   [&](const auto& left, const auto& right) { return place(left) < place(right); });
}

}  // namespace

void drop_host(model::Plan& plan, const HostId& host) {
  plan.slices.erase(host);
  for (model::PlanNode& node : plan.nodes) std::erase(node.hosts, host);
}

model::Plan plan_as_it_stands(const store::StateStore& store, const model::DeploymentRow& done) {
  auto stored = store.plan(done.id);
  ENSURE(stored.has_value());
  model::Plan plan = std::move(*stored);
  for (const HostId& host : done.gone) drop_host(plan, host);
  std::set<std::pair<HostId, std::string>> brought;
  for (const model::DeploymentRow& row : store.deployments(limits::deferral_rows_max)) {
    const bool converged = row.kind == model::DeploymentKind::converge && row.rollback_of == done.id &&
                           row.state == model::DeploymentState::done;
    if (!converged) continue;
    const auto later = store.plan(row.id);
    ENSURE(later.has_value());
    for (const auto& [host, slice] : later->slices) {
      for (const protocol::SliceComponent& component : slice.components) {
        if (!brought.insert({host, component.name}).second) continue;  // a newer one brought it there again
        put_component(plan, slice, component);
        add_to_node(plan, component.name, host);
      }
    }
  }
  for (const auto& [host, component] : brought) put_in_order(plan, plan.slices.at(host));
  return plan;
}

}  // namespace switchyard::fleet
