#pragma once

#include <map>
#include <string>
#include <vector>

#include "coordinator/fleet/api_token_book.hpp"
#include "coordinator/fleet/approvals.hpp"
#include "coordinator/fleet/artifact_pruner.hpp"
#include "coordinator/fleet/artifact_store.hpp"
#include "coordinator/fleet/check_outcomes.hpp"
#include "coordinator/fleet/check_registry.hpp"
#include "coordinator/fleet/check_runs.hpp"
#include "coordinator/fleet/convergence.hpp"
#include "coordinator/fleet/deployment_runs.hpp"
#include "coordinator/fleet/deployment_starter.hpp"
#include "coordinator/fleet/host_book.hpp"
#include "coordinator/fleet/intake.hpp"
#include "coordinator/fleet/key_renewal.hpp"
#include "coordinator/fleet/known_environments.hpp"
#include "coordinator/fleet/look_queue.hpp"
#include "coordinator/fleet/operations.hpp"
#include "coordinator/fleet/planning.hpp"
#include "coordinator/fleet/recovery.hpp"
#include "coordinator/fleet/refusal_book.hpp"
#include "coordinator/fleet/secret_book.hpp"
#include "coordinator/fleet/snapshot_book.hpp"
#include "coordinator/fleet/steering.hpp"
#include "coordinator/fleet/timeline_viewers.hpp"
#include "coordinator/fleet/way_back.hpp"

namespace switchyard::fleet {

/// The door of the HTTP API, over the parts of the fleet. It holds no state but the starts that are being planned.
/// Loop thread only. A StoreError is the request's: its caller answers 503.
class FleetOperations final : public Operations {
 public:
  struct Parts {
    store::StateStore& store;
    CommittedPlans& plans;
    const Clock& clock;
    AgentRegistry& registry;
    HostBook& hosts;
    ArtifactStore& artifacts;
    ArtifactPruner& pruner;
    DeploymentRuns& runs;
    Planning& planning;
    DeploymentStarter& starter;
    Convergence& convergence;
    TimelineViewers& viewers;
    Intake& intake;
    Recovery& recovery;
    ApiTokenBook& api_tokens;
    RefusalBook& refusals;
    TotpBook& totp;
    Approvals& approvals;
    KeyRenewal& keys;
    Steering& steering;
    LookQueue& looks;
    CheckRegistry& checks;
    CheckRuns& check_runs;
    CheckOutcomes& check_outcomes;
    SecretBook& secrets;
    const Configurations& configurations;
    SnapshotBook& snapshots;
  };
  explicit FleetOperations(Parts parts) : parts_(parts) {}

  Answer<std::vector<std::uint32_t>> begin_artifact(const Caller& caller, const ReleaseId& release,
                                                    const std::string& manifest) override;
  Answer<bool> put_chunk(const Caller& caller, const ReleaseId& release, std::uint32_t index,
                         const std::string& bytes) override;
  Answer<bool> complete_artifact(const Caller& caller, const ReleaseId& release, const std::string& component,
                                 const std::string& version) override;
  std::vector<store::PutArtifact> artifacts(const Caller& caller) const override;

  void plan(const Caller& caller, const DeployRequest& request, Reply<PlanView> reply) override;
  void simulate(const Caller& caller, const DeployRequest& request, const std::string& fail,
                Reply<SimulationView> reply) override;
  void start(const Caller& caller, const DeployRequest& request, Reply<DeploymentView> reply) override;
  void start_rollback(const Caller& caller, const RollbackRequest& request, Reply<DeploymentView> reply) override;
  void rollback_targets(const Caller& caller, const std::string& environment, const std::string& name,
                        Reply<std::vector<Lineage>> reply) override;
  Answer<DeploymentView> deployment(const Caller& caller, const DeploymentId& id) const override;
  std::vector<model::DeploymentRow> deployments(const Caller& caller, std::size_t limit) const override;
  std::vector<model::TimelineEntry> timeline(const Caller& caller, const DeploymentId& id, std::size_t after,
                                             std::size_t limit) const override;
  void when_timeline_grows(const Caller& caller, const DeploymentId& id, std::size_t after, std::int64_t wait_ms,
                           std::function<void()> reply) override;
  Answer<bool> cancel(const Caller& caller, const DeploymentId& id, const std::string& reason) override {
    return parts_.steering.cancel(caller, id, reason);
  }
  Answer<bool> hold(const Caller& caller, const DeploymentId& id, const std::string& reason) override {
    return parts_.steering.hold(caller, id, reason);
  }
  Answer<bool> resume(const Caller& caller, const DeploymentId& id) override {
    return parts_.steering.resume(caller, id);
  }
  Answer<std::vector<std::string>> promote(const Caller& caller, const DeploymentId& id,
                                           std::optional<std::uint32_t> share) override {
    return parts_.steering.promote(caller, id, share);
  }
  Answer<bool> declare_gone(const Caller& caller, const DeploymentId& id, const HostId& host,
                            const std::string& reason) override {
    return parts_.steering.declare_gone(caller, id, host, reason);
  }

