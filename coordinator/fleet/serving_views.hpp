#pragma once

#include <vector>

#include "coordinator/fleet/operations.hpp"

namespace switchyard::fleet {

/// What serves where, as far as the store knows: what was committed last for each component on each host, what is being
/// changed there, and what a host that was away is still to be brought to. In the order of host and component; whether
/// the hosts are connected is left for the caller to fill in. Throws StoreError.
std::vector<ServingView> serving_views(const store::StateStore& store);

}  // namespace switchyard::fleet
