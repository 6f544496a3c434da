#include "coordinator/store/memory_store.hpp"

#include <algorithm>

#include "common/error.hpp"
#include "common/limits.hpp"
#include "common/planted.hpp"
#include "coordinator/store/audit_chain.hpp"
#include "coordinator/store/conflicts.hpp"

namespace switchyard::store {
namespace {

template <class Map, class Key>
auto find_in(const Map& map, const Key& key) -> std::optional<typename Map::mapped_type> {
  const auto found = map.find(key);
  if (found == map.end()) return std::nullopt;
  return found->second;
}

template <class Map>
auto values_of(const Map& map) {
  std::vector<typename Map::mapped_type> values;
  values.reserve(map.size());
  for (const auto& [key, value] : map) values.push_back(value);
  return values;
}

/// First phase, on a copy: throws ConflictError. Writes that cannot conflict do nothing here.
struct GuardedWriter {
  MemoryDisk::Guarded& tables;

  template <class Other>
  void operator()(const Other&) {}
  void operator()(const PutPlan& write) {
    const auto [found, added] = tables.plan_hashes.emplace(write.plan.deployment, write.plan.hash);
    if (!added && found->second != write.plan.hash) throw plan_exists(write.plan.deployment);
  }
  void operator()(const PutDecision& write) {
    const auto [found, added] = tables.decisions.emplace(write.deployment, write.decision);
    if (PLANTED(decision_may_change)) found->second = write.decision;
    if (!added && found->second != write.decision) throw decided_otherwise(write.deployment);
  }
  void operator()(const TakeLock& write) {
    const auto [found, added] = tables.locks.emplace(std::pair(write.host, write.component), write.deployment);
    if (!added && found->second != write.deployment) throw lock_held(write, found->second);
  }
  void operator()(const ReleaseLocks& write) {
    std::erase_if(tables.locks, [&](const auto& lock) { return lock.second == write.deployment; });
  }
  void operator()(const PutToken& write) { tables.tokens[write.row.id] = write.row; }
  void operator()(const UseToken& write) {
    const auto token = tables.tokens.find(write.id);
    if (token == tables.tokens.end() || token->second.used_wall_ms != 0 ||
        token->second.expires_wall_ms <= write.now_wall_ms) {
      throw token_unusable(write.id);
    }
    token->second.used_wall_ms = write.now_wall_ms;
    token->second.used_by = write.host;
  }
  auto find_api_token(const std::string& id) {
    return std::find_if(tables.api_tokens.begin(), tables.api_tokens.end(),
                        [&](const model::ApiTokenRow& row) { return row.id == id; });
  }
  void operator()(const AddApiToken& write) {
    if (find_api_token(write.row.id) != tables.api_tokens.end()) throw api_token_exists(write.row.id);
    tables.api_tokens.push_back(write.row);
  }
  void operator()(const RevokeApiToken& write) {
    const auto token = find_api_token(write.id);
    if (token == tables.api_tokens.end() || token->revoked_wall_ms != 0) throw api_token_gone(write.id);
    token->revoked_wall_ms = write.now_wall_ms;
  }
  auto find_snapshot(const SnapshotId& id) {
    return std::find_if(tables.snapshots.begin(), tables.snapshots.end(),
                        [&](const model::SnapshotRow& row) { return row.id == id; });
  }
  void operator()(const AddSnapshot& write) {
    if (find_snapshot(write.row.id) != tables.snapshots.end()) throw snapshot_exists(write.row.id);
    tables.snapshots.push_back(write.row);
  }
  void operator()(const DropSnapshot& write) {
    const auto found = find_snapshot(write.id);
    if (found == tables.snapshots.end()) throw snapshot_gone(write.id);
    tables.snapshots.erase(found);
  }
  void operator()(const PutTotp& write) { tables.totp[write.row.person] = write.row; }
  void operator()(const DropTotp& write) { tables.totp.erase(write.person); }
  void operator()(const UseTotp& write) {
    const auto found = tables.totp.find(write.person);
    if (found == tables.totp.end() || found->second.last_step >= write.step) throw code_used(write.person);
    found->second.last_step = write.step;
  }
  void operator()(const PutCheck& write) { tables.checks[{write.row.environment, write.row.name}] = write.row; }
  void operator()(const DropCheck& write) {
    if (tables.checks.erase({write.environment, write.name}) == 0) throw check_gone(write);
  }
  void operator()(const PutSecret& write) {
    auto& versions = tables.secrets[{write.row.environment, write.row.name}];
    const std::uint64_t newest = versions.empty() ? 0 : versions.back().version;
    if (write.row.version != newest + 1) throw secret_moved(write.row.name);
    versions.push_back(write.row);
    std::erase_if(versions, [&](const model::SecretRow& row) {
      return row.version + limits::secret_versions_kept <= write.row.version;
    });
  }
  void operator()(const DropSecret& write) {
    const auto found = tables.secrets.find({write.environment, write.name});
    if (found == tables.secrets.end() || found->second.back().removed()) throw secret_moved(write.name);
    auto& versions = found->second;
    versions.erase(versions.begin(), versions.end() - 1);
    versions.back().sealed.clear();
  }
  void operator()(const PutApproval& write) {
    const auto found = std::find_if(tables.approvals.begin(), tables.approvals.end(),
                                    [&](const auto& row) { return row.deployment == write.row.deployment; });
    if (found == tables.approvals.end()) {
      tables.approvals.push_back(write.row);
      return;
    }
    if (found->state != model::ApprovalState::waiting) throw approval_decided(write.row.deployment);
    *found = write.row;
  }
  void operator()(const PutRequestKey& write) {
    const auto [found, added] = tables.keys.emplace(write.key, write.deployment);
    if (!added && found->second != write.deployment) throw key_used(found->second);
  }
};

/// Second phase: cannot fail.
struct PlainWriter {
  MemoryDisk& disk;

