#pragma once

#include <map>
#include <string>
#include <utility>
#include <vector>

#include "coordinator/fleet/deployment_runs.hpp"
#include "coordinator/fleet/operations.hpp"

/// How far each component on each host is, for people.
namespace switchyard::fleet {

/// What rests, in the order of the plan.
std::vector<PauseView> pauses_of(const engine::DeploymentRun& run);

std::vector<ProgressView> progress_of(const engine::DeploymentRun& run,
                                      const std::map<std::pair<HostId, std::string>, StepNote>& steps);
/// Of a deployment that has ended.
std::vector<ProgressView> final_progress(const model::DeploymentRow& row, const model::Plan& plan);
/// Of a rollback, or a restore: the version of the deployment that it undoes. Empty: of none. Reads the store.
std::string version_undone_by(const store::StateStore& store, const model::DeploymentRow& row);
/// Says of a deployment that is done which finished rollback has undone it since, and where. Reads the store.
void mark_undone(DeploymentView& view, const store::StateStore& store);

}  // namespace switchyard::fleet
