#pragma once

#include <string>
#include <vector>

#include "coordinator/fleet/artifact_store.hpp"
#include "coordinator/fleet/configurations.hpp"
#include "coordinator/fleet/operations.hpp"
#include "coordinator/fleet/rollback_targets.hpp"
#include "coordinator/planner/deployment_planner.hpp"
#include "coordinator/store/state_store.hpp"

namespace switchyard::fleet {

/// Hosts that were brought to a committed deployment later (deferred, or their machine was replaced) have not served
/// what the others served before it. A rollback that took each to its own past would leave some with nothing, or with
/// something older. So they are deployed the release that the others go back to, from the manifest that it came with.
///
/// `standing`: plan_as_it_stands(store, done). Refused when that release, or its manifest, is not to be had any more.
/// Throws StoreError.
Answer<std::vector<planner::BringBack>> hosts_to_bring_back(const store::StateStore& store, CommittedPlans& plans,
                                                            const ArtifactStore& artifacts,
                                                            const Configurations& configurations,
                                                            const model::DeploymentRow& done,
                                                            const model::Plan& standing,
                                                            const std::vector<std::string>& components);

/// The same for a rollback to a version to which undoing alone does not lead: each of those places is deployed what
/// that version brought there, from its manifest.
Answer<std::vector<planner::BringBack>> hosts_to_bring_to(const store::StateStore& store,
                                                          const ArtifactStore& artifacts,
                                                          const Configurations& configurations,
                                                          const ChosenTarget& target);

}  // namespace switchyard::fleet
