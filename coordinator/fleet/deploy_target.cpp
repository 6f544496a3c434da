#include "coordinator/fleet/deploy_target.hpp"

#include "common/error.hpp"
#include "coordinator/fleet/serving_views.hpp"
#include "coordinator/planner/manifest_reader.hpp"

namespace switchyard::fleet {

std::optional<DeployTarget> target_of(const DeployRequest& request) {
  try {
    const model::Manifest manifest = planner::read_manifest(request.manifest, request.file_name);
    DeployTarget target;
    target.environment = request.environment.empty() ? manifest.environment : request.environment;
    for (const model::Component& component : manifest.components) {
      target.hosts.insert(component.hosts.begin(), component.hosts.end());
    }
    return target;
  } catch (const InputError&) {
    return std::nullopt;
  }
}

std::map<std::string, HostId> neighbours_of(const store::StateStore& store, const DeployTarget& target) {
  std::map<std::string, HostId> neighbours;
  const auto note = [&](const std::string& environment, const HostId& host) {
    if (environment != target.environment && target.hosts.contains(host)) neighbours.emplace(environment, host);
  };
  for (const model::ServingRow& row : store.serving()) {
    if (row.serving.kind != protocol::OldKind::absent) note(row.environment, row.host);
  }
  // What is under way there, or is still to be brought there, may be another environment's than what serves.
  for (const ServingView& view : serving_views(store)) {
    for (const DeploymentId& coming : {view.owed, view.changing}) {
      const auto row = coming.empty() ? std::nullopt : store.deployment(coming);
      if (row) note(row->environment, view.row.host);
    }
  }
  return neighbours;
}

}  // namespace switchyard::fleet
