#include "coordinator/fleet/deploy_target.hpp"

#include "common/error.hpp"
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
  for (const model::ServingRow& row : store.serving()) {
    const bool serves = row.serving.kind != protocol::OldKind::absent;
    if (serves && row.environment != target.environment && target.hosts.contains(row.host)) {
      neighbours.emplace(row.environment, row.host);
    }
  }
  return neighbours;
}

}  // namespace switchyard::fleet
