#include "coordinator/planner/dependency_graph.hpp"

#include <algorithm>
#include <map>
#include <set>

#include "common/ensure.hpp"
#include "common/error.hpp"

namespace switchyard::planner {

namespace {

using NodesByName = std::map<std::string, const GraphNode*>;

/// Walks dependencies that are left over after Kahn's algorithm: each of them has a dependency that is left over too,
/// so the walk must come back to a node that it has seen.
std::vector<std::string> find_cycle(const NodesByName& nodes, const std::set<std::string>& left) {
  std::vector<std::string> path;
  std::string at = *left.begin();
  while (std::find(path.begin(), path.end(), at) == path.end()) {
    path.push_back(at);
    const auto& dependencies = nodes.at(at)->dependencies;
    const auto next = std::find_if(dependencies.begin(), dependencies.end(),
                                   [&](const std::string& name) { return left.contains(name); });
    ENSURE(next != dependencies.end());
    at = *next;
  }
  path.erase(path.begin(), std::find(path.begin(), path.end(), at));
  // The same cycle always reads the same, wherever the walk entered it.
  std::rotate(path.begin(), std::min_element(path.begin(), path.end()), path.end());
  return path;
}

[[noreturn]] void refuse_cycle(const NodesByName& nodes, const std::set<std::string>& left) {
  const std::vector<std::string> cycle = find_cycle(nodes, left);
  std::string text = "Circular dependency detected in deployment plan involving '" + cycle.front() + "': ";
  for (const std::string& name : cycle) text += name + " -> ";
  throw InputError(text + cycle.front() + "; remove one of these dependencies");
}

}  // namespace

std::vector<std::string> order_by_dependencies(const std::vector<GraphNode>& nodes) {
  NodesByName by_name;
  for (const GraphNode& node : nodes) ENSURE(by_name.emplace(node.name, &node).second);

  std::map<std::string, std::size_t> waits_for;
  std::map<std::string, std::vector<std::string>> needed_by;
  for (const GraphNode& node : nodes) {
    const std::set<std::string> unique(node.dependencies.begin(), node.dependencies.end());
    waits_for[node.name] = unique.size();
    for (const std::string& dependency : unique) {
      ENSURE(by_name.contains(dependency));
      needed_by[dependency].push_back(node.name);
    }
  }

  const auto sooner = [&](const std::string& a, const std::string& b) {
    const std::int32_t left = by_name.at(a)->priority, right = by_name.at(b)->priority;
    return left != right ? left > right : a < b;
  };
  std::set<std::string, decltype(sooner)> ready(sooner);
  for (const auto& [name, count] : waits_for) {
    if (count == 0) ready.insert(name);
  }

  std::vector<std::string> order;
  std::set<std::string> left;
  for (const auto& [name, node] : by_name) left.insert(name);
  while (!ready.empty()) {
    const std::string name = *ready.begin();
    ready.erase(ready.begin());
    left.erase(name);
    order.push_back(name);
    for (const std::string& next : needed_by[name]) {
      if (--waits_for[next] == 0) ready.insert(next);
    }
  }
  if (!left.empty()) refuse_cycle(by_name, left);
  return order;
}

}  // namespace switchyard::planner
