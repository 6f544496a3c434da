#pragma once

#include "coordinator/store/state_store.hpp"

namespace switchyard::fleet {

/// What a committed deployment has become: its plan, with the hosts that were brought to it later (from the plans that
/// brought them there), and without those that were declared gone and never came back. A rollback is made from this, so
/// that it leaves no host behind.
model::Plan plan_as_it_stands(const store::StateStore& store, const model::DeploymentRow& done);

/// As if the host took no part.
void drop_host(model::Plan& plan, const HostId& host);

}  // namespace switchyard::fleet
