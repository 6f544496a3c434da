#include "coordinator/fleet/progress.hpp"

#include <algorithm>

namespace switchyard::fleet {
namespace {

using engine::DeploymentRun;
using engine::HostRun;
using model::DeploymentState;
using protocol::AgentState;

bool going_back(DeploymentState state) {
  return state == DeploymentState::aborting || state == DeploymentState::stuck || state == DeploymentState::rolled_back;
}

std::string state_of(const DeploymentRun& run, const HostRun& host, const protocol::SliceComponent& component) {
  const auto found = host.stage.find(component.name);
  const std::uint32_t stage = found == host.stage.end() ? 0 : found->second;
  if (host.reverted_all || host.reverted.contains(component.name)) return "reverted";
  if (host.reported == AgentState::stuck) return "stuck";
  if (going_back(run.row.state)) return host.swap_asked || !host.staged.empty() ? "reverting" : "pending";
  if (host.committed) return "committed";
  if (host.held) return "held";
  if (stage >= component.stages) return "swapped";
  const bool swap_open = std::any_of(host.asked.begin(), host.asked.end(), [&](const engine::Request& request) {
    return request.kind == engine::Request::Kind::swap && request.component == component.name;
  });
  if (stage > 0 || swap_open) return "swapping";
  if (host.staged.contains(component.name)) return "staged";
  const bool prepare_open = std::any_of(host.asked.begin(), host.asked.end(), [&](const engine::Request& request) {
    return request.kind == engine::Request::Kind::prepare && request.component == component.name;
  });
  return prepare_open ? "staging" : "pending";
}

void add_left_out(const model::DeploymentRow& row, std::vector<ProgressView>& views) {
  for (const HostId& host : row.deferred) {
    const bool gone = std::find(row.gone.begin(), row.gone.end(), host) != row.gone.end();
    if (!gone) views.push_back({host, {}, "deferred", {}, "left out until it is back"});
  }
  for (const HostId& host : row.gone) views.push_back({host, {}, "gone", {}, "declared gone"});
}

bool left_out(const model::DeploymentRow& row, const HostId& host) {
  return std::find(row.deferred.begin(), row.deferred.end(), host) != row.deferred.end() ||
         std::find(row.gone.begin(), row.gone.end(), host) != row.gone.end();
}

}  // namespace

std::vector<ProgressView> progress_of(const DeploymentRun& run,
                                      const std::map<std::pair<HostId, std::string>, StepNote>& steps) {
  std::vector<ProgressView> views;
  for (const auto& [id, host] : run.hosts) {
    for (const protocol::SliceComponent& component : run.plan.slices.at(id).components) {
      ProgressView view{id, component.name, state_of(run, host, component), {}, host.trouble};
      if (const auto note = steps.find({id, component.name}); note != steps.end()) {
        view.step = note->second.title;
        if (view.detail.empty()) view.detail = note->second.detail;
      }
      if (view.detail.empty() && !host.connected) view.detail = "not connected";
      views.push_back(std::move(view));
    }
  }
  add_left_out(run.row, views);
  return views;
}

std::vector<ProgressView> final_progress(const model::DeploymentRow& row, const model::Plan& plan) {
  std::vector<ProgressView> views;
  const std::string state = row.state == DeploymentState::done ? "committed" : "reverted";
  for (const auto& [host, slice] : plan.slices) {
    if (left_out(row, host)) continue;
    for (const protocol::SliceComponent& component : slice.components) {
      views.push_back({host, component.name, state, {}, {}});
    }
  }
  add_left_out(row, views);
  return views;
}

}  // namespace switchyard::fleet
