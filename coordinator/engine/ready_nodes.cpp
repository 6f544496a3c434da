#include "coordinator/engine/ready_nodes.hpp"

#include <algorithm>
#include <numeric>
#include <set>
#include <string>

#include "coordinator/engine/pauses.hpp"

namespace switchyard::engine {
namespace {

template <class Predicate>
bool all_participants(const DeploymentRun& run, const model::PlanNode& node, Predicate predicate) {
  return std::all_of(node.hosts.begin(), node.hosts.end(), [&](const HostId& host) {
    const auto found = run.hosts.find(host);
    return found == run.hosts.end() || predicate(found->second);
  });
}

bool is_done(const DeploymentRun& run, const model::PlanNode& node, Pass pass) {
  return pass == Pass::prepare ? node_staged(run, node) : node_swapped(run, node);
}

bool may_begin(const DeploymentRun& run, std::size_t index, Pass pass) {
  const model::PlanNode& node = run.plan.nodes[index];
  if (pass == Pass::prepare && run.plan.settings.prepare_together) return true;
  return std::all_of(node.after.begin(), node.after.end(), [&](std::size_t before) {
    const model::PlanNode& earlier = run.plan.nodes[before];
    // Batches and weights of one component follow each other at the switch only; they are prepared together.
    if (pass == Pass::prepare && earlier.component == node.component) return true;
    return is_done(run, earlier, pass) && (pass == Pass::prepare || !rests(run, before));
  });
}

bool any_exclusive(const DeploymentRun& run, const std::set<std::string>& components) {
  return std::any_of(run.plan.nodes.begin(), run.plan.nodes.end(), [&](const model::PlanNode& node) {
    return node.exclusive && components.contains(node.component);
  });
}

/// Components whose switch has begun and is not over: at work, or with a share or batch that is watched, or waits.
std::set<std::string> components_between(const DeploymentRun& run) {
  std::set<std::string> begun;
  for (const std::size_t index : run.begun) begun.insert(run.plan.nodes[index].component);
  for (const auto& [id, host] : run.hosts) {
    for (const auto& [component, stage] : host.stage) {
      if (stage > 0) begun.insert(component);
    }
  }
  std::set<std::string> between;
  for (std::size_t index = 0; index < run.plan.nodes.size(); ++index) {
    const model::PlanNode& node = run.plan.nodes[index];
    if (begun.contains(node.component) && (!node_swapped(run, node) || rests(run, index)))
      between.insert(node.component);
  }
  return between;
}

/// Whether what else is at work leaves room for the node.
bool has_room(const DeploymentRun& run, const model::PlanNode& node, Pass pass) {
  const std::size_t most = run.plan.settings.max_parallel;
  if (pass == Pass::prepare) {
    const bool alone = std::any_of(run.begun.begin(), run.begun.end(),
                                   [&](std::size_t index) { return run.plan.nodes[index].exclusive; });
    return !alone && !(node.exclusive && !run.begun.empty()) && (most == 0 || run.begun.size() < most);
  }
  // A component that has begun goes on: nothing else may come between its shares and batches.
  std::set<std::string> others = components_between(run);
  others.erase(node.component);
  return !any_exclusive(run, others) && !(node.exclusive && !others.empty()) && (most == 0 || others.size() < most);
}

}  // namespace

bool node_staged(const DeploymentRun& run, const model::PlanNode& node) {
  return all_participants(run, node, [&](const HostRun& host) { return host.staged.contains(node.component); });
}

bool node_swapped(const DeploymentRun& run, const model::PlanNode& node) {
  return all_participants(run, node, [&](const HostRun& host) {
    const auto found = host.stage.find(node.component);
    return found != host.stage.end() && found->second >= node.stage;
  });
}

bool node_reverted(const DeploymentRun& run, const model::PlanNode& node) {
  return all_participants(run, node, [&](const HostRun& host) {
    if (host.reverted_all || host.reverted.contains(node.component)) return true;
    if (!host.amnesia.empty()) return true;  // it cannot be told to: the others do not wait for it
    // Never told to swap: it serves what it served. Told, and silent: its dead-man has had the time to act.
    return !host.connected && (!host.swap_asked || run.revert_overdue);
  });
}

bool every_node(const DeploymentRun& run, bool (*is_true)(const DeploymentRun&, const model::PlanNode&)) {
  return std::all_of(run.plan.nodes.begin(), run.plan.nodes.end(),
                     [&](const model::PlanNode& node) { return is_true(run, node); });
}

std::vector<std::size_t> working_nodes(DeploymentRun& run, Pass pass) {
  const std::vector<model::PlanNode>& nodes = run.plan.nodes;
  std::erase_if(run.begun, [&](std::size_t index) { return is_done(run, nodes[index], pass); });
  std::vector<std::size_t> order(nodes.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::stable_sort(order.begin(), order.end(),
                   [&](std::size_t a, std::size_t b) { return nodes[a].priority > nodes[b].priority; });
  for (const std::size_t index : order) {
    const model::PlanNode& node = nodes[index];
    if (run.begun.contains(index) || is_done(run, node, pass)) continue;
    if (pass == Pass::prepare && node.stage != 1) continue;
    if (!may_begin(run, index, pass)) continue;
    if (!has_room(run, node, pass)) continue;
    run.begun.insert(index);
  }
  return {run.begun.begin(), run.begun.end()};
}

std::vector<std::size_t> reverting_nodes(const DeploymentRun& run) {
  const std::vector<model::PlanNode>& nodes = run.plan.nodes;
  // Components with a node that is not reverted yet and came after this one, through whatever lies between. Batches of
  // one component need no order among themselves on the way back.
  std::vector<std::set<std::string>> later(nodes.size());
  std::vector<std::size_t> ready;
  for (std::size_t index = nodes.size(); index-- > 0;) {
    const model::PlanNode& node = nodes[index];
    std::set<std::string>& open = later[index];
    const bool blocked = open.size() > open.count(node.component);
    const bool reverted = node_reverted(run, node);
    if (!reverted && !blocked) ready.push_back(index);
    if (!reverted) open.insert(node.component);
    for (const std::size_t before : node.after) later[before].insert(open.begin(), open.end());
  }
  // One at a time; but nobody is left with the new release because another one cannot go back.
  const bool one_by_one = run.plan.settings.rollback_strategy == model::RollbackStrategy::graceful &&
                          run.row.state == model::DeploymentState::aborting && !run.revert_overdue;
  if (one_by_one && !ready.empty()) {
    const std::string first = nodes[ready.front()].component;
    std::erase_if(ready, [&](std::size_t index) { return nodes[index].component != first; });
  }
  return ready;
}

}  // namespace switchyard::engine
