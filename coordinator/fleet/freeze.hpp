#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "common/clock.hpp"
#include "coordinator/access/environment_rule.hpp"
#include "coordinator/fleet/deploy_target.hpp"

namespace switchyard::fleet {

/// The freeze window that is on, and whose it is: of the environment to which is deployed, or of another for which
/// something serves on the same hosts.
struct Frozen {
  std::string environment;
  access::Freeze freeze;
};
/// Nothing when nothing is frozen there now. Throws StoreError.
std::optional<Frozen> find_frozen(const store::StateStore& store, const access::EnvironmentRules& rules,
                                  const DeployTarget& target, std::int64_t now_wall_ms);

/// "`production` is frozen by the freeze window ..., which ends ...".
std::string frozen_text(const Frozen& frozen);
/// Why nothing may begin there now. Who overrides it does not ask. Going back is never frozen.
Refusal refuse_frozen(const Frozen& frozen);
/// The audit row of a start in spite of it.
store::AppendAudit override_row(const Clock& clock, const Caller& caller, const DeploymentId& id,
                                const std::string& environment, const Frozen& frozen, const std::string& reason);

}  // namespace switchyard::fleet
