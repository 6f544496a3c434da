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
  const std::size_t wanted = component.max_parallel != 0 ? component.max_parallel : manifest.settings.max_parallel;
  const std::size_t all = component.hosts.size();
  const std::size_t spare = all > component.min_healthy ? all - component.min_healthy : 1;
  return std::clamp<std::size_t>(wanted, 1, spare);
}

/// One component's nodes, one after the other.
class Chain {
 public:
  Chain(const model::Component& component, bool exclusive, std::set<std::size_t> after,
        std::vector<model::PlanNode>& nodes)
      : component_(component), exclusive_(exclusive), after_(std::move(after)), nodes_(nodes) {}

  model::PlanNode& add(std::vector<HostId> hosts, std::uint32_t stage) {
    model::PlanNode node;
    node.component = component_.name;
    node.stage = stage;
    node.hosts = std::move(hosts);
    node.after.assign(after_.begin(), after_.end());
    node.exclusive = exclusive_;
    node.priority = component_.priority;
    nodes_.push_back(std::move(node));
    after_ = {nodes_.size() - 1};
    return nodes_.back();
  }
  std::vector<std::size_t> end() const { return {after_.begin(), after_.end()}; }

 private:
  const model::Component& component_;
  bool exclusive_;
  std::set<std::size_t> after_;
  std::vector<model::PlanNode>& nodes_;
};

void add_batches(Chain& chain, const model::Component& component, const std::vector<HostId>& hosts, std::size_t batch) {
  for (std::size_t from = 0; from < hosts.size(); from += batch) {
    const std::size_t to = std::min(from + batch, hosts.size());
    model::PlanNode& node = chain.add(
        {hosts.begin() + static_cast<std::ptrdiff_t>(from), hosts.begin() + static_cast<std::ptrdiff_t>(to)}, 1);
    if (to < hosts.size()) node.pause_ms = component.min_healthy_ms;
  }
}

/// All hosts at once, with a growing share of the traffic; hosts where nobody shares it come last.
void add_weights(Chain& chain, const model::Component& component, const std::vector<ChangedHost>& changed) {
  std::vector<HostId> shared, alone;
  for (const ChangedHost& one : changed) (one.stages > 1 ? shared : alone).push_back(one.host);
  const auto weights = static_cast<std::uint32_t>(component.canary.weights.size());
  for (std::uint32_t stage = 1; stage <= weights && !shared.empty(); ++stage) {
    model::PlanNode& node = chain.add(shared, stage);
    node.pause_ms = component.canary.pause_ms;
    node.promoted_by_hand = component.canary.promoted_by_hand;
  }
  if (!shared.empty()) chain.add(shared, weights + 1);
  if (!alone.empty()) chain.add(alone, 1);
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
                                        const ChangedHosts& changed, bool sequential) {
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
    Chain chain(*component, sequential || !component->parallel_safe, std::move(after), nodes);
    if (found != changed.end() && component->strategy == model::Strategy::canary) {
      add_weights(chain, *component, found->second);
    } else if (found != changed.end()) {
      std::vector<HostId> hosts;
      for (const ChangedHost& one : found->second) hosts.push_back(one.host);
      add_batches(chain, *component, hosts, batch_size(manifest, *component, hosts.size()));
    }
    ends[name] = chain.end();
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
    // The way back has one stage, and no pauses.
    if (node.hosts.empty() || node.stage != 1) {
      ends[i] = after;
      continue;
    }
    node.after.assign(after.begin(), after.end());
    node.pause_ms = 0;
    node.promoted_by_hand = false;
    result.push_back(std::move(node));
    ends[i] = {result.size() - 1};
  }
  return result;
}

void keep_pauses(const std::vector<model::PlanNode>& nodes, std::vector<model::PlanNode>& back) {
  std::map<std::string, std::uint32_t> pauses;
  for (const model::PlanNode& node : nodes) {
    const bool batch = node.stage == 1 && !node.promoted_by_hand;
    if (batch) pauses[node.component] = std::max(pauses[node.component], node.pause_ms);
  }
  // The pauses of a canary lie between its shares, and the way back has none.
  for (const model::PlanNode& node : nodes) {
    if (node.stage > 1) pauses.erase(node.component);
  }
  for (const model::PlanNode& node : back) {
    for (const std::size_t before : node.after) {
      const auto pause = pauses.find(node.component);
      if (back[before].component == node.component && pause != pauses.end()) back[before].pause_ms = pause->second;
    }
  }
}

}  // namespace switchyard::planner
