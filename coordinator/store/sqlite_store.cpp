#include "coordinator/store/sqlite_store.hpp"

#include <fcntl.h>
#include <sys/file.h>

#include <cerrno>

#include "common/ensure.hpp"
#include "common/error.hpp"
#include "common/limits.hpp"
#include "common/planted.hpp"
#include "coordinator/store/audit_chain.hpp"
#include "coordinator/store/migrations.hpp"
#include "coordinator/store/row_json.hpp"
#include "coordinator/store/snapshot_json.hpp"
#include "coordinator/store/sqlite_writer.hpp"
#include "protocol/check_order.hpp"

namespace switchyard::store {
namespace {

FileDescriptor take_lock(const std::filesystem::path& file, SqliteStore::Access access) {
  if (access == SqliteStore::Access::shared) return {};
  const std::string name = file.string() + ".lock";
  FileDescriptor fd(::open(name.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600));
  if (!fd) throw_errno("opening " + name);
  if (::flock(fd.get(), LOCK_EX | LOCK_NB) != 0) {
    if (errno != EWOULDBLOCK) throw_errno("locking " + name);
    throw StoreError("the store " + file.string() + " is in use by another coordinator; stop that one first");
  }
  return fd;
}

constexpr std::string_view deployment_columns =
    "SELECT id, kind, rollback_of, name, environment, state, reason, author, plan_hash, version, created_wall_ms, "
    "updated_wall_ms, finished_wall_ms, deferred, gone, resumed, deferred_components, components, failures, "
    "snapshot FROM deployment ";

model::DeploymentRow read_deployment(SqliteStatement& row) {
  model::DeploymentRow read;
  read.id = DeploymentId(row.text());
  read.kind = row.as<model::DeploymentKind>();
  read.rollback_of = DeploymentId(row.text());
  read.name = row.text();
  read.environment = row.text();
  read.state = row.as<model::DeploymentState>();
  if (read.state > model::DeploymentState::rejected) {
    throw StoreError("deployment " + read.id.str() + " has a state that this coordinator does not know");
  }
  read.reason = row.text();
  read.author = row.text();
  read.plan_hash = row.text();
  read.version = row.text();
  read.created_wall_ms = row.number();
  read.updated_wall_ms = row.number();
  read.finished_wall_ms = row.number();
  read.deferred = hosts_from_json(row.text());
  read.gone = hosts_from_json(row.text());
  read.resumed = row.as<std::uint32_t>();
  read.deferred_components = names_of_hosts_from_json(row.text());
  read.components = texts_from_json(row.text());
  read.failures = failures_from_json(row.text());
  read.snapshot = SnapshotId(row.text());
  return read;
}

constexpr std::string_view snapshot_columns =
    "SELECT id, environment, name, author, reason, created_wall_ms, places, checksum FROM snapshot ";

model::SnapshotRow read_snapshot(SqliteStatement& row) {
  model::SnapshotRow read;
  read.id = SnapshotId(row.text());
  read.environment = row.text();
  read.name = row.text();
  read.author = row.text();
  read.reason = row.text();
  read.created_wall_ms = row.number();
  read.places = places_from_json(row.text());
  read.checksum = row.text();
  return read;
}

protocol::OldState read_old_state(SqliteStatement& row) {
  protocol::OldState state;
  state.kind = row.as<protocol::OldKind>();
  state.slot = row.text();
  state.release = ReleaseId(row.text());
  state.unit = row.text();
  return state;
}

StaleEpochError replaced(std::uint64_t epoch) {
  return StaleEpochError("another coordinator has taken over the store (my epoch is " + std::to_string(epoch) + ")");
}

}  // namespace

SqliteStore::SqliteStore(const std::filesystem::path& file, Access access)
    : lock_(take_lock(file, access)), database_(file) {
  migrate(database_);
}

std::uint64_t SqliteStore::take_epoch(const std::string& holder) {
  SqliteTransaction transaction(database_);
  SqliteStatement statement(database_,
                            PLANTED(starts_with_an_equal_epoch)
                                ? "UPDATE lease SET epoch = MAX(epoch, 1), holder = ? WHERE id = 1 RETURNING epoch"
                                : "UPDATE lease SET epoch = epoch + 1, holder = ? WHERE id = 1 RETURNING epoch");
  statement.bind(holder);
  ENSURE(statement.step());
  const auto taken = statement.as<std::uint64_t>();
  ENSURE(!statement.step());
  transaction.commit();
  epoch_ = taken;
  return epoch_;
}

std::uint64_t SqliteStore::take_epoch_above(std::uint64_t obeyed) {
  SqliteTransaction transaction(database_);
  check_epoch();
  SqliteStatement statement(database_,
                            "UPDATE lease SET epoch = MAX(epoch, ?) + ?, plan_seq = plan_seq + ? WHERE id = 1 "
                            "RETURNING epoch");
  statement.bind(obeyed, PLANTED(recovers_with_an_equal_epoch) ? 0 : 1,
                 PLANTED(plan_numbers_go_on_from_the_copy) ? 0 : limits::plan_numbers_skipped);
  ENSURE(statement.step());
  const auto taken = statement.as<std::uint64_t>();
  ENSURE(!statement.step());
  transaction.commit();
  epoch_ = taken;
  return epoch_;
}

void SqliteStore::check_epoch() {
  SqliteStatement(database_, "UPDATE lease SET commits = commits + 1 WHERE id = 1 AND epoch = ?").bind(epoch_).run();
  if (epoch_ == 0 || (database_.changes() != 1 && !PLANTED(replaced_coordinator_may_write))) throw replaced(epoch_);
}

void SqliteStore::confirm_epoch() const {
  SqliteStatement statement(database_, "SELECT epoch FROM lease WHERE id = 1");
  if (!statement.step() || statement.as<std::uint64_t>() != epoch_) throw replaced(epoch_);
}

std::uint64_t SqliteStore::next_plan_seq() {
  SqliteTransaction transaction(database_);
  check_epoch();
  SqliteStatement statement(database_, "UPDATE lease SET plan_seq = plan_seq + 1 WHERE id = 1 RETURNING plan_seq");
  ENSURE(statement.step());
  const auto next = statement.as<std::uint64_t>();
  ENSURE(!statement.step());
  transaction.commit();
  return next;
}

void SqliteStore::commit(const Transaction& writes) {
  SqliteTransaction transaction(database_);
  check_epoch();
  SqliteWriter writer(database_);
  for (const Write& write : writes) std::visit(writer, write);
  transaction.commit();
}

std::optional<model::DeploymentRow> SqliteStore::deployment(const DeploymentId& id) const {
  SqliteStatement statement(database_, std::string(deployment_columns) + "WHERE id = ?");
  statement.bind(id);
  if (!statement.step()) return std::nullopt;
  return read_deployment(statement);
}

std::vector<model::DeploymentRow> SqliteStore::deployments(std::size_t limit) const {
  SqliteStatement statement(database_, std::string(deployment_columns) + "ORDER BY number DESC LIMIT ?");
  return read_all(statement.bind(limit), read_deployment);
}

std::vector<model::DeploymentRow> SqliteStore::unfinished_deployments() const {
  SqliteStatement statement(database_, std::string(deployment_columns) + "WHERE finished = 0 ORDER BY number");
  return read_all(statement, read_deployment);
}

std::optional<model::Plan> SqliteStore::plan(const DeploymentId& id) const {
  SqliteStatement statement(
      database_, "SELECT name, environment, hash, header, signature, nodes, settings FROM plan WHERE deployment = ?");
  statement.bind(id);
  if (!statement.step()) return std::nullopt;
  model::Plan plan;
  plan.deployment = id;
  plan.name = statement.text();
  plan.environment = statement.text();
  plan.hash = statement.text();
  plan.header = statement.blob();
  plan.signature = statement.blob();
  plan.nodes = nodes_from_json(statement.text());
  plan.settings = settings_from_json(statement.text());
  SqliteStatement slices(database_, "SELECT host, slice FROM plan_slice WHERE deployment = ? ORDER BY host");
  slices.bind(id);
  while (slices.step()) {
    HostId host(slices.text());
    plan.slices.emplace(std::move(host), protocol::decode_slice(slices.blob()));
  }
  return plan;
}

std::optional<model::Decision> SqliteStore::decision(const DeploymentId& id) const {
  SqliteStatement statement(database_, "SELECT decision FROM decision WHERE deployment = ?");
  statement.bind(id);
  if (!statement.step()) return std::nullopt;
  return statement.as<model::Decision>();
}

std::optional<DeploymentId> SqliteStore::lock_holder(const HostId& host, const std::string& component) const {
  SqliteStatement statement(database_, "SELECT deployment FROM component_lock WHERE host = ? AND component = ?");
  statement.bind(host, component);
  if (!statement.step()) return std::nullopt;
  return DeploymentId(statement.text());
}

std::vector<model::HostRow> SqliteStore::hosts() const {
  SqliteStatement statement(database_,
                            "SELECT id, public_key, revoked, removed, labels, enrolled_wall_ms, last_seen_wall_ms, "
                            "agent_version, only_token FROM host ORDER BY id");
  return read_all(statement, [](SqliteStatement& row) {
    model::HostRow host;
    host.id = HostId(row.text());
    host.public_key = row.text();
    host.revoked = row.flag();
    host.removed = row.flag();
    host.labels = text_map_from_json(row.text());
    host.enrolled_wall_ms = row.number();
    host.last_seen_wall_ms = row.number();
    host.agent_version = row.text();
    host.only_token = row.text();
    return host;
  });
}

std::vector<model::TokenRow> SqliteStore::tokens() const {
  SqliteStatement statement(
      database_, "SELECT id, public_key, host_pattern, expires_wall_ms, used_wall_ms, used_by FROM token ORDER BY id");
  return read_all(statement, [](SqliteStatement& row) {
    model::TokenRow token;
    token.id = row.text();
    token.public_key = row.text();
    token.host_pattern = row.text();
    token.expires_wall_ms = row.number();
    token.used_wall_ms = row.number();
    token.used_by = HostId(row.text());
    return token;
  });
}

std::vector<model::ServingRow> SqliteStore::serving() const {
  SqliteStatement statement(database_,
                            "SELECT host, environment, component, kind, slot, release, unit, previous_kind, "
                            "previous_slot, previous_release, previous_unit, deployment, version FROM serving "
                            "ORDER BY host, environment, component");
  return read_all(statement, [](SqliteStatement& row) {
    model::ServingRow serving;
    serving.host = HostId(row.text());
    serving.environment = row.text();
    serving.component = row.text();
    serving.serving = read_old_state(row);
    serving.previous = read_old_state(row);
    serving.deployment = DeploymentId(row.text());
    serving.version = row.text();
    return serving;
  });
}

std::vector<model::SnapshotRow> SqliteStore::snapshots() const {
  SqliteStatement statement(database_, std::string(snapshot_columns) + "ORDER BY number DESC");
  return read_all(statement, read_snapshot);
}

std::optional<model::SnapshotRow> SqliteStore::snapshot(const SnapshotId& id) const {
  SqliteStatement statement(database_, std::string(snapshot_columns) + "WHERE id = ?");
  statement.bind(id);
  if (!statement.step()) return std::nullopt;
  return read_snapshot(statement);
}

std::vector<model::RegisteredCheck> SqliteStore::checks() const {
  SqliteStatement statement(database_,
                            "SELECT environment, name, probe, tags, component, hosts, registered_by, "
                            "registered_wall_ms FROM registered_check ORDER BY environment, name");
  return read_all(statement, [](SqliteStatement& row) {
    model::RegisteredCheck check;
    check.environment = row.text();
    check.name = row.text();
    check.probe = protocol::decode_probe(row.blob());
    check.tags = texts_from_json(row.text());
    check.component = row.text();
    check.hosts = hosts_from_json(row.text());
    check.registered_by = row.text();
    check.registered_wall_ms = row.number();
    return check;
  });
}

std::vector<PutArtifact> SqliteStore::artifacts() const {
  SqliteStatement statement(
      database_, "SELECT release, component, version, bytes, created_wall_ms FROM artifact ORDER BY release");
  return read_all(statement, [](SqliteStatement& row) {
    PutArtifact artifact;
    artifact.release = ReleaseId(row.text());
    artifact.component = row.text();
    artifact.version = row.text();
    artifact.bytes = row.as<std::uint64_t>();
    artifact.created_wall_ms = row.number();
    return artifact;
  });
}

std::optional<PutSource> SqliteStore::source(const DeploymentId& id) const {
  SqliteStatement statement(
      database_, "SELECT manifest, file_name, environment, artifacts, options FROM source WHERE deployment = ?");
  statement.bind(id);
  if (!statement.step()) return std::nullopt;
  PutSource source;
  source.deployment = id;
  source.manifest = statement.text();
  source.file_name = statement.text();
  source.environment = statement.text();
  const std::string artifacts = statement.text();
  read_source_json(artifacts, statement.text(), source);
  return source;
}

std::optional<DeploymentId> SqliteStore::deployment_of_key(const std::string& key) const {
  SqliteStatement statement(database_, "SELECT deployment FROM request_key WHERE key = ?");
  statement.bind(key);
  if (!statement.step()) return std::nullopt;
  return DeploymentId(statement.text());
}

std::vector<model::TimelineEntry> SqliteStore::timeline(const DeploymentId& id, std::size_t after,
                                                        std::size_t limit) const {
  SqliteStatement statement(database_,
                            "SELECT wall_ms, host, component, what, state, text, fields FROM timeline "
                            "WHERE deployment = ? AND seq > ? ORDER BY seq LIMIT ?");
  return read_all(statement.bind(id, after, limit), [&id](SqliteStatement& row) {
    model::TimelineEntry entry;
    entry.deployment = id;
    entry.wall_ms = row.number();
    entry.host = HostId(row.text());
    entry.component = row.text();
    entry.what = row.text();
    entry.state = row.text();
    entry.text = row.text();
    entry.fields = text_map_from_json(row.text());
    return entry;
  });
}

std::vector<StoredAudit> SqliteStore::audit(std::uint64_t after_seq, std::size_t limit) const {
  SqliteStatement statement(database_,
                            "SELECT seq, wall_ms, principal, operation, object, reason, origin, success, details, hash "
                            "FROM audit WHERE seq > ? ORDER BY seq LIMIT ?");
  return read_all(statement.bind(after_seq, limit), [](SqliteStatement& row) {
    StoredAudit stored;
    stored.seq = row.as<std::uint64_t>();
    stored.entry.wall_ms = row.number();
    stored.entry.principal = row.text();
    stored.entry.operation = row.text();
    stored.entry.object = row.text();
    stored.entry.reason = row.text();
    stored.entry.origin = row.text();
    stored.entry.success = row.flag();
    stored.entry.details = text_map_from_json(row.text());
    stored.hash = row.text();
    return stored;
  });
}

bool SqliteStore::restored() const {
  SqliteStatement statement(database_, "SELECT restored FROM lease WHERE id = 1");
  ENSURE(statement.step());
  return statement.as<bool>();
}

std::string SqliteStore::audit_head() const {
  SqliteStatement statement(database_, "SELECT hash FROM audit ORDER BY seq DESC LIMIT 1");
  return statement.step() ? statement.text() : std::string(empty_audit_head);
}

std::uint64_t SqliteStore::audit_rows() const {
  SqliteStatement statement(database_, "SELECT coalesce(max(seq), 0) FROM audit");
  ENSURE(statement.step());
  return statement.as<std::uint64_t>();
}

bool SqliteStore::knows_audit_head(const std::string& hash) const {
  SqliteStatement statement(database_, "SELECT 1 FROM audit WHERE hash = ?");
  statement.bind(hash);
  return statement.step();
}

}  // namespace switchyard::store
