#pragma once

#include <optional>
#include <string>

#include "coordinator/fleet/operations.hpp"
#include "coordinator/store/state_store.hpp"

/// Who is at work on a component, and what is said to a second one. What holds is a deployment's own row in the store:
/// it is there from the transaction that starts it to the one that ends it, and only the coordinator of the present
/// epoch writes either. So no hold outlives its holder. Loop thread; throws StoreError.
namespace switchyard::fleet {

/// Why nobody else may change the component: `holder` does. `host`: where, if it is about that one alone.
Refusal refuse_held(const model::DeploymentRow& holder, const std::string& component, const HostId& host = {});

/// The same for whoever would carry out `plan`: one deployment at a time changes a component of an environment, on
/// whatever hosts. What only brings a host to what was committed neither holds nor asks: on its own host the locks do.
std::optional<Refusal> refuse_second(const store::StateStore& store, model::DeploymentKind kind,
                                     const model::Plan& plan);

}  // namespace switchyard::fleet
