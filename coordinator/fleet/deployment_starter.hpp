#pragma once

#include <optional>
#include <string>
#include <vector>

#include "common/clock.hpp"
#include "coordinator/fleet/deployment_runs.hpp"
#include "coordinator/fleet/operations.hpp"
#include "coordinator/fleet/planning.hpp"

namespace switchyard::fleet {

struct StartOrder {
  Caller caller;
  model::DeploymentKind kind = model::DeploymentKind::deploy;
  DeploymentId refers_to;               ///< DeploymentRow::rollback_of
  HostId host;                          ///< converge: who is brought there
  std::vector<std::string> components;  ///< DeploymentRow::components
  std::vector<HostId> without;          ///< rollback: DeploymentRow::gone from the beginning
  std::string reason;
  std::optional<store::PutSource> source;  ///< of a deploy; its deployment id is filled in
  std::string idempotency_key;
  std::string request_digest;  ///< of the request with that key, see request_digest.hpp
};

/// Turns a plan into a deployment: row, plan, locks, key and audit in one transaction, and only then the engine hears
/// of it. Loop thread only. Throws StoreError.
class DeploymentStarter {
 public:
  DeploymentStarter(store::StateStore& store, const HostBook& hosts, DeploymentRuns& runs, const Clock& clock)
      : store_(store), hosts_(hosts), runs_(runs), clock_(clock) {}

  /// The deployment's id; or who holds a component that it needs, or what it was planned from and is so no
  /// more (plan_ground.hpp). A plan without steps is a deployment that is done.
  Answer<DeploymentId> start(StartOrder order, PlannedDeployment planned);

 private:
  model::DeploymentRow make_row(const StartOrder& order, const PlannedDeployment& planned) const;
  store::Transaction writes_of(const StartOrder& order, const model::DeploymentRow& row, const model::Plan& plan) const;

  store::StateStore& store_;
  const HostBook& hosts_;
  DeploymentRuns& runs_;
  const Clock& clock_;
};

}  // namespace switchyard::fleet
