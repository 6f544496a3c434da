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

/// The plan's graph: one node per component, or per batch of a rolling one. `changed` says on which hosts each
/// component changes; a component without any is left out, and what depends on it waits for its dependencies instead.
std::vector<model::PlanNode> make_nodes(const model::Manifest& manifest, const std::vector<std::string>& order,
                                        const std::map<std::string, std::vector<HostId>>& changed, bool sequential);

/// The same graph backwards, for the hosts and components that `keep` wants.
std::vector<model::PlanNode> reverse_nodes(const std::vector<model::PlanNode>& nodes,
                                           const std::function<bool(const std::string&, const HostId&)>& keep);

}  // namespace switchyard::planner
