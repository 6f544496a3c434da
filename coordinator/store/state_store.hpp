#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <stdexcept>
#include <string>
#include <variant>
#include <vector>

#include "coordinator/model/api_token.hpp"
#include "coordinator/model/approval.hpp"
#include "coordinator/model/audit_chain.hpp"
#include "coordinator/model/configuration.hpp"
#include "coordinator/model/deployment.hpp"
#include "coordinator/model/host.hpp"
#include "coordinator/model/manifest.hpp"
#include "coordinator/model/plan.hpp"
#include "coordinator/model/policies.hpp"
#include "coordinator/model/registered_check.hpp"
#include "coordinator/model/secret.hpp"
#include "coordinator/model/snapshot.hpp"
#include "coordinator/model/totp.hpp"

namespace switchyard::store {

// --- what can be written
// -----------------------------------------------------------------------------------------------
struct PutDeployment {
  model::DeploymentRow row;
};
/// One per deployment, for ever: another one fails the transaction. The same again may be signed with a newer key.
struct PutPlan {
  model::Plan plan;
};
/// At most one per deployment, for ever: a second one that differs fails the transaction.
struct PutDecision {
  DeploymentId deployment;
  model::Decision decision;
};
/// The right to change a component on a host, held by one deployment at a time: a second taker fails the transaction.
struct TakeLock {
  HostId host;
  std::string component;
  DeploymentId deployment;
};
struct ReleaseLocks {
  DeploymentId deployment;
};
struct PutHost {
  model::HostRow row;
};
struct PutToken {
  model::TokenRow row;
};
/// Fails the transaction unless the token is unused and unexpired at `now_wall_ms`.
struct UseToken {
  std::string id;
  HostId host;
  std::int64_t now_wall_ms = 0;
};
/// A new one. Fails the transaction when there is one with this id.
struct AddApiToken {
  model::ApiTokenRow row;
};
/// For ever. Fails the transaction when there is none, or it is revoked already.
struct RevokeApiToken {
  std::string id;
  std::int64_t now_wall_ms = 0;
};
/// Of a deployment that is there. What is not `waiting` any more never changes: it fails the transaction.
struct PutApproval {
  model::ApprovalRow row;
};
/// In place of the one that this person had.
struct PutTotp {
  model::TotpRow row;
};
struct DropTotp {
  std::string person;
};
/// A code counts once: fails the transaction unless `step` is newer than all that counted.
struct UseTotp {
  std::string person;
  std::uint64_t step = 0;
};
/// In the place of the one of that name in its environment.
struct PutCheck {
  model::RegisteredCheck row;
};
/// Fails the transaction when there is none.
struct DropCheck {
  std::string environment, name;
};
/// The next version of its secret: fails the transaction when another one was written meanwhile. What is older than
/// limits::secret_versions_kept goes.
struct PutSecret {
  model::SecretRow row;
};
/// All versions; only that there was one, and its number, stays. Fails the transaction when there is none.
struct DropSecret {
  std::string environment;
  std::string name;
};
/// In the place of those of that environment.
struct PutPolicies {
  model::PolicyRow row;
};
struct PutServing {
  model::ServingRow row;
};
/// A new one, which never changes. Fails the transaction when there is one with this id.
struct AddSnapshot {
  model::SnapshotRow row;
};
/// Fails the transaction when there is none.
struct DropSnapshot {
  SnapshotId id;
};
struct PutArtifact {
  ReleaseId release;
  std::string component;
  std::string version;
  std::uint64_t bytes = 0;
  std::int64_t created_wall_ms = 0;
};
/// Its files are removed after this is durable.
struct DropArtifact {
  ReleaseId release;
};
/// What a deployment was asked with, word for word: a host that was left out is brought to it later, by a plan made
/// anew.
struct PutSource {
  DeploymentId deployment;
  std::string manifest;
  std::string file_name;
  std::string environment;
  std::map<std::string, ReleaseId> artifacts;
  bool no_rollback = false, sequential = false, no_monitoring = false;
  std::vector<std::string> components = {};  ///< only these of the manifest; empty: all
  std::string override_freeze = {};          ///< why it may begin in a freeze window; empty: it may not
  std::string run_tests = {};                ///< in place of the manifest's own; empty: that
  model::Configuration configuration = {};   ///< with the secrets' versions
  model::ManifestDefaults defaults = {};     ///< what stands where the manifest says nothing
  model::Policies lifts = {};                ///< what its commit may lift of what the environment is remembered to ask
  bool operator==(const PutSource&) const = default;
};
/// An idempotency key stands for one deployment for ever: a second one that differs fails the transaction.
struct PutRequestKey {
  std::string key;
  DeploymentId deployment;
};
struct AppendTimeline {
  model::TimelineEntry entry;
};
/// The store fills in sequence number and hash chain.
struct AppendAudit {
  model::AuditEntry entry;
};
/// Whether this store is a copy that took the place of a newer one, see fleet/recovery.hpp.
struct SetRestored {
  bool restored = false;
};

using Write = std::variant<PutDeployment, PutPlan, PutDecision, TakeLock, ReleaseLocks, PutHost, PutToken, UseToken,
                           AddApiToken, RevokeApiToken, PutApproval, PutTotp, DropTotp, UseTotp, PutCheck, DropCheck,
                           PutSecret, DropSecret, PutPolicies, PutServing, AddSnapshot, DropSnapshot, PutArtifact,
                           DropArtifact, PutSource, PutRequestKey, AppendTimeline, AppendAudit, SetRestored>;
using Transaction = std::vector<Write>;

/// A write that the state of the store does not allow: lock held, token used, decision already made otherwise.
/// Nothing of the transaction was written. An expected outcome for its caller, which says who holds what.
struct ConflictError : std::runtime_error {
  using std::runtime_error::runtime_error;
};

using StoredAudit = model::StoredAudit;

/// Seam: the coordinator's durable truth. Real: SqliteStore (WAL, synchronous=FULL). In tests, and for the simulation:
/// MemoryStore. One contract suite runs over all of them. Used from the loop's thread only.
/// commit() is all or nothing, and durable when it returns. StaleEpochError: another coordinator has taken over, this
/// process must end. Other errors: StoreError.
class StateStore {
 public:
  virtual ~StateStore() = default;