  void create_snapshot(const Caller& caller, const SnapshotRequest& request, Reply<SnapshotView> reply) override {
    parts_.snapshots.create(caller, request, std::move(reply));
  }
  std::vector<SnapshotView> snapshots(const Caller&, const std::string& environment, const std::string& name,
                                      std::size_t limit) const override {
    return parts_.snapshots.list(environment, name, limit);
  }
  void snapshot(const Caller&, const SnapshotId& id, bool schemas, Reply<SnapshotView> reply) override {
    parts_.snapshots.show(id, schemas, std::move(reply));
  }
  void restore_snapshot(const Caller& caller, const RestoreRequest& request, Reply<DeploymentView> reply) override;
  Answer<bool> remove_snapshot(const Caller& caller, const SnapshotId& id) override {
    return parts_.snapshots.remove(caller, id);
  }

  std::vector<HostView> hosts(const Caller& caller) const override;
  Answer<bool> add_host(const Caller& caller, const HostId& host,
                        const std::map<std::string, std::string>& labels) override;
  Answer<bool> remove_host(const Caller& caller, const HostId& host) override;
  Answer<TokenMade> replace_host(const Caller& caller, const HostId& host) override;
  Answer<TokenMade> create_token(const Caller& caller, const std::string& host_pattern) override;
  Answer<bool> revoke_agent(const Caller& caller, const HostId& host) override;
  void serving(const Caller& caller, Reply<std::vector<ServingView>> reply) override;
  std::vector<std::string> environments(const Caller&) const override {
    return known_environments(parts_.store, parts_.approvals.rules());
  }

  std::optional<RecoveryView> recovery(const Caller&) const override { return parts_.recovery.view(); }
  Answer<RecoveryDone> recover(const Caller& caller, const RecoverRequest& request) override {
    return parts_.recovery.recover(caller, request);
  }

  Answer<KeysView> keys(const Caller&) const override { return parts_.keys.view(); }
  Answer<KeysView> renew_keys(const Caller& caller, const RenewKeysRequest& request) override {
    return parts_.keys.renew(caller, request);
  }

  Answer<std::vector<store::StoredAudit>> audit(const Caller& caller, std::uint64_t after_seq,
                                                std::size_t limit) const override;
  Answer<std::vector<WitnessView>> witnesses(const Caller& caller) const override;

  Answer<std::vector<std::string>> register_checks(const Caller& caller, const RegisterChecksRequest& request) override;
  std::vector<model::RegisteredCheck> registered_checks(const Caller&) const override { return parts_.store.checks(); }
  Answer<bool> remove_check(const Caller& caller, const std::string& environment, const std::string& name) override;
  void run_checks(const Caller& caller, const RunChecksRequest& request, Reply<model::Verdict> reply) override {
    parts_.check_runs.run(caller, request, std::move(reply));
  }

  std::vector<ApprovalView> approvals(const Caller&, std::size_t limit) const override {
    return parts_.approvals.views(limit);
  }
  Answer<ApprovalView> approval(const Caller&, const DeploymentId& id) const override {
    return parts_.approvals.view(id);
  }
  void decide_approval(const Caller& caller, const ApprovalWish& wish, Reply<ApprovalView> reply) override {
    parts_.approvals.decide(caller, wish, std::move(reply));
  }

