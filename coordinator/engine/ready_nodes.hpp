#pragma once

#include <cstddef>
#include <set>
#include <vector>

#include "coordinator/engine/deployment_run.hpp"

/// Which nodes of the plan may work now. Pure; the graph knows nothing of messages.
namespace switchyard::engine {

/// Every host of the node that takes part has the node's component staged.
bool node_staged(const DeploymentRun& run, const model::PlanNode& node);
/// Every host of the node that takes part serves the node's stage.
bool node_swapped(const DeploymentRun& run, const model::PlanNode& node);
/// No host of the node serves anything new of the component any more.
bool node_reverted(const DeploymentRun& run, const model::PlanNode& node);
/// That is true of every node of the plan.
bool every_node(const DeploymentRun& run, bool (*is_true)(const DeploymentRun&, const model::PlanNode&));

enum class Pass { prepare, swap };
/// Nodes at work: those begun and not done, and those that may begin now (dependencies done, max_parallel, exclusive,
/// higher priority first). Adds the new ones to run.begun.
std::vector<std::size_t> working_nodes(DeploymentRun& run, Pass pass);
/// Nodes that may be reverted now: all that come after them are. Exact reverse of the swap.
std::vector<std::size_t> reverting_nodes(const DeploymentRun& run);

}  // namespace switchyard::engine
