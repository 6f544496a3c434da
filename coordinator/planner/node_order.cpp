#include "coordinator/planner/node_order.hpp"

#include <algorithm>
#include <set>

#include "common/ensure.hpp"
#include "coordinator/planner/dependency_graph.hpp"

namespace switchyard::planner {

namespace {

/// How many hosts of a component are swapped at a time.
std::size_t batch_size(const model::Manifest& manifest, const model::Component& component, std::size_t hosts) {
  if (component.strategy != model::Strategy::rolling) return hosts;
  if (component.max_parallel != 0) return component.max_parallel;
  return std::max<std::size_t>(1, manifest.settings.max_parallel);
}

}  // namespace

std::vector<std::string> component_order(const model::Manifest& manifest) {
  std::vector<GraphNode> graph;
  for (const model::Component& component : manifest.components) {
    graph.push_back({component.name, component.priority, component.dependencies});
  }
  return order_by_dependencies(graph);
}

std::vector<model::PlanNode> make_nodes(const model::Manifest& manifest, const std::vector<std::string>& order,
                                        const std::map<std::string, std::vector<HostId>>& changed, bool sequential) {
  std::vector<model::PlanNode> nodes;
  // The nodes that must be done before a component counts as done.
  std::map<std::string, std::vector<std::size_t>> ends;
  for (const std::string& name : order) {
    const model::Component* component = manifest.find_component(name);
    ENSURE(component != nullptr);
    std::set<std::size_t> after;
    for (const std::string& dependency : component->dependencies) {
      after.insert(ends[dependency].begin(), ends[dependency].end());
    }
    const auto found = changed.find(name);
    if (found == changed.end() || found->second.empty()) {
      ends[name].assign(after.begin(), after.end());
      continue;
    }
    const std::vector<HostId>& hosts = found->second;
    const std::size_t batch = batch_size(manifest, *component, hosts.size());
    for (std::size_t from = 0; from < hosts.size(); from += batch) {
      const std::size_t to = std::min(from + batch, hosts.size());
      model::PlanNode node;
      node.component = name;
      node.hosts.assign(hosts.begin() + static_cast<std::ptrdiff_t>(from),
                        hosts.begin() + static_cast<std::ptrdiff_t>(to));
      node.after.assign(after.begin(), after.end());
      node.exclusive = sequential || !component->parallel_safe;
      node.priority = component->priority;
      nodes.push_back(std::move(node));
      after = {nodes.size() - 1};
    }
    ends[name] = {nodes.size() - 1};
  }
  return nodes;
}

std::vector<model::PlanNode> reverse_nodes(const std::vector<model::PlanNode>& nodes,
                                           const std::function<bool(const std::string&, const HostId&)>& keep) {
  // Who waited for a node is what the node waits for on the way back.
  std::vector<std::set<std::size_t>> waiters(nodes.size());
  for (std::size_t i = 0; i < nodes.size(); ++i) {
    for (std::size_t dependency : nodes[i].after) {
      ENSURE(dependency < i);
      waiters[dependency].insert(i);
    }
  }
  std::vector<model::PlanNode> result;
  std::vector<std::set<std::size_t>> ends(nodes.size());  // per old node: new nodes that stand for it
  for (std::size_t i = nodes.size(); i-- > 0;) {
    std::set<std::size_t> after;
    for (std::size_t waiter : waiters[i]) after.insert(ends[waiter].begin(), ends[waiter].end());
    model::PlanNode node = nodes[i];
    std::erase_if(node.hosts, [&](const HostId& host) { return !keep(node.component, host); });
    if (node.hosts.empty()) {
      ends[i] = after;
      continue;
    }
    node.after.assign(after.begin(), after.end());
    result.push_back(std::move(node));
    ends[i] = {result.size() - 1};
  }
  return result;
}

}  // namespace switchyard::planner
