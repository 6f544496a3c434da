#pragma once

#include <string>
#include <vector>

#include "coordinator/access/environment_rule.hpp"
#include "coordinator/store/state_store.hpp"

namespace switchyard::fleet {

/// The environments that the coordinator knows of: those that its configuration names, for which something was
/// committed on a host, or that have registered checks; by name, each once. Throws StoreError.
std::vector<std::string> known_environments(const store::StateStore& store, const access::EnvironmentRules& rules);

}  // namespace switchyard::fleet
