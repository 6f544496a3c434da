#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>

#include "coordinator/fleet/operations.hpp"
#include "coordinator/store/state_store.hpp"

namespace switchyard::fleet {

/// Where a request would deploy: for which environment, and on which hosts.
struct DeployTarget {
  std::string environment;  ///< what the request says itself, else its manifest; empty: neither does
  std::set<HostId> hosts;
  bool operator==(const DeployTarget&) const = default;
};

/// Nothing when the manifest cannot be read, which the planning then says in full. Pure.
std::optional<DeployTarget> target_of(const DeployRequest& request);

/// The other environments for which something serves on the target's hosts, is being deployed there, or is still to be
/// brought there, each with one such host: whoever deploys to a host can change everything on it, whatever name the
/// deployment goes by. Throws StoreError.
std::map<std::string, HostId> neighbours_of(const store::StateStore& store, const DeployTarget& target);

}  // namespace switchyard::fleet
