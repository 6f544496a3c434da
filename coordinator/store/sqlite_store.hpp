#pragma once

#include <filesystem>

#include "common/file_descriptor.hpp"
#include "coordinator/store/sqlite_database.hpp"
#include "coordinator/store/state_store.hpp"

namespace switchyard::store {

/// The embedded store. Owned by the composition root, used from the loop's thread only. Each commit is one transaction
/// that first touches the lease row with the own epoch. Throws StoreError, StaleEpochError, ConflictError.
class SqliteStore final : public StateStore {
 public:
  /// exclusive: hold a lock on `<file>.lock` as long as the object lives, so that a second coordinator does not even
  /// start. (A file of its own: closing any descriptor of the database would drop SQLite's own locks.) Safety does not
  /// rest on it but on the epoch; tests open the same file twice without it.
  enum class Access { exclusive, shared };
  explicit SqliteStore(const std::filesystem::path& file, Access access = Access::exclusive);

  std::uint64_t take_epoch(const std::string& holder) override;
  std::uint64_t take_epoch_above(std::uint64_t obeyed) override;
  std::uint64_t epoch() const override { return epoch_; }
  void confirm_epoch() const override;
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
  std::uint64_t audit_rows() const override;
  bool knows_audit_head(const std::string& hash) const override;

 private:
  void check_epoch();

  FileDescriptor lock_;  ///< released last
  SqliteDatabase database_;
  std::uint64_t epoch_ = 0;
};

}  // namespace switchyard::store