  template <class Other>
  void operator()(const Other&) {}
  void operator()(const PutDeployment& write) {
    if (disk.deployments.insert_or_assign(write.row.id, write.row).second) disk.order.push_back(write.row.id);
  }
  void operator()(const PutPlan& write) {
    const auto [found, added] = disk.plans.emplace(write.plan.deployment, write.plan);
    if (!added) found->second.signature = write.plan.signature;
  }
  void operator()(const PutHost& write) { disk.hosts[write.row.id] = write.row; }
  void operator()(const PutPolicies& write) { disk.policies[write.row.environment] = write.row; }
  void operator()(const PutServing& write) {
    disk.serving[{write.row.host, write.row.environment, write.row.component}] = write.row;
  }
  void operator()(const PutArtifact& write) { disk.artifacts.insert_or_assign(write.release, write); }
  void operator()(const DropArtifact& write) { disk.artifacts.erase(write.release); }
  void operator()(const PutSource& write) { disk.sources.insert_or_assign(write.deployment, write); }
  void operator()(const AppendTimeline& write) { disk.timelines[write.entry.deployment].push_back(write.entry); }
  void operator()(const SetRestored& write) { disk.restored = write.restored; }
  void operator()(const AppendAudit& write) {
    const std::string head = disk.audit.empty() ? std::string(empty_audit_head) : disk.audit.back().hash;
    const std::uint64_t seq = disk.audit.size() + 1;
    disk.audit.push_back({.seq = seq, .entry = write.entry, .hash = audit_hash(head, seq, write.entry)});
  }
};

}  // namespace

MemoryStore::MemoryStore(std::shared_ptr<MemoryDisk> disk) : disk_(std::move(disk)) {}

void MemoryStore::fail_commit(std::uint64_t n, Fault fault) {
  fault_at_ = commits_ + n;
  fault_ = fault;
}

std::uint64_t MemoryStore::take_epoch(const std::string&) {
  if (PLANTED(starts_with_an_equal_epoch) && disk_->epoch > 0) return epoch_ = disk_->epoch;
  return epoch_ = ++disk_->epoch;
}

std::uint64_t MemoryStore::take_epoch_above(std::uint64_t obeyed) {
  check_epoch();
  if (!PLANTED(plan_numbers_go_on_from_the_copy)) disk_->plan_seq += limits::plan_numbers_skipped;
  return epoch_ = disk_->epoch = std::max(disk_->epoch, obeyed) + (PLANTED(recovers_with_an_equal_epoch) ? 0 : 1);
}

void MemoryStore::check_epoch() const {
  if (epoch_ == 0 || (disk_->epoch != epoch_ && !PLANTED(replaced_coordinator_may_write))) {
    throw StaleEpochError("another coordinator has taken over the store (my epoch is " + std::to_string(epoch_) + ")");
  }
}

std::uint64_t MemoryStore::next_plan_seq() {
  check_epoch();
  return ++disk_->plan_seq;
}

void MemoryStore::commit(const Transaction& writes) {
  check_epoch();
  const bool faulty = ++commits_ == fault_at_;
  if (faulty && fault_ == Fault::lost) throw StoreError("armed fault: the transaction was lost");
  MemoryDisk::Guarded guarded = disk_->guarded;
  for (const Write& write : writes) std::visit(GuardedWriter{guarded}, write);
  disk_->guarded = std::move(guarded);
  for (const Write& write : writes) std::visit(PlainWriter{*disk_}, write);
  if (faulty) throw StoreError("armed fault: the transaction was kept");
}

std::optional<model::DeploymentRow> MemoryStore::deployment(const DeploymentId& id) const {
  return find_in(disk_->deployments, id);
}

std::vector<model::DeploymentRow> MemoryStore::deployments(std::size_t limit) const {
  std::vector<model::DeploymentRow> rows;
  for (auto id = disk_->order.rbegin(); id != disk_->order.rend() && rows.size() < limit; ++id) {
    rows.push_back(disk_->deployments.at(*id));
  }
  return rows;
}

std::vector<model::DeploymentRow> MemoryStore::unfinished_deployments() const {
  std::vector<model::DeploymentRow> rows;
  for (const DeploymentId& id : disk_->order) {
    const model::DeploymentRow& row = disk_->deployments.at(id);
    if (!model::is_final(row.state)) rows.push_back(row);
  }
  return rows;
}

std::optional<model::Plan> MemoryStore::plan(const DeploymentId& id) const { return find_in(disk_->plans, id); }

std::optional<model::Decision> MemoryStore::decision(const DeploymentId& id) const {
  return find_in(disk_->guarded.decisions, id);
}

std::optional<DeploymentId> MemoryStore::lock_holder(const HostId& host, const std::string& component) const {
  return find_in(disk_->guarded.locks, std::pair(host, component));
}

std::vector<model::HostRow> MemoryStore::hosts() const { return values_of(disk_->hosts); }
std::vector<model::TokenRow> MemoryStore::tokens() const { return values_of(disk_->guarded.tokens); }
std::vector<model::ApiTokenRow> MemoryStore::api_tokens() const { return disk_->guarded.api_tokens; }
std::optional<model::TotpRow> MemoryStore::totp(const std::string& person) const {
  return find_in(disk_->guarded.totp, person);
}
std::vector<model::SecretRow> MemoryStore::secrets() const {
  std::vector<model::SecretRow> rows;
  for (const auto& [name, versions] : disk_->guarded.secrets) rows.push_back(versions.back());
  return rows;
}
std::optional<model::SecretRow> MemoryStore::secret(const std::string& environment, const std::string& name,
                                                    std::uint64_t version) const {
  const auto found = disk_->guarded.secrets.find({environment, name});
  if (found == disk_->guarded.secrets.end()) return std::nullopt;
  for (const model::SecretRow& row : found->second) {
    if (row.version == version) return row;
  }
  return std::nullopt;
}
std::vector<std::string> MemoryStore::totp_persons() const {
  std::vector<std::string> persons;
  for (const auto& [person, row] : disk_->guarded.totp) persons.push_back(person);
  return persons;
}
std::optional<model::ApprovalRow> MemoryStore::approval(const DeploymentId& id) const {
  for (const model::ApprovalRow& row : disk_->guarded.approvals) {
    if (row.deployment == id) return row;
  }
  return std::nullopt;
}
std::vector<model::ApprovalRow> MemoryStore::approvals(std::size_t limit) const {
  std::vector<model::ApprovalRow> rows(disk_->guarded.approvals.rbegin(), disk_->guarded.approvals.rend());
  rows.resize(std::min(rows.size(), limit));
  return rows;
}
std::optional<model::PolicyRow> MemoryStore::policies(const std::string& environment) const {
  return find_in(disk_->policies, environment);
}
std::vector<model::ServingRow> MemoryStore::serving() const {
  if (serving_fails_) throw StoreError("the store cannot be read");
  return values_of(disk_->serving);
}
std::vector<model::SnapshotRow> MemoryStore::snapshots() const {
  return {disk_->guarded.snapshots.rbegin(), disk_->guarded.snapshots.rend()};
}
std::optional<model::SnapshotRow> MemoryStore::snapshot(const SnapshotId& id) const {
  for (const model::SnapshotRow& row : disk_->guarded.snapshots) {
    if (row.id == id) return row;
  }
  return std::nullopt;
}
std::vector<model::RegisteredCheck> MemoryStore::checks() const { return values_of(disk_->guarded.checks); }
std::vector<PutArtifact> MemoryStore::artifacts() const { return values_of(disk_->artifacts); }
std::optional<PutSource> MemoryStore::source(const DeploymentId& id) const { return find_in(disk_->sources, id); }
std::optional<DeploymentId> MemoryStore::deployment_of_key(const std::string& key) const {
  return find_in(disk_->guarded.keys, key);
}

std::vector<model::TimelineEntry> MemoryStore::timeline(const DeploymentId& id, std::size_t after,
                                                        std::size_t limit) const {
  const auto found = disk_->timelines.find(id);
  if (found == disk_->timelines.end() || after >= found->second.size()) return {};
  const auto begin = found->second.begin() + static_cast<std::ptrdiff_t>(after);
  const std::size_t count = std::min(limit, found->second.size() - after);
  return {begin, begin + static_cast<std::ptrdiff_t>(count)};
}

std::vector<StoredAudit> MemoryStore::audit(std::uint64_t after_seq, std::size_t limit) const {
  std::vector<StoredAudit> rows;
  for (std::size_t i = after_seq; i < disk_->audit.size() && rows.size() < limit; ++i) rows.push_back(disk_->audit[i]);
  return rows;
}

bool MemoryStore::restored() const { return disk_->restored; }

std::string MemoryStore::audit_head() const {
  return disk_->audit.empty() ? std::string(empty_audit_head) : disk_->audit.back().hash;
}

bool MemoryStore::knows_audit_head(const std::string& hash) const {
  // Who asks was mostly told one of the last.
  return std::any_of(disk_->audit.rbegin(), disk_->audit.rend(), [&](const auto& row) { return row.hash == hash; });
}

}  // namespace switchyard::store
