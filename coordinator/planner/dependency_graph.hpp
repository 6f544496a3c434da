#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace switchyard::planner {

/// One thing that depends on others, by name.
struct GraphNode {
  std::string name;
  std::int32_t priority = 0;
  std::vector<std::string> dependencies;
};

/// Names in an order in which every dependency comes before what needs it (Kahn). Among those that are ready the higher
/// priority comes first, then the name, so that equal graphs give equal orders. Every dependency must be a node.
/// Throws InputError: "Circular dependency detected in deployment plan involving 'a': a -> b -> a; ...".
std::vector<std::string> order_by_dependencies(const std::vector<GraphNode>& nodes);

}  // namespace switchyard::planner
