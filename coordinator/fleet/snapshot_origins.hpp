#pragma once

#include <vector>

#include "coordinator/fleet/artifact_store.hpp"
#include "coordinator/fleet/committed_plans.hpp"
#include "coordinator/fleet/configurations.hpp"
#include "coordinator/fleet/host_book.hpp"
#include "coordinator/fleet/operations.hpp"
#include "coordinator/planner/deployment_planner.hpp"
#include "coordinator/store/state_store.hpp"

/// A snapshot holds no manifests: it names the deployment of each place that, asked for once more, brings exactly that
/// back. What it was asked with is in the store for ever. None of these changes anything; all throw StoreError.
namespace switchyard::fleet {

/// What a snapshot of these places says, by what their hosts have answered (`facts`). Refused where a host serves
/// something else than was committed there, or what nobody could bring back.
Answer<std::vector<model::SnapshotPlace>> read_places(const store::StateStore& store,
                                                      const Configurations& configurations,
                                                      const std::vector<model::ServingRow>& rows,
                                                      const planner::PlanningFacts& facts);

struct RestoreParts {
  const store::StateStore& store;
  const ArtifactStore& artifacts;
  const Configurations& configurations;
  const HostBook& hosts;
};
/// What it takes to bring the snapshot back: manifests, releases and configurations as they were. Hosts that have left
/// the fleet are left out. Refused when it is not whole, when something of it is not to be had any more, or when it
/// would leave a component with one release here and another there.
Answer<planner::SnapshotToRestore> snapshot_to_restore(const RestoreParts& parts, const model::SnapshotRow& snapshot);

/// What serves under its name by now, and is in none of its places: `cache on web-3`.
std::vector<std::string> places_since(const store::StateStore& store, const HostBook& hosts,
                                      const model::SnapshotRow& snapshot);

/// The newest deployment of its name that a restore goes behind; empty: nothing was deployed since.
DeploymentId deployed_since(const store::StateStore& store, CommittedPlans& plans, const model::SnapshotRow& snapshot,
                            std::int64_t now_wall_ms);

}  // namespace switchyard::fleet
