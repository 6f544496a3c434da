#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>

#include "coordinator/fleet/host_book.hpp"
#include "coordinator/fleet/inventory_rounds.hpp"
#include "coordinator/fleet/operations.hpp"
#include "coordinator/model/plan.hpp"
#include "coordinator/store/state_store.hpp"

namespace switchyard::fleet {

/// What a plan rests on beside the hosts' answers, as it was when they were asked. They may take ten seconds, in which
/// others deploy and remove hosts; so it is looked at again when the deployment's row is written.
struct PlanGround {
  InventoryRounds::Questions asked;    ///< the components that the plan is of
  std::map<HostId, std::string> keys;  ///< of the hosts' agents; empty: it could not connect
  DeploymentId newest;                 ///< empty: there was none
  std::set<DeploymentId> under_way;
};

/// Throws StoreError.
PlanGround note_ground(const store::StateStore& store, const HostBook& hosts, InventoryRounds::Questions asked);

/// Why the plan may not be carried out any more: a host was removed, replaced or revoked, a component was deployed
/// meanwhile, or another deployment uses what the plan wants for itself. That a component is being changed is for the
/// locks to say. Throws StoreError.
std::optional<Refusal> refuse_moved(const store::StateStore& store, const HostBook& hosts, const PlanGround& ground,
                                    const model::Plan& plan);

}  // namespace switchyard::fleet
