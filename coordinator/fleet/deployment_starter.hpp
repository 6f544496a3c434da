#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "common/clock.hpp"
#include "coordinator/access/environment_rule.hpp"
#include "coordinator/fleet/changeover.hpp"
#include "coordinator/fleet/deploy_target.hpp"
#include "coordinator/fleet/deployment_runs.hpp"
#include "coordinator/fleet/freeze.hpp"
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
  SnapshotId snapshot = {};             ///< restore: DeploymentRow::snapshot
  DeploymentId target;                  ///< rollback: ApprovalRow::target, and the two below
  bool inverse = true;
  bool verify = false;
  std::string reason;
  std::optional<store::PutSource> source;  ///< of a deploy; its deployment id is filled in
  std::string idempotency_key;
  std::string request_digest;   ///< of the request with that key, see request_digest.hpp
  std::uint32_t approvals = 0;  ///< that it takes: it waits as `draft`, unless there is nothing to do
  std::string approvals_why;    ///< for people
  /// For more of them, when it is made (access::rule_for_plan): it is signed for as long as an approval may take.
  bool plan_may_ask = false;
  std::optional<Frozen> overridden;  ///< the freeze window in spite of which it starts
};

/// Turns a plan into a deployment: row, plan, locks, key and audit in one transaction, and only then the engine hears
/// of it. In a changeover to other keys nothing is started or proposed: it is signed with one that is over. Loop thread
/// only. Throws StoreError.
class DeploymentStarter {
 public:
  DeploymentStarter(store::StateStore& store, const HostBook& hosts, DeploymentRuns& runs, const Clock& clock,
                    const Changeover& changeover, access::EnvironmentRules rules)
      : store_(store), hosts_(hosts), runs_(runs), clock_(clock), changeover_(changeover), rules_(std::move(rules)) {}

  /// Why he may start nothing of that kind there past the approvers of what serves on the same hosts. Whatever is
  /// started or proposed is asked it once more, when it is: others may ask before, to spare themselves the work.
  /// Nothing of a convergence: what it brings was let in when it was started on the other hosts.
  std::optional<Refusal> refuse_beside(model::DeploymentKind kind, const access::Principal& who,
                                       const DeployTarget& target) const;

  /// Why what has this plan may not begin beside what is at work already (component_holder.hpp). start() and
  /// start_approved() ask it too: it is for who makes room for it first.
  std::optional<Refusal> refuse_second(model::DeploymentKind kind, const model::Plan& plan) const;

  /// The deployment's id; or who holds a component that it needs, or what it was planned from and is so no
  /// more (plan_ground.hpp). A plan without steps is a deployment that is done.
  Answer<DeploymentId> start(StartOrder order, PlannedDeployment planned);
  /// The same, but that it waits as `draft` until start_approved() or until it is rejected: nothing is locked, and no
  /// host hears of it. `also`: what is to be written with it.
  Answer<DeploymentId> propose(StartOrder order, PlannedDeployment planned, model::ApprovalRow asked,
                               store::Transaction also);
  /// What was proposed begins. `approval` is the last word on it, and what is to be written with it.
  /// `ground`: of the plan that was made once more for the last vote.
  Answer<DeploymentId> start_approved(const access::Principal& approver, model::DeploymentRow draft, model::Plan plan,
                                      const PlanGround& ground, store::Transaction approval);

 private:
  /// The one place that whatever starts, or is proposed, has to pass.
  std::optional<Refusal> refuse(model::DeploymentKind kind, const access::Principal& who, const model::Plan& plan,
                                const std::vector<HostId>& deferred, const PlanGround& ground) const;
  std::optional<Refusal> refuse_without_snapshot(const StartOrder& order) const;
  model::DeploymentRow make_row(const StartOrder& order, const PlannedDeployment& planned) const;
  store::Transaction writes_of(const StartOrder& order, const model::DeploymentRow& row, const model::Plan& plan) const;
  /// What left the fleet is nobody's to bring anywhere.
  std::vector<HostId> still_in_fleet(std::vector<HostId> hosts) const;
  Answer<DeploymentId> commit(const store::Transaction& writes, const DeploymentId& id);

  store::StateStore& store_;
  const HostBook& hosts_;
  DeploymentRuns& runs_;
  const Clock& clock_;
  const Changeover& changeover_;
  access::EnvironmentRules rules_;
};

}  // namespace switchyard::fleet
