#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "coordinator/engine/deployment_run.hpp"

/// Pauses between the shares of a canary and between the batches of a rolling component: what has switched is watched,
/// and what comes after waits. Pure.
namespace switchyard::engine {

/// The node is switched, and what comes after has to wait.
bool rests(const DeploymentRun& run, std::size_t index);
bool any_rests(const DeploymentRun& run);

/// Enters the pauses of nodes that have switched since; those whose successors had begun before a restart are over.
/// Returns the nodes that rest from now on.
std::vector<std::size_t> begin_pauses(DeploymentRun& run);
/// A person says that it goes on, or that it is tried anew. Returns the nodes that rested.
std::vector<std::size_t> end_pauses(DeploymentRun& run);

/// "10 % of the traffic of api", or "api on web-1, web-2".
std::string node_text(const DeploymentRun& run, std::size_t index);

}  // namespace switchyard::engine
