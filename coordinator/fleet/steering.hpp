#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "coordinator/engine/deployment_run.hpp"
#include "coordinator/fleet/agent_registry.hpp"
#include "coordinator/fleet/approvals.hpp"
#include "coordinator/fleet/deployment_runs.hpp"
#include "coordinator/fleet/operations.hpp"
#include "coordinator/fleet/recovery.hpp"

namespace switchyard::fleet {

/// What a person says to a deployment that is under way. Each word is in the audit before the engine hears it; what
/// comes of it is the engine's to say. Loop thread only. A StoreError is the request's: its caller answers 503.
class Steering {
 public:
  struct Parts {
    store::StateStore& store;
    const Clock& clock;
    const AgentRegistry& registry;
    DeploymentRuns& runs;
    const Recovery& recovery;
    Approvals& approvals;
  };
  explicit Steering(Parts parts) : parts_(parts) {}

  /// Takes back one that waits for approval too.
  Answer<bool> cancel(const Caller& caller, const DeploymentId& id, const std::string& reason);
  Answer<bool> hold(const Caller& caller, const DeploymentId& id, const std::string& reason);
  Answer<bool> resume(const Caller& caller, const DeploymentId& id);
  Answer<std::vector<std::string>> promote(const Caller& caller, const DeploymentId& id,
                                           std::optional<std::uint32_t> share);
  Answer<bool> declare_gone(const Caller& caller, const DeploymentId& id, const HostId& host,
                            const std::string& reason);

 private:
  /// The live run, or why there is none.
  std::variant<const engine::DeploymentRun*, Refusal> find_live(const DeploymentId& id) const;
  void note(const Caller& caller, const std::string& operation, const engine::DeploymentRun& run,
            const std::string& reason, const HostId& host = {});

  Parts parts_;
};

/// What is answered for an id that no deployment has.
Refusal no_deployment(const DeploymentId& id);

}  // namespace switchyard::fleet
