#pragma once

#include "coordinator/access/permission.hpp"
#include "coordinator/fleet/api_token_book.hpp"
#include "coordinator/fleet/deploy_target.hpp"
#include "coordinator/fleet/operations.hpp"
#include "coordinator/fleet/refusal_book.hpp"
#include "coordinator/store/state_store.hpp"

namespace switchyard::fleet {

/// Asks of each operation whether its caller may, by the rules of coordinator/access, before it is done; what is shown
/// in lists is what the caller may see. Who is refused gets 403 and a row in the audit. Owned by the Fleet, before its
/// operations; the HTTP API knows only this door. Loop thread only; throws what the operations throw.
class GuardedOperations final : public Operations {
 public:
  GuardedOperations(Operations& inner, const store::StateStore& store, const ApiTokenBook& tokens,
                    RefusalBook& refusals)
      : inner_(inner), store_(store), tokens_(tokens), refusals_(refusals) {}

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
  Answer<bool> cancel(const Caller& caller, const DeploymentId& id, const std::string& reason) override;
  Answer<bool> hold(const Caller& caller, const DeploymentId& id, const std::string& reason) override;
  Answer<bool> resume(const Caller& caller, const DeploymentId& id) override;
  Answer<std::vector<std::string>> promote(const Caller& caller, const DeploymentId& id,
                                           std::optional<std::uint32_t> share) override;
  Answer<bool> declare_gone(const Caller& caller, const DeploymentId& id, const HostId& host,
                            const std::string& reason) override;

  void create_snapshot(const Caller& caller, const SnapshotRequest& request, Reply<SnapshotView> reply) override;
  std::vector<SnapshotView> snapshots(const Caller& caller, const std::string& environment,
                                      const std::string& name, std::size_t limit) const override;
  void snapshot(const Caller& caller, const SnapshotId& id, bool schemas, Reply<SnapshotView> reply) override;
  void restore_snapshot(const Caller& caller, const RestoreRequest& request, Reply<DeploymentView> reply) override;
  Answer<bool> remove_snapshot(const Caller& caller, const SnapshotId& id) override;

  std::vector<HostView> hosts(const Caller& caller) const override;
  Answer<bool> add_host(const Caller& caller, const HostId& host,
                        const std::map<std::string, std::string>& labels) override;
  Answer<bool> remove_host(const Caller& caller, const HostId& host) override;
  Answer<TokenMade> replace_host(const Caller& caller, const HostId& host) override;
  Answer<TokenMade> create_token(const Caller& caller, const std::string& host_pattern) override;
  Answer<bool> revoke_agent(const Caller& caller, const HostId& host) override;
  void serving(const Caller& caller, Reply<std::vector<ServingView>> reply) override;
  std::vector<std::string> environments(const Caller& caller) const override;

  std::optional<RecoveryView> recovery(const Caller& caller) const override;
  Answer<RecoveryDone> recover(const Caller& caller, const RecoverRequest& request) override;

  Answer<KeysView> keys(const Caller& caller) const override;
  Answer<KeysView> renew_keys(const Caller& caller, const RenewKeysRequest& request) override;

  Answer<std::vector<store::StoredAudit>> audit(const Caller& caller, std::uint64_t after_seq,
                                                std::size_t limit) const override;
  Answer<std::vector<WitnessView>> witnesses(const Caller& caller) const override;

  Answer<std::vector<std::string>> register_checks(const Caller& caller, const RegisterChecksRequest& request) override;
  std::vector<model::RegisteredCheck> registered_checks(const Caller& caller) const override;
  Answer<bool> remove_check(const Caller& caller, const std::string& environment, const std::string& name) override;
  void run_checks(const Caller& caller, const RunChecksRequest& request, Reply<model::Verdict> reply) override;

  std::vector<ApprovalView> approvals(const Caller& caller, std::size_t limit) const override;
  Answer<ApprovalView> approval(const Caller& caller, const DeploymentId& id) const override;
  void decide_approval(const Caller& caller, const ApprovalWish& wish, Reply<ApprovalView> reply) override;

  std::optional<access::Bearer> bearer(const std::string& digest) const override { return inner_.bearer(digest); }
  void turned_away(const std::string& origin) override { inner_.turned_away(origin); }
  Answer<ApiTokenMade> create_api_token(const Caller& caller, const ApiTokenRequest& request) override;
  std::vector<model::ApiTokenRow> api_tokens(const Caller& caller) const override;
  Answer<bool> revoke_api_token(const Caller& caller, const std::string& id) override;
  Answer<std::string> enrol_totp(const Caller& caller, const std::string& code) override;
  Answer<bool> reset_totp(const Caller& caller, const std::string& person) override;
  Answer<SecretView> set_secret(const Caller& caller, const SecretRequest& request) override;
  std::vector<SecretView> secrets(const Caller& caller) const override;
  Answer<bool> remove_secret(const Caller& caller, const std::string& environment, const std::string& name) override;

 private:
  std::optional<Refusal> refuse(const Caller& caller, access::Action action, const std::string& environment = {}) const;
  /// In the environment of this deployment. Nothing is refused of one that does not exist: there is nothing to see.
  std::optional<Refusal> refuse_on(const Caller& caller, access::Action action, const DeploymentId& id) const;
  /// In the environment of this snapshot; likewise.
  std::optional<Refusal> refuse_on(const Caller& caller, access::Action action, const SnapshotId& id) const;
  /// In its environment, and in those of what serves on its hosts already. Of a manifest that cannot be read the
  /// planning says why, to whoever may deploy anywhere.
  std::optional<Refusal> refuse_request(const Caller& caller, access::Action action,
                                        const DeployRequest& request) const;
  /// In every environment that something serves for on these hosts, but this one.
  std::optional<Refusal> refuse_neighbours(const Caller& caller, access::Action action,
                                           const DeployTarget& target) const;
  /// By somebody else's idempotency key a deployment of another environment may come out.
  Reply<DeploymentView> if_he_may_see(const Caller& caller, Reply<DeploymentView> reply) const;

  Operations& inner_;
  const store::StateStore& store_;
  const ApiTokenBook& tokens_;
  RefusalBook& refusals_;
};

}  // namespace switchyard::fleet
