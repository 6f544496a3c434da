#pragma once

#include <map>
#include <string>
#include <vector>

#include "coordinator/fleet/api_token_book.hpp"
#include "coordinator/fleet/approvals.hpp"
#include "coordinator/fleet/artifact_pruner.hpp"
#include "coordinator/fleet/artifact_store.hpp"
#include "coordinator/fleet/convergence.hpp"
#include "coordinator/fleet/deployment_runs.hpp"
#include "coordinator/fleet/deployment_starter.hpp"
#include "coordinator/fleet/host_book.hpp"
#include "coordinator/fleet/intake.hpp"
#include "coordinator/fleet/key_renewal.hpp"
#include "coordinator/fleet/operations.hpp"
#include "coordinator/fleet/planning.hpp"
#include "coordinator/fleet/recovery.hpp"
#include "coordinator/fleet/refusal_book.hpp"
#include "coordinator/fleet/timeline_viewers.hpp"
#include "coordinator/fleet/way_back.hpp"

namespace switchyard::fleet {

/// The door of the HTTP API, over the parts of the fleet. It holds no state but the starts that are being planned.
/// Loop thread only. A StoreError is the request's: its caller answers 503.
class FleetOperations final : public Operations {
 public:
  struct Parts {
    store::StateStore& store;
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
  };
  explicit FleetOperations(Parts parts) : parts_(parts) {}

  Answer<std::vector<std::uint32_t>> begin_artifact(const Caller& caller, const ReleaseId& release,
                                                    const std::string& manifest) override;
  Answer<bool> put_chunk(const Caller& caller, const ReleaseId& release, std::uint32_t index,
                         const std::string& bytes) override;
  Answer<bool> complete_artifact(const Caller& caller, const ReleaseId& release, const std::string& component,
                                 const std::string& version) override;
  std::vector<store::PutArtifact> artifacts(const Caller& caller) const override;

  void plan(const Caller& caller, const DeployRequest& request, Reply<model::Plan> reply) override;
  void start(const Caller& caller, const DeployRequest& request, Reply<DeploymentView> reply) override;
  void start_rollback(const Caller& caller, const RollbackRequest& request, Reply<DeploymentView> reply) override;
  Answer<DeploymentView> deployment(const Caller& caller, const DeploymentId& id) const override;
  std::vector<model::DeploymentRow> deployments(const Caller& caller, std::size_t limit) const override;
  std::vector<model::TimelineEntry> timeline(const Caller& caller, const DeploymentId& id, std::size_t after,
                                             std::size_t limit) const override;
  void when_timeline_grows(const Caller& caller, const DeploymentId& id, std::size_t after, std::int64_t wait_ms,
                           std::function<void()> reply) override;
  Answer<bool> cancel(const Caller& caller, const DeploymentId& id, const std::string& reason) override;
  Answer<bool> resume(const Caller& caller, const DeploymentId& id) override;
  Answer<std::vector<std::string>> promote(const Caller& caller, const DeploymentId& id,
                                           std::optional<std::uint32_t> share) override;
  Answer<bool> declare_gone(const Caller& caller, const DeploymentId& id, const HostId& host,
                            const std::string& reason) override;

  std::vector<HostView> hosts(const Caller& caller) const override;
  Answer<bool> add_host(const Caller& caller, const HostId& host,
                        const std::map<std::string, std::string>& labels) override;
  Answer<bool> remove_host(const Caller& caller, const HostId& host) override;
  Answer<TokenMade> replace_host(const Caller& caller, const HostId& host) override;
  Answer<TokenMade> create_token(const Caller& caller, const std::string& host_pattern) override;
  Answer<bool> revoke_agent(const Caller& caller, const HostId& host) override;
  std::vector<ServingView> serving(const Caller& caller) const override;

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

 private:
  Answer<DeploymentView> view_of(const DeploymentId& id) const;
  /// A start with a key that is being planned, and who waits for it beside the first.
  struct Planned {
    std::string digest;
    std::vector<Reply<DeploymentView>> waiting;
  };
  /// True if the key is known, or its start is already being planned: `reply` is then taken care of.
  bool answered_by_key(const StartOrder& order, Reply<DeploymentView>& reply);
  void launch(StartOrder order, Answer<PlannedDeployment> planned, const Reply<DeploymentView>& reply);
  Answer<DeploymentView> commit_start(StartOrder order, Answer<PlannedDeployment> planned);
  /// Of a rollback: whether somebody has to approve it, or it is the inverse of what was approved.
  bool waits_for_approval(const model::DeploymentRow& done) const;
  WayBack way_back(const StartOrder& rollback) const;
  /// The live run, or why there is none.
  std::variant<const engine::DeploymentRun*, Refusal> find_live(const DeploymentId& id) const;

  Parts parts_;
  std::map<std::string, Planned> planning_by_key_;
};

}  // namespace switchyard::fleet