  std::optional<access::Bearer> bearer(const std::string& digest) const override {
    return parts_.api_tokens.bearer(digest);
  }
  void turned_away(const std::string& origin) override;
  Answer<ApiTokenMade> create_api_token(const Caller& caller, const ApiTokenRequest& request) override {
    return parts_.api_tokens.create(caller, request);
  }
  std::vector<model::ApiTokenRow> api_tokens(const Caller&) const override { return parts_.store.api_tokens(); }
  Answer<bool> revoke_api_token(const Caller& caller, const std::string& id) override {
    return parts_.api_tokens.revoke(caller, id);
  }
  Answer<std::string> enrol_totp(const Caller& caller, const std::string& code) override {
    return parts_.totp.enrol(caller, code);
  }
  Answer<bool> reset_totp(const Caller& caller, const std::string& person) override {
    return parts_.totp.reset(caller, person);
  }
  Answer<SecretView> set_secret(const Caller& caller, const SecretRequest& request) override {
    return parts_.secrets.set(caller, request);
  }
  std::vector<SecretView> secrets(const Caller&) const override { return parts_.secrets.list(); }
  Answer<bool> remove_secret(const Caller& caller, const std::string& environment, const std::string& name) override {
    return parts_.secrets.remove(caller, environment, name);
  }

 private:
  /// What can be said of a plan, worked out in its turn.
  template <class View>
  void look_in_turn(const Caller& caller, const DeployRequest& request,
                    std::function<Answer<View>(PlannedDeployment)> look, Reply<View> reply);
  /// The plan with what is to be expected of it when he starts it.
  /// `lifts`: what its environment file would lift, see environment_policies.hpp.
  Answer<PlanView> look_at(const Caller& caller, PlannedDeployment planned, const std::optional<DeployTarget>& target,
                           const model::Policies& lifts) const;
  /// Why a start of it would be refused now; nothing when it would not.
  std::optional<Frozen> frozen_now(const std::optional<DeployTarget>& target) const;
  Answer<DeploymentView> view_of(const DeploymentId& id) const;
  /// When a host was heard last, whether it is connected or not. Wall clock, ms; 0: never.
  std::int64_t last_seen(const model::HostRow& host) const;
  /// What the store and the sessions say; nobody is asked.
  std::vector<ServingView> known_serving() const;
  /// A start with a key that is being planned, and who waits for it beside the first.
  struct Planned {
    std::string digest;
    std::vector<Reply<DeploymentView>> waiting;
  };
  /// True if the key is known, or its start is already being planned: `reply` is then taken care of.
  bool answered_by_key(const StartOrder& order, Reply<DeploymentView>& reply);
  /// Answers him, and all who have asked with the same key meanwhile.
  void answer_all(const std::string& key, const Answer<DeploymentView>& answer, const Reply<DeploymentView>& reply);
  /// The key is free again when the store fails, and the request can be sent anew.
  template <class Work>
  void with_key(const std::string& key, const Reply<DeploymentView>& reply, Work work);
  /// What its environment file asks for, against what is remembered: which approvals it takes, and what it lifts.
  std::optional<Refusal> refuse_policies(const StartOrder& order, const std::string& environment,
                                         bool does_nothing) const;
  void note_policies(const DeployTarget& target, const model::Configuration& configuration, StartOrder& order) const;
  /// What the plan asks for beyond that, now that it is known what it does.
  void note_plan(const PlannedDeployment& planned, StartOrder& order) const;
  void plan_start(StartOrder order, const DeployRequest& request, const Reply<DeploymentView>& reply);
  void plan_restore(StartOrder order, const RestoreRequest& request, const Reply<DeploymentView>& reply);
  void plan_rollback(StartOrder order, const RollbackRequest& request, const model::DeploymentRow& done,
                     const Reply<DeploymentView>& reply);
  void launch(StartOrder order, Answer<PlannedDeployment> planned, const Reply<DeploymentView>& reply);
  Answer<DeploymentView> commit_start(StartOrder order, Answer<PlannedDeployment> planned);
  /// Of a rollback: whether somebody has to approve it, or it is the inverse of what was approved.
  bool waits_for_approval(const access::EnvironmentRule& rule, const model::DeploymentRow& done, bool inverse) const;
  WayBack way_back(const StartOrder& rollback) const;

  Parts parts_;
  std::map<std::string, Planned> planning_by_key_;
};

}  // namespace switchyard::fleet
