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
  std::vector<HostId> without;          ///< rollback: hosts to leave out
  bool to_nothing = false;              ///< rollback: services may be taken away
  std::string reason;
  std::optional<store::PutSource> source;  ///< of a deploy; its deployment id is filled in
  std::string idempotency_key;
  std::string request_digest;    ///< of the request with that key, see request_digest.hpp
  bool approval_needed = false;  ///< it waits as `draft`, unless there is nothing to do
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
  /// The same, but that it waits as `draft` until start_approved() or until it is rejected: nothing is locked, and no
  /// host hears of it.
  Answer<DeploymentId> propose(StartOrder order, PlannedDeployment planned, model::ApprovalRow asked);
  /// What was proposed begins. `approval` is the last word on it, and what is to be written with it.
  /// `ground`: of the plan that was made once more for the last vote.
  Answer<DeploymentId> start_approved(model::DeploymentRow draft, model::Plan plan, const PlanGround& ground,
                                      store::Transaction approval);

 private:
  model::DeploymentRow make_row(const StartOrder& order, const PlannedDeployment& planned) const;
  store::Transaction writes_of(const StartOrder& order, const model::DeploymentRow& row, const model::Plan& plan) const;
  /// What left the fleet is nobody's to bring anywhere.
  std::vector<HostId> still_in_fleet(std::vector<HostId> hosts) const;
  Answer<DeploymentId> commit(const store::Transaction& writes, const DeploymentId& id);

  store::StateStore& store_;
  const HostBook& hosts_;
  DeploymentRuns& runs_;
  const Clock& clock_;
};

}  // namespace switchyard::fleet
