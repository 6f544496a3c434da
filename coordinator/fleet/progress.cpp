#include "coordinator/fleet/progress.hpp"

#include <algorithm>

#include "common/limits.hpp"
#include "coordinator/engine/pauses.hpp"

namespace switchyard::fleet {
namespace {

using engine::DeploymentRun;
using engine::HostRun;
using model::DeploymentState;
using protocol::AgentState;

bool going_back(DeploymentState state) {
  return state == DeploymentState::aborting || state == DeploymentState::stuck || state == DeploymentState::rolled_back;
}

/// Of a host in trouble: the component whose step failed; where no step is to blame, every one that is not staged.
bool failed_here(const HostRun& host, const protocol::SliceComponent& component, const StepNote* note) {
  if (host.trouble.empty()) return false;
  return (note != nullptr && note->state == "failed") || !host.staged.contains(component.name);
}

std::string state_of(const DeploymentRun& run, const HostRun& host, const protocol::SliceComponent& component,
                     const StepNote* note) {
  const bool failed = run.row.state == DeploymentState::paused && failed_here(host, component, note);
  const auto found = host.stage.find(component.name);
  const std::uint32_t stage = found == host.stage.end() ? 0 : found->second;
  if (host.reverted_all || host.reverted.contains(component.name)) return "reverted";
  if (host.reported == AgentState::stuck) return "stuck";
  if (going_back(run.row.state)) return host.swap_asked || !host.staged.empty() ? "reverting" : "pending";
  if (host.committed) return "committed";
  if (host.held) return "held";
  if (stage >= component.stages) return "swapped";
  // Of what stands still, nobody knows how far a host has come that was told to switch and has not said so.
  const bool told = run.row.state == DeploymentState::paused && host.swap_asked && host.staged.contains(component.name);
  if (failed && !told) return "failed";
  const bool swap_open = std::any_of(host.asked.begin(), host.asked.end(), [&](const engine::Request& request) {
    return request.kind == engine::Request::Kind::swap && request.component == component.name;
  });
  if (stage > 0 || swap_open || told) return "swapping";
  if (host.staged.contains(component.name)) return "staged";
  const bool prepare_open = std::any_of(host.asked.begin(), host.asked.end(), [&](const engine::Request& request) {
    return request.kind == engine::Request::Kind::prepare && request.component == component.name;
  });
  return prepare_open ? "staging" : "pending";
}

/// Until it has held, a host that gets no word goes back by itself.
bool may_have_gone_back(const HostRun& host) {
  return !host.connected && host.swap_asked && !host.held && !host.committed && !host.reverted_all;
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

std::vector<PauseView> pauses_of(const DeploymentRun& run) {
  std::vector<PauseView> views;
  if (run.row.state != DeploymentState::swapping) return views;
  for (std::size_t index = 0; index < run.plan.nodes.size(); ++index) {
    if (!engine::rests(run, index)) continue;
    const auto pause = run.pauses.find(index);
    views.push_back({engine::node_text(run, index), pause != run.pauses.end() && pause->second == engine::Pause::ripe,
                     model::share_of(run.plan, run.plan.nodes[index])});
  }
  return views;
}

std::vector<ProgressView> progress_of(const DeploymentRun& run,
                                      const std::map<std::pair<HostId, std::string>, StepNote>& steps) {
  std::vector<ProgressView> views;
  for (const auto& [id, host] : run.hosts) {
    for (const protocol::SliceComponent& component : run.plan.slices.at(id).components) {
      const auto found = steps.find({id, component.name});
      const StepNote* note = found == steps.end() ? nullptr : &found->second;
      ProgressView view{id, component.name, state_of(run, host, component, note), {}, host.trouble, false};
      if (note != nullptr) {
        view.step = note->title;
        if (view.detail.empty()) view.detail = note->detail;
      }
      if (!host.connected) {
        view.may_have_gone_back = may_have_gone_back(host);
        view.detail = "not connected" + std::string(view.may_have_gone_back ? "; may have gone back by itself" : "") +
                      (view.detail.empty() ? "" : "; last heard: " + view.detail);
      }
      views.push_back(std::move(view));
    }
  }
  add_left_out(run.row, views);
  return views;
}

std::vector<ProgressView> final_progress(const model::DeploymentRow& row, const model::Plan& plan) {
  std::vector<ProgressView> views;
  if (row.state == DeploymentState::rejected) return views;  // it never began
  const std::string state = row.state == DeploymentState::done    ? "committed"
                            : row.state == DeploymentState::draft ? "pending"
                                                                  : "reverted";
  for (const auto& [host, slice] : plan.slices) {
    if (left_out(row, host)) continue;
    for (const protocol::SliceComponent& component : slice.components) {
      views.push_back({host, component.name, state, {}, {}});
    }
  }
  add_left_out(row, views);
  return views;
}

std::string version_undone_by(const store::StateStore& store, const model::DeploymentRow& row) {
  const bool goes_back = row.kind == model::DeploymentKind::rollback || row.kind == model::DeploymentKind::restore;
  if (!goes_back || row.rollback_of.empty()) return {};
  const auto undone = store.deployment(row.rollback_of);
  return undone ? undone->version : std::string();
}

void mark_undone(DeploymentView& view, const store::StateStore& store) {
  if (view.row.state != DeploymentState::done) return;
  for (const model::DeploymentRow& row : store.deployments(limits::deferral_rows_max)) {
    const bool goes_back = row.kind == model::DeploymentKind::rollback || row.kind == model::DeploymentKind::restore;
    if (!goes_back || row.rollback_of != view.row.id) continue;
    const auto plan = row.state == DeploymentState::done ? store.plan(row.id) : std::nullopt;
    if (!plan || plan->slices.empty()) continue;
    if (view.rolled_back_by.empty()) view.rolled_back_by = row.id;
    for (ProgressView& line : view.progress) {
      const auto slice = plan->slices.find(line.host);
      if (slice == plan->slices.end() || !line.detail.empty()) continue;
      const auto& components = slice->second.components;
      const bool undone = std::any_of(components.begin(), components.end(),
                                      [&](const auto& component) { return component.name == line.component; });
      if (undone) line.detail = "undone by rollback " + row.id.str();
    }
  }
}

}  // namespace switchyard::fleet
