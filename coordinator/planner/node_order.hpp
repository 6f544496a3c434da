#pragma once

#include <functional>
#include <map>
#include <string>
#include <vector>

#include "coordinator/model/manifest.hpp"
#include "coordinator/model/plan.hpp"

namespace switchyard::planner {

/// The component names in deployment order.
std::vector<std::string> component_order(const model::Manifest& manifest);

/// A host on which a component changes, and in how many stages (component_change.hpp).
struct ChangedHost {
  HostId host;
  std::uint32_t stages = 1;
};
using ChangedHosts = std::map<std::string, std::vector<ChangedHost>>;

/// The plan's graph: one node per component, per batch of a rolling one, per share of the traffic of a canary.
/// `changed` says on which hosts each component changes; a component without any is left out, and what depends on it
/// waits for its dependencies instead.
std::vector<model::PlanNode> make_nodes(const model::Manifest& manifest, const std::vector<std::string>& order,
                                        const ChangedHosts& changed, bool sequential);

/// On the way back, between the batches of a rolling component, each is watched as long as it was on the way there.
/// `back`: reverse_nodes(nodes).
void keep_pauses(const std::vector<model::PlanNode>& nodes, std::vector<model::PlanNode>& back);

/// The same graph backwards, for the hosts and components that `keep` wants.
std::vector<model::PlanNode> reverse_nodes(const std::vector<model::PlanNode>& nodes,
                                           const std::function<bool(const std::string&, const HostId&)>& keep);

}  // namespace switchyard::planner
