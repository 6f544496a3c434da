#include "coordinator/engine/pauses.hpp"

#include <algorithm>

#include "coordinator/engine/ready_nodes.hpp"

namespace switchyard::engine {
namespace {

bool has_participants(const DeploymentRun& run, const model::PlanNode& node) {
  return std::any_of(node.hosts.begin(), node.hosts.end(),
                     [&](const HostId& host) { return run.hosts.contains(host); });
}

bool has_begun(const DeploymentRun& run, const model::PlanNode& node) {
  return std::any_of(node.hosts.begin(), node.hosts.end(), [&](const HostId& id) {
    const auto host = run.hosts.find(id);
    if (host == run.hosts.end()) return false;
    const auto stage = host->second.stage.find(node.component);
    return stage != host->second.stage.end() && stage->second >= node.stage;
  });
}

bool successor_has_begun(const DeploymentRun& run, std::size_t index) {
  return std::any_of(run.plan.nodes.begin(), run.plan.nodes.end(), [&](const model::PlanNode& node) {
    return std::find(node.after.begin(), node.after.end(), index) != node.after.end() && has_begun(run, node);
  });
}

}  // namespace

bool rests(const DeploymentRun& run, std::size_t index) {
  const model::PlanNode& node = run.plan.nodes[index];
  if (!node.pauses() || !has_participants(run, node) || !node_swapped(run, node)) return false;
  const auto pause = run.pauses.find(index);
  return pause == run.pauses.end() || pause->second != Pause::over;
}

bool any_rests(const DeploymentRun& run) {
  for (std::size_t index = 0; index < run.plan.nodes.size(); ++index) {
    if (rests(run, index)) return true;
  }
  return false;
}

std::vector<std::size_t> begin_pauses(DeploymentRun& run) {
  std::vector<std::size_t> begun;
  for (std::size_t index = 0; index < run.plan.nodes.size(); ++index) {
    if (run.pauses.contains(index) || !rests(run, index)) continue;
    const bool passed = successor_has_begun(run, index);
    run.pauses[index] = passed ? Pause::over : Pause::running;
    if (!passed) begun.push_back(index);
  }
  return begun;
}

std::vector<std::size_t> end_pauses(DeploymentRun& run) {
  std::vector<std::size_t> ended;
  for (auto& [index, pause] : run.pauses) {
    if (!rests(run, index)) continue;
    pause = Pause::over;
    ended.push_back(index);
  }
  return ended;
}

std::string node_text(const DeploymentRun& run, std::size_t index) {
  const model::PlanNode& node = run.plan.nodes[index];
  if (const auto share = model::share_of(run.plan, node)) {
    return std::to_string(*share) + " % of the traffic of " + node.component;
  }
  std::string text = node.component + " on ";
  for (const HostId& host : node.hosts) text += (host == node.hosts.front() ? "" : ", ") + host.str();
  return text;
}

}  // namespace switchyard::engine
