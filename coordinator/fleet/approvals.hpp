#pragma once

#include <cstdint>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "common/clock.hpp"
#include "coordinator/access/environment_rule.hpp"
#include "coordinator/engine/approval_gate.hpp"
#include "coordinator/fleet/agent_registry.hpp"
#include "coordinator/fleet/api_token_book.hpp"
#include "coordinator/fleet/deploy_target.hpp"
#include "coordinator/fleet/deployment_runs.hpp"
#include "coordinator/fleet/deployment_starter.hpp"
#include "coordinator/fleet/freeze.hpp"
#include "coordinator/fleet/operations.hpp"
#include "coordinator/fleet/planning.hpp"
#include "coordinator/fleet/recovery.hpp"
#include "coordinator/fleet/timeline_viewers.hpp"
#include "coordinator/fleet/timers.hpp"
#include "coordinator/fleet/totp_book.hpp"
#include "coordinator/fleet/way_back.hpp"

namespace switchyard::fleet {

/// Deployments that wait for people. What was planned is kept as it was signed; with the last word that is needed the
/// plan is made once more, and only if it tells every host the same does exactly what was approved start. The words
/// themselves are weighed by engine/approval_gate. Owned by the Fleet, loop thread only. Throws StoreError.
class Approvals {
 public:
  struct Parts {
    store::StateStore& store;
    const Clock& clock;
    Timers& timers;
    Planning& planning;
    DeploymentStarter& starter;
    TimelineViewers& viewers;
    TotpBook& totp;
    const ApiTokenBook& tokens;
    const Recovery& recovery;  ///< while hosts may know more, no draft is started or closed
    const AgentRegistry& registry;
    DeploymentRuns& runs;
  };
  Approvals(Parts parts, access::EnvironmentRules rules) : parts_(parts), rules_(std::move(rules)) {}

  /// Looks for what has expired, now and every minute. After the epoch was taken.
  void begin();

  access::EnvironmentRule rule_for(const std::string& environment) const {
    return access::rule_for(rules_, environment);
  }
  const access::EnvironmentRules& rules() const { return rules_; }
  /// What a start in the environment, or a word on one, takes of him. `codes`: as asks_for_codes() says; what the
  /// environment is remembered to ask for holds in any case. `lifts`: it lifts some of that.
  access::StartRule rule_for_start(const Caller& caller, const std::string& environment, bool codes,
                                   bool lifts = false) const;
  /// Whether the environment file that the deployment was configured with asks for codes; of a rollback, of what it
  /// undoes.
  bool asks_for_codes(const DeploymentId& id) const;
  /// Whether that of a deployment which the snapshot brings back did.
  bool asks_for_codes(const model::SnapshotRow& snapshot) const;
  /// Those that wait already and whose place it takes (superseded.hpp) are over in the same transaction.
  Answer<DeploymentId> propose(StartOrder order, PlannedDeployment planned);
  void decide(const Caller& caller, const ApprovalWish& wish, Reply<ApprovalView> reply);
  /// By whoever may cancel the deployment.
  Answer<bool> withdraw(const Caller& caller, const DeploymentId& id, const std::string& reason);

  std::vector<ApprovalView> views(std::size_t limit) const;
  Answer<ApprovalView> view(const DeploymentId& id) const;

 private:
  /// As it is asked today: who has made the rule stricter means what waits too.
  model::ApprovalRow by_the_rule(model::ApprovalRow row) const;
  /// The row with this word added, or why it does not count.
  Answer<model::ApprovalRow> weigh(const Caller& caller, const ApprovalWish& wish,
                                   engine::SecondFactor second_factor) const;
  void launch(const Caller& caller, const ApprovalWish& wish, const TotpBook::Checked& code, Reply<ApprovalView> reply);
  Answer<ApprovalView> launch_as_planned(const Caller& caller, const ApprovalWish& wish, const TotpBook::Checked& code,
                                         const Answer<PlannedDeployment>& again);
  /// What stands in the way of the rollback that `draft` is.
  WayBack way_back(const model::DeploymentRow& draft) const;
  /// Why a draft that is a rollback cannot start as things stand, whatever its plan. Nothing of any other.
  std::optional<Refusal> refuse_to_go_back(const model::DeploymentRow& draft) const;
  Refusal void_it(const Caller& caller, model::ApprovalRow row, const std::string& changes);
  /// What the environment is remembered to ask for since it was proposed, and it does without.
  std::vector<std::string> policies_since(const DeploymentId& draft) const;
  /// What has changed since the plan was made; empty: nothing.
  std::vector<std::string> changes_since(const model::Plan& plan, const model::Plan& again) const;
  /// What is written with a word: its audit row, and that its code has counted.
  store::Transaction vote_writes(const Caller& caller, const ApprovalWish& wish, const model::ApprovalRow& row,
                                 const TotpBook::Checked& code) const;
  std::optional<Refusal> refuse_in_recovery() const;
  /// The freeze window that is on where the draft would begin, and the reason with which its author overrides it, if he
  /// does. Nothing when nothing is frozen there now; a rollback never is.
  struct FrozenDraft {
    Frozen frozen;
    std::string override_reason;
  };
  std::optional<FrozenDraft> frozen_draft(const model::DeploymentRow& draft) const;
  std::optional<Refusal> refuse_frozen(const model::DeploymentRow& draft) const;
  /// Why no further deployment may wait, when so many of those that do give way to it.
  std::optional<Refusal> refuse_another(std::size_t giving_way) const;
  /// Why `drafts` gave way to the proposal `newer` of his, in their rows and in its own.
  store::Transaction supersede_writes(const Caller& caller, const std::vector<model::DeploymentRow>& drafts,
                                      const DeploymentId& newer) const;
  /// The end of one that never began.
  void close(const Caller& caller, model::ApprovalRow row, model::ApprovalState state, const std::string& why,
             store::Transaction also);
  store::Transaction close_writes(const Caller& caller, model::ApprovalRow row, model::ApprovalState state,
                                  const std::string& why, const DeploymentId& newer = {}) const;
  void closed(const DeploymentId& id, const std::string& why);
  void sweep();

  Parts parts_;
  access::EnvironmentRules rules_;
  /// The plan is being made once more. Shared with what waits for that plan: it may outlive this object.
  std::shared_ptr<std::set<DeploymentId>> launching_ = std::make_shared<std::set<DeploymentId>>();
};

/// What a host that is away would get when it is back, and nobody would have seen in the plan.
std::optional<Refusal> refuse_unseen(const StartOrder& order, const PlannedDeployment& planned);

}  // namespace switchyard::fleet
