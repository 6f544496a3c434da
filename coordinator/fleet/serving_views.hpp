#pragma once

#include <vector>

#include "coordinator/fleet/inventory_rounds.hpp"
#include "coordinator/fleet/operations.hpp"

namespace switchyard::fleet {

/// What serves where, as far as the store knows: what was committed last for each component on each host, what is being
/// changed there, and what a host that was away is still to be brought to. In the order of host and component; whether
/// the hosts are connected is left for the caller to fill in. Throws StoreError.
std::vector<ServingView> serving_views(const store::StateStore& store);

/// How their hosts are asked what serves in these places: as the deployment that was committed there would ask. Throws
/// StoreError.
InventoryRounds::Questions serving_questions(const store::StateStore& store,
                                             const std::vector<model::ServingRow>& rows);

/// "release 0123456789ab serves", and likewise of what is none. Pure.
std::string serves_text(const protocol::ComponentFact& fact);

/// What a host answered of a place. The same release in the other slot is the same. Pure.
ServingNow compare_serving(const model::ServingRow& row, const protocol::ComponentFact& fact);

/// Into what is known by now, the answers to what was asked `before`. Of a place that is being changed, or was
/// meanwhile, an answer says nothing: it may be of before or of after. Pure.
void note_answers(const std::vector<ServingView>& before, const InventoryRounds::Answers& answers,
                  std::vector<ServingView>& views);

}  // namespace switchyard::fleet
