#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "coordinator/access/environment_rule.hpp"
#include "coordinator/fleet/operations.hpp"
#include "coordinator/store/state_store.hpp"

namespace switchyard::fleet {

/// Where something would be changed: for which environment, and on which hosts.
struct DeployTarget {
  std::string environment;  ///< of a request: what it says itself, else its manifest; empty: neither does
  std::set<HostId> hosts;
  bool operator==(const DeployTarget&) const = default;
};

/// Nothing when the manifest cannot be read, which the planning then says in full. Pure.
std::optional<DeployTarget> target_of(const DeployRequest& request);
/// Of what was planned, and is to follow on hosts that are away.
DeployTarget target_of(const model::Plan& plan, const std::vector<HostId>& deferred);
/// Of a rollback: every host on which it takes something back of what was deployed there, or could. Nothing when the
/// deployment's plan is not known. Throws StoreError.
std::optional<DeployTarget> target_of(const store::StateStore& store, const RollbackRequest& request);

/// The other environments for which something serves on the target's hosts, is being deployed there, or is still to be
/// brought there, each with one such host: whoever deploys to a host can change everything on it, whatever name the
/// deployment goes by. Throws StoreError.
std::map<std::string, HostId> neighbours_of(const store::StateStore& store, const DeployTarget& target);

/// Why he may start nothing there past the approvers of what serves on the same hosts. Throws StoreError.
std::optional<Refusal> refuse_beside(const store::StateStore& store, const access::EnvironmentRules& rules,
                                     const access::Principal& who, const DeployTarget& target);

}  // namespace switchyard::fleet
