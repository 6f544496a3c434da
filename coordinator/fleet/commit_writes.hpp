#pragma once

#include "coordinator/store/state_store.hpp"

namespace switchyard::fleet {

/// What is written together with the decision to commit, whoever finds it out: the engine, or a recovery that reads in
/// the hosts' journals that it was decided. What every participant serves from now on, and who owes what to whom. Hosts
/// that were declared gone are added to `row.deferred`: should they come back, they are brought to what was committed
/// without them. The row itself, and the decision, are the caller's to write. Throws StoreError.
store::Transaction writes_of_commit(const store::StateStore& store, model::DeploymentRow& row, const model::Plan& plan);

}  // namespace switchyard::fleet
