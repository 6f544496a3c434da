#include "coordinator/store/sqlite_writer.hpp"

#include "common/limits.hpp"
#include "common/planted.hpp"
#include "coordinator/store/audit_chain.hpp"
#include "coordinator/store/conflicts.hpp"
#include "coordinator/store/row_json.hpp"
#include "coordinator/store/snapshot_json.hpp"
#include "protocol/check_order.hpp"

namespace switchyard::store {

std::optional<std::string> SqliteWriter::find_text(std::string_view sql, const std::string& key) {
  SqliteStatement statement(database_, sql);
  statement.bind(key);
  if (!statement.step()) return std::nullopt;
  return statement.text();
}

void SqliteWriter::operator()(const PutDeployment& write) {
  const model::DeploymentRow& row = write.row;
  SqliteStatement(
      database_,
      "INSERT INTO deployment (id, kind, rollback_of, name, environment, state, finished, reason, author, "
      "plan_hash, version, created_wall_ms, updated_wall_ms, finished_wall_ms, deferred, gone, resumed, "
      "deferred_components, components, failures, snapshot) "
      "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (id) DO UPDATE SET "
      "kind = excluded.kind, rollback_of = excluded.rollback_of, name = excluded.name, "
      "environment = excluded.environment, state = excluded.state, finished = excluded.finished, "
      "reason = excluded.reason, author = excluded.author, plan_hash = excluded.plan_hash, "
      "version = excluded.version, created_wall_ms = excluded.created_wall_ms, "
      "updated_wall_ms = excluded.updated_wall_ms, finished_wall_ms = excluded.finished_wall_ms, "
      "deferred = excluded.deferred, gone = excluded.gone, resumed = excluded.resumed, "
      "deferred_components = excluded.deferred_components, components = excluded.components, "
      "failures = excluded.failures, snapshot = excluded.snapshot")
      .bind(row.id, row.kind, row.rollback_of, row.name, row.environment, row.state, model::is_final(row.state),
            row.reason, row.author, row.plan_hash, row.version, row.created_wall_ms, row.updated_wall_ms,
            row.finished_wall_ms, to_json(row.deferred), to_json(row.gone), row.resumed,
            to_json(row.deferred_components), to_json(row.components), to_json(row.failures), row.snapshot)
      .run();
}

void SqliteWriter::operator()(const PutPlan& write) {
  const model::Plan& plan = write.plan;
  if (const auto hash = find_text("SELECT hash FROM plan WHERE deployment = ?", plan.deployment.str())) {
    if (*hash != plan.hash) throw plan_exists(plan.deployment);
    SqliteStatement(database_, "UPDATE plan SET signature = ? WHERE deployment = ?")
        .bind_blob(plan.signature)
        .bind(plan.deployment)
        .run();
    return;
  }
  SqliteStatement(database_,
                  "INSERT INTO plan (deployment, name, environment, hash, header, signature, nodes, settings) "
                  "VALUES (?, ?, ?, ?, ?, ?, ?, ?)")
      .bind(plan.deployment, plan.name, plan.environment, plan.hash)
      .bind_blob(plan.header)
      .bind_blob(plan.signature)
      .bind(to_json(plan.nodes), to_json(plan.settings))
      .run();
  for (const auto& [host, slice] : plan.slices) {
    SqliteStatement(database_, "INSERT INTO plan_slice (deployment, host, slice) VALUES (?, ?, ?)")
        .bind(plan.deployment, host)
        .bind_blob(protocol::encode_slice(slice))
        .run();
  }
}

void SqliteWriter::operator()(const PutDecision& write) {
  if (PLANTED(decision_may_change)) {
    SqliteStatement(database_, "DELETE FROM decision WHERE deployment = ?").bind(write.deployment).run();
  }
  SqliteStatement present(database_, "SELECT decision FROM decision WHERE deployment = ?");
  present.bind(write.deployment);
  if (present.step()) {
    if (present.as<model::Decision>() != write.decision) throw decided_otherwise(write.deployment);
    return;
  }
  SqliteStatement(database_, "INSERT INTO decision (deployment, decision) VALUES (?, ?)")
      .bind(write.deployment, write.decision)
      .run();
}

void SqliteWriter::operator()(const TakeLock& write) {
  SqliteStatement present(database_, "SELECT deployment FROM component_lock WHERE host = ? AND component = ?");
  present.bind(write.host, write.component);
  if (present.step()) {
    const DeploymentId holder(present.text());
    if (holder != write.deployment) throw lock_held(write, holder);
    return;
  }
  SqliteStatement(database_, "INSERT INTO component_lock (host, component, deployment) VALUES (?, ?, ?)")
      .bind(write.host, write.component, write.deployment)
      .run();
}

void SqliteWriter::operator()(const ReleaseLocks& write) {
  SqliteStatement(database_, "DELETE FROM component_lock WHERE deployment = ?").bind(write.deployment).run();
}

void SqliteWriter::operator()(const PutHost& write) {
  const model::HostRow& row = write.row;
  SqliteStatement(database_,
                  "INSERT OR REPLACE INTO host (id, public_key, revoked, removed, labels, enrolled_wall_ms, "
                  "last_seen_wall_ms, agent_version, only_token) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)")
      .bind(row.id, row.public_key, row.revoked, row.removed, to_json(row.labels), row.enrolled_wall_ms,
            row.last_seen_wall_ms, row.agent_version, row.only_token)
      .run();
}

void SqliteWriter::operator()(const PutToken& write) {
  const model::TokenRow& row = write.row;
  SqliteStatement(database_,
                  "INSERT OR REPLACE INTO token (id, public_key, host_pattern, expires_wall_ms, used_wall_ms, used_by) "
                  "VALUES (?, ?, ?, ?, ?, ?)")
      .bind(row.id, row.public_key, row.host_pattern, row.expires_wall_ms, row.used_wall_ms, row.used_by)
      .run();
}

void SqliteWriter::operator()(const UseToken& write) {
  // One statement decides: of any number of attempts one changes the row.
  SqliteStatement(database_,
                  "UPDATE token SET used_wall_ms = ?, used_by = ? "
                  "WHERE id = ? AND used_wall_ms = 0 AND expires_wall_ms > ?")
      .bind(write.now_wall_ms, write.host, write.id, write.now_wall_ms)
      .run();
  if (database_.changes() != 1) throw token_unusable(write.id);
}

void SqliteWriter::operator()(const AddApiToken& write) {
  const model::ApiTokenRow& row = write.row;
  if (find_text("SELECT id FROM api_token WHERE id = ?", row.id)) throw api_token_exists(row.id);
  SqliteStatement(database_,
                  "INSERT INTO api_token (id, digest, name, kind, role, environment, created_by, created_wall_ms, "
                  "expires_wall_ms, revoked_wall_ms) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)")
      .bind(row.id, row.digest, row.name, row.kind, row.role, row.environment, row.created_by, row.created_wall_ms,
            row.expires_wall_ms, row.revoked_wall_ms)
      .run();
}

void SqliteWriter::operator()(const RevokeApiToken& write) {
  SqliteStatement(database_, "UPDATE api_token SET revoked_wall_ms = ? WHERE id = ? AND revoked_wall_ms = 0")
      .bind(write.now_wall_ms, write.id)
      .run();
  if (database_.changes() != 1) throw api_token_gone(write.id);
}

void SqliteWriter::operator()(const PutApproval& write) {
  const model::ApprovalRow& row = write.row;
  // The condition is in the statement: of a decided row nothing is changed, and that shows in the count.
  SqliteStatement(database_,
                  "INSERT INTO approval (deployment, environment, plan_hash, author, needed, "
                  "created_wall_ms, expires_wall_ms, state, votes, left_out, to_nothing, target, inverse, verify) "
                  "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) "
                  "ON CONFLICT (deployment) DO UPDATE SET needed = excluded.needed, state = excluded.state, "
                  "votes = excluded.votes "
                  "WHERE approval.state = 0")
      .bind(row.deployment, row.environment, row.plan_hash, row.author, row.needed, row.created_wall_ms,
            row.expires_wall_ms, row.state, to_json(row.votes), to_json(row.without), row.to_nothing, row.target,
            row.inverse, row.verify)
      .run();
  if (database_.changes() != 1) throw approval_decided(row.deployment);
}

void SqliteWriter::operator()(const PutTotp& write) {
  SqliteStatement(database_,
                  "INSERT OR REPLACE INTO totp (person, salt, enrolled_wall_ms, last_step) VALUES (?, ?, ?, ?)")
      .bind(write.row.person, write.row.salt, write.row.enrolled_wall_ms, write.row.last_step)
      .run();
}

void SqliteWriter::operator()(const DropTotp& write) {
  SqliteStatement(database_, "DELETE FROM totp WHERE person = ?").bind(write.person).run();
}

void SqliteWriter::operator()(const UseTotp& write) {
  SqliteStatement(database_, "UPDATE totp SET last_step = ? WHERE person = ? AND last_step < ?")
      .bind(write.step, write.person, write.step)
      .run();
  if (database_.changes() != 1) throw code_used(write.person);
}

void SqliteWriter::operator()(const PutCheck& write) {
  const model::RegisteredCheck& row = write.row;
  SqliteStatement(database_,
                  "INSERT OR REPLACE INTO registered_check (environment, name, probe, tags, component, hosts, "
                  "registered_by, registered_wall_ms) VALUES (?, ?, ?, ?, ?, ?, ?, ?)")
      .bind(row.environment, row.name)
      .bind_blob(protocol::encode_probe(row.probe))
      .bind(to_json(row.tags), row.component, to_json(row.hosts), row.registered_by, row.registered_wall_ms)
      .run();
}

void SqliteWriter::operator()(const DropCheck& write) {
  SqliteStatement(database_, "DELETE FROM registered_check WHERE environment = ? AND name = ?")
      .bind(write.environment, write.name)
      .run();
  if (database_.changes() != 1) throw check_gone(write);
}

void SqliteWriter::operator()(const PutSecret& write) {
  const model::SecretRow& row = write.row;
  // One statement decides which version is the next one.
  SqliteStatement(database_,
                  "INSERT INTO secret (environment, name, version, sealed, created_by, created_wall_ms) "
                  "SELECT ?, ?, ?, ?, ?, ? WHERE ? = 1 + coalesce((SELECT max(version) FROM secret "
                  "WHERE environment = ? AND name = ?), 0)")
      .bind(row.environment, row.name, row.version)
      .bind_blob(row.sealed)
      .bind(row.created_by, row.created_wall_ms, row.version, row.environment, row.name)
      .run();
  if (database_.changes() != 1) throw secret_moved(row.name);
  SqliteStatement(database_, "DELETE FROM secret WHERE environment = ? AND name = ? AND version + ? <= ?")
      .bind(row.environment, row.name, limits::secret_versions_kept, row.version)
      .run();
}

void SqliteWriter::operator()(const DropSecret& write) {
  SqliteStatement(
      database_,
      "UPDATE secret SET sealed = x'' WHERE environment = ? AND name = ? AND length(sealed) > 0 AND version "
      "= (SELECT max(version) FROM secret WHERE environment = ? AND name = ?)")
      .bind(write.environment, write.name, write.environment, write.name)
      .run();
  if (database_.changes() != 1) throw secret_moved(write.name);
  SqliteStatement(database_, "DELETE FROM secret WHERE environment = ? AND name = ? AND length(sealed) > 0")
      .bind(write.environment, write.name)
      .run();
}

void SqliteWriter::operator()(const PutPolicies& write) {
  const model::PolicyRow& row = write.row;
  SqliteStatement(database_,
                  "INSERT OR REPLACE INTO environment_policy (environment, require_mfa, encrypt_at_rest, deployment) "
                  "VALUES (?, ?, ?, ?)")
      .bind(row.environment, row.policies.require_mfa, row.policies.encrypt_at_rest, row.deployment)
      .run();
}

void SqliteWriter::operator()(const PutServing& write) {
  const model::ServingRow& row = write.row;
  SqliteStatement(database_,
                  "INSERT OR REPLACE INTO serving (host, environment, component, kind, slot, release, unit, "
                  "previous_kind, previous_slot, previous_release, previous_unit, deployment, version) "
                  "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)")
      .bind(row.host, row.environment, row.component, row.serving.kind, row.serving.slot, row.serving.release,
            row.serving.unit, row.previous.kind, row.previous.slot, row.previous.release, row.previous.unit,
            row.deployment, row.version)
      .run();
}

void SqliteWriter::operator()(const AddSnapshot& write) {
  const model::SnapshotRow& row = write.row;
  if (find_text("SELECT id FROM snapshot WHERE id = ?", row.id.str())) throw snapshot_exists(row.id);
  SqliteStatement(database_,
                  "INSERT INTO snapshot (id, environment, name, author, reason, created_wall_ms, places, checksum) "
                  "VALUES (?, ?, ?, ?, ?, ?, ?, ?)")
      .bind(row.id, row.environment, row.name, row.author, row.reason, row.created_wall_ms, to_json(row.places),
            row.checksum)
      .run();
}

void SqliteWriter::operator()(const DropSnapshot& write) {
  SqliteStatement(database_, "DELETE FROM snapshot WHERE id = ?").bind(write.id).run();
  if (database_.changes() != 1) throw snapshot_gone(write.id);
}

void SqliteWriter::operator()(const PutArtifact& write) {
  SqliteStatement(database_,
                  "INSERT OR REPLACE INTO artifact (release, component, version, bytes, created_wall_ms) "
                  "VALUES (?, ?, ?, ?, ?)")
      .bind(write.release, write.component, write.version, write.bytes, write.created_wall_ms)
      .run();
}

void SqliteWriter::operator()(const DropArtifact& write) {
  SqliteStatement(database_, "DELETE FROM artifact WHERE release = ?").bind(write.release).run();
}

void SqliteWriter::operator()(const PutSource& write) {
  SqliteStatement(database_,
                  "INSERT OR REPLACE INTO source (deployment, manifest, file_name, environment, artifacts, options) "
                  "VALUES (?, ?, ?, ?, ?, ?)")
      .bind(write.deployment, write.manifest, write.file_name, write.environment, artifacts_to_json(write),
            options_to_json(write))
      .run();
}

void SqliteWriter::operator()(const PutRequestKey& write) {
  if (const auto holder = find_text("SELECT deployment FROM request_key WHERE key = ?", write.key)) {
    if (*holder != write.deployment.str()) throw key_used(DeploymentId(*holder));
    return;
  }
  SqliteStatement(database_, "INSERT INTO request_key (key, deployment) VALUES (?, ?)")
      .bind(write.key, write.deployment)
      .run();
}

void SqliteWriter::operator()(const AppendTimeline& write) {
  const model::TimelineEntry& entry = write.entry;
  SqliteStatement(database_,
                  "INSERT INTO timeline (deployment, seq, wall_ms, host, component, what, state, text, fields) "
                  "SELECT ?, coalesce(max(seq), 0) + 1, ?, ?, ?, ?, ?, ?, ? FROM timeline WHERE deployment = ?")
      .bind(entry.deployment, entry.wall_ms, entry.host, entry.component, entry.what, entry.state, entry.text,
            to_json(entry.fields), entry.deployment)
      .run();
}

void SqliteWriter::operator()(const AppendAudit& write) {
  const model::AuditEntry& entry = write.entry;
  std::uint64_t seq = 1;
  std::string head(empty_audit_head);
  SqliteStatement last(database_, "SELECT seq, hash FROM audit ORDER BY seq DESC LIMIT 1");
  if (last.step()) {
    seq = last.as<std::uint64_t>() + 1;
    head = last.text();
  }
  SqliteStatement(database_,
                  "INSERT INTO audit (seq, wall_ms, principal, operation, object, reason, origin, success, details, "
                  "hash) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)")
      .bind(seq, entry.wall_ms, entry.principal, entry.operation, entry.object, entry.reason, entry.origin,
            entry.success, to_json(entry.details), audit_hash(head, seq, entry))
      .run();
}

void SqliteWriter::operator()(const SetRestored& write) {
  SqliteStatement(database_, "UPDATE lease SET restored = ? WHERE id = 1").bind(write.restored).run();
}

}  // namespace switchyard::store
