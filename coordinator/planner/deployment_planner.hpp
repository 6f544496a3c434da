#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "coordinator/model/manifest.hpp"
#include "coordinator/model/plan.hpp"
#include "protocol/message.hpp"

namespace switchyard::planner {

/// What the planner must know beside the manifest. The coordinator gathers it; the planner asks nobody.
struct PlanningFacts {
  DeploymentId deployment;
  std::uint64_t plan_seq = 0;
  std::int64_t not_after_wall_ms = 0;
  std::map<std::string, protocol::ArtifactRef> artifacts;            ///< component -> what to deploy
  std::map<HostId, std::vector<protocol::ComponentFact>> inventory;  ///< hosts that answered
  std::vector<HostId> unreachable;
  std::string components_root = "/srv";
  std::string units_root = "/etc/systemd/system";
};

struct PlanOptions {
  bool no_rollback = false;
  bool sequential = false;
  bool no_monitoring = false;  ///< no watch window
};

/// Components whose release already serves on a host are left alone there; a plan may be empty (nothing to do).
/// Throws InputError when the manifest cannot be planned (unknown host, unreachable host with `unreachable: fail`,
/// ...). The result is not signed: header and hash are filled in, `signature` is empty.
model::Plan plan_deployment(const model::Manifest& manifest, const PlanningFacts& facts, const PlanOptions& options);

/// The inverse of a finished deployment for these components (empty: all): every host back to `OldState old` of the
/// plan, or to nothing when it was absent.
model::Plan plan_rollback(const model::Plan& done, const std::vector<std::string>& components,
                          const PlanningFacts& facts);

}  // namespace switchyard::planner
