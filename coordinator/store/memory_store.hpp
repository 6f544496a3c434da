#pragma once

#include <map>
#include <memory>
#include <utility>

#include "coordinator/store/state_store.hpp"

namespace switchyard::store {

/// What outlives a simulated crash: the MemoryStore's disk. Two stores over one disk are two coordinators.
struct MemoryDisk {
  /// The tables whose writes can conflict: small, and copied for each transaction.
  struct Guarded {
    std::map<DeploymentId, std::string> plan_hashes;
    std::map<DeploymentId, model::Decision> decisions;
    std::map<std::pair<HostId, std::string>, DeploymentId> locks;
    std::map<std::string, model::TokenRow> tokens;
    std::map<std::string, DeploymentId> keys;
    std::map<std::string, model::TotpRow> totp;
    std::map<std::pair<std::string, std::string>, model::RegisteredCheck> checks;          ///< environment and name
    std::map<std::pair<std::string, std::string>, std::vector<model::SecretRow>> secrets;  ///< versions, oldest first
    std::vector<model::SnapshotRow> snapshots;                                             ///< oldest first
    std::vector<model::ApprovalRow> approvals;   ///< in the order in which they were asked for
    std::vector<model::ApiTokenRow> api_tokens;  ///< in the order in which they were added
  };
  std::uint64_t epoch = 0;
  std::uint64_t plan_seq = 0;
  bool restored = false;
  Guarded guarded;
  std::vector<DeploymentId> order;  ///< of creation
  std::map<DeploymentId, model::DeploymentRow> deployments;
  std::map<DeploymentId, model::Plan> plans;
  std::map<DeploymentId, PutSource> sources;
  std::map<DeploymentId, std::vector<model::TimelineEntry>> timelines;
  std::map<HostId, model::HostRow> hosts;
  std::map<std::tuple<HostId, std::string, std::string>, model::ServingRow> serving;
  std::map<std::string, model::PolicyRow> policies;
  std::map<ReleaseId, PutArtifact> artifacts;
  std::vector<StoredAudit> audit;
};

/// The store of the tests and of the simulation; it keeps every promise of StateStore but to outlive the process.
class MemoryStore : public StateStore {
 public:
  explicit MemoryStore(std::shared_ptr<MemoryDisk> disk = std::make_shared<MemoryDisk>());

  /// What the n-th commit from now does (1: the next). lost: throws StoreError, nothing is written, as with a full disk
  /// or a crash before the fsync. kept: everything is written and then StoreError is thrown, as with a crash after it.
  enum class Fault { lost, kept };
  void fail_commit(std::uint64_t n, Fault fault);
  /// While it is on, what serves cannot be read: StoreError, as with a disk that fails.
  void fail_serving(bool on) { serving_fails_ = on; }
  std::uint64_t commits() const { return commits_; }
  std::shared_ptr<MemoryDisk> disk() const { return disk_; }

  std::uint64_t take_epoch(const std::string& holder) override;
  std::uint64_t take_epoch_above(std::uint64_t obeyed) override;
  std::uint64_t epoch() const override { return epoch_; }
  void confirm_epoch() const override { check_epoch(); }
  std::uint64_t next_plan_seq() override;
  void commit(const Transaction& writes) override;

  std::optional<model::DeploymentRow> deployment(const DeploymentId& id) const override;
  std::vector<model::DeploymentRow> deployments(std::size_t limit) const override;
  std::vector<model::DeploymentRow> unfinished_deployments() const override;
  std::optional<model::Plan> plan(const DeploymentId& id) const override;
  std::optional<model::Decision> decision(const DeploymentId& id) const override;
  std::optional<DeploymentId> lock_holder(const HostId& host, const std::string& component) const override;
  std::vector<model::HostRow> hosts() const override;
  std::vector<model::TokenRow> tokens() const override;
  std::vector<model::ApiTokenRow> api_tokens() const override;
  std::optional<model::ApprovalRow> approval(const DeploymentId& id) const override;
  std::vector<model::ApprovalRow> approvals(std::size_t limit) const override;
  std::optional<model::TotpRow> totp(const std::string& person) const override;
  std::vector<std::string> totp_persons() const override;
  std::vector<model::SecretRow> secrets() const override;
  std::optional<model::SecretRow> secret(const std::string& environment, const std::string& name,
                                         std::uint64_t version) const override;
  std::optional<model::PolicyRow> policies(const std::string& environment) const override;
  std::vector<model::ServingRow> serving() const override;
  std::vector<model::SnapshotRow> snapshots() const override;
  std::optional<model::SnapshotRow> snapshot(const SnapshotId& id) const override;
  std::vector<model::RegisteredCheck> checks() const override;
  std::vector<PutArtifact> artifacts() const override;
  std::optional<PutSource> source(const DeploymentId& id) const override;
  std::optional<DeploymentId> deployment_of_key(const std::string& key) const override;
  std::vector<model::TimelineEntry> timeline(const DeploymentId& id, std::size_t after,
                                             std::size_t limit) const override;
  std::vector<StoredAudit> audit(std::uint64_t after_seq, std::size_t limit) const override;
  bool restored() const override;
  std::string audit_head() const override;
  std::uint64_t audit_rows() const override { return disk_->audit.size(); }
  bool knows_audit_head(const std::string& hash) const override;

 private:
  void check_epoch() const;

  std::shared_ptr<MemoryDisk> disk_;  ///< shared with the test, and with the store of the next incarnation
  std::uint64_t epoch_ = 0;
  std::uint64_t commits_ = 0;
  std::uint64_t fault_at_ = 0;  ///< 0: none
  Fault fault_ = Fault::lost;
  bool serving_fails_ = false;
};

}  // namespace switchyard::store