  /// Takes over: the epoch grows by one and every older holder's commits fail from here on.
  virtual std::uint64_t take_epoch(const std::string& holder) = 0;
  /// After an old copy of the store was restored: an epoch above `obeyed`, and plan numbers above all that were given
  /// out since that copy was made (limits::plan_numbers_skipped).
  virtual std::uint64_t take_epoch_above(std::uint64_t obeyed) = 0;
  virtual std::uint64_t epoch() const = 0;
  /// Throws StaleEpochError when another coordinator has taken over. Writes nothing: who has nothing to write must
  /// learn of it too.
  virtual void confirm_epoch() const = 0;
  /// Grows with every call, durably, within the epoch.
  virtual std::uint64_t next_plan_seq() = 0;
  virtual void commit(const Transaction& writes) = 0;

  virtual std::optional<model::DeploymentRow> deployment(const DeploymentId& id) const = 0;
  /// Newest first.
  virtual std::vector<model::DeploymentRow> deployments(std::size_t limit) const = 0;
  virtual std::vector<model::DeploymentRow> unfinished_deployments() const = 0;
  virtual std::optional<model::Plan> plan(const DeploymentId& id) const = 0;
  virtual std::optional<model::Decision> decision(const DeploymentId& id) const = 0;
  virtual std::optional<DeploymentId> lock_holder(const HostId& host, const std::string& component) const = 0;
  virtual std::vector<model::HostRow> hosts() const = 0;
  virtual std::vector<model::TokenRow> tokens() const = 0;
  /// Oldest first, the revoked and expired ones too.
  virtual std::vector<model::ApiTokenRow> api_tokens() const = 0;
  virtual std::optional<model::ApprovalRow> approval(const DeploymentId& id) const = 0;
  /// Newest first.
  virtual std::vector<model::ApprovalRow> approvals(std::size_t limit) const = 0;
  virtual std::optional<model::TotpRow> totp(const std::string& person) const = 0;
  /// Who has an authenticator app, sorted.
  virtual std::vector<std::string> totp_persons() const = 0;
  /// The newest version of each, by environment and name; those that were removed too.
  virtual std::vector<model::SecretRow> secrets() const = 0;
  /// Nothing when there is no such version (any more).
  virtual std::optional<model::SecretRow> secret(const std::string& environment, const std::string& name,
                                                 std::uint64_t version) const = 0;
  /// Nothing: none was ever asked for there.
  virtual std::optional<model::PolicyRow> policies(const std::string& environment) const = 0;
  virtual std::vector<model::ServingRow> serving() const = 0;
  /// Newest first. One whose places cannot be read has none, so that its checksum is not theirs.
  virtual std::vector<model::SnapshotRow> snapshots() const = 0;
  virtual std::optional<model::SnapshotRow> snapshot(const SnapshotId& id) const = 0;
  /// By environment and name.
  virtual std::vector<model::RegisteredCheck> checks() const = 0;
  virtual std::vector<PutArtifact> artifacts() const = 0;
  virtual std::optional<PutSource> source(const DeploymentId& id) const = 0;
  virtual std::optional<DeploymentId> deployment_of_key(const std::string& key) const = 0;
  /// In the order in which they were appended, without the first `after`.
  virtual std::vector<model::TimelineEntry> timeline(const DeploymentId& id, std::size_t after,
                                                     std::size_t limit) const = 0;
  virtual std::vector<StoredAudit> audit(std::uint64_t after_seq, std::size_t limit) const = 0;
  virtual bool restored() const = 0;
  virtual std::string audit_head() const = 0;
  /// The number of the chain's last row; 0 when it is empty.
  virtual std::uint64_t audit_rows() const = 0;
  /// Whether this was the head of the chain at some time. A head that somebody was told, and that the store does not
  /// know, was made by a newer store than this one, or by another.
  virtual bool knows_audit_head(const std::string& hash) const = 0;
};

}  // namespace switchyard::store
