// What SqliteStore knows of who may do what: API tokens, approvals, authenticator apps, secrets, policies.
#include "coordinator/store/row_json.hpp"
#include "coordinator/store/sqlite_store.hpp"

namespace switchyard::store {
namespace {

constexpr std::string_view approval_columns =
    "SELECT deployment, environment, plan_hash, author, needed, created_wall_ms, expires_wall_ms, state, "
    "votes, left_out, to_nothing, target, inverse, verify FROM approval ";

model::ApprovalRow read_approval(SqliteStatement& row) {
  model::ApprovalRow read;
  read.deployment = DeploymentId(row.text());
  read.environment = row.text();
  read.plan_hash = row.text();
  read.author = row.text();
  read.needed = row.as<std::uint32_t>();
  read.created_wall_ms = row.number();
  read.expires_wall_ms = row.number();
  read.state = row.as<model::ApprovalState>();
  read.votes = votes_from_json(row.text());
  read.without = hosts_from_json(row.text());
  read.to_nothing = row.flag();
  read.target = DeploymentId(row.text());
  read.inverse = row.flag();
  read.verify = row.flag();
  return read;
}

constexpr std::string_view secret_columns =
    "SELECT environment, name, version, sealed, created_by, created_wall_ms FROM secret ";

model::SecretRow read_secret(SqliteStatement& row) {
  model::SecretRow read;
  read.environment = row.text();
  read.name = row.text();
  read.version = row.as<std::uint64_t>();
  read.sealed = row.blob();
  read.created_by = row.text();
  read.created_wall_ms = row.number();
  return read;
}

}  // namespace

std::vector<model::SecretRow> SqliteStore::secrets() const {
  SqliteStatement statement(database_, std::string(secret_columns) +
                                           "AS one WHERE version = (SELECT max(version) FROM secret WHERE "
                                           "environment = one.environment AND name = one.name) "
                                           "ORDER BY environment, name");
  return read_all(statement, read_secret);
}

std::optional<model::SecretRow> SqliteStore::secret(const std::string& environment, const std::string& name,
                                                    std::uint64_t version) const {
  SqliteStatement statement(database_,
                            std::string(secret_columns) + "WHERE environment = ? AND name = ? AND version = ?");
  statement.bind(environment, name, version);
  if (!statement.step()) return std::nullopt;
  return read_secret(statement);
}

std::optional<model::PolicyRow> SqliteStore::policies(const std::string& environment) const {
  SqliteStatement statement(
      database_, "SELECT require_mfa, encrypt_at_rest, deployment FROM environment_policy WHERE environment = ?");
  statement.bind(environment);
  if (!statement.step()) return std::nullopt;
  model::PolicyRow row;
  row.environment = environment;
  row.policies.require_mfa = statement.flag();
  row.policies.encrypt_at_rest = statement.flag();
  row.deployment = DeploymentId(statement.text());
  return row;
}

std::vector<model::ApiTokenRow> SqliteStore::api_tokens() const {
  SqliteStatement statement(database_,
                            "SELECT id, digest, name, kind, role, environment, created_by, created_wall_ms, "
                            "expires_wall_ms, revoked_wall_ms FROM api_token ORDER BY number");
  return read_all(statement, [](SqliteStatement& row) {
    model::ApiTokenRow token;
    token.id = row.text();
    token.digest = row.text();
    token.name = row.text();
    token.kind = row.as<access::Kind>();
    token.role = row.as<access::Role>();
    token.environment = row.text();
    token.created_by = row.text();
    token.created_wall_ms = row.number();
    token.expires_wall_ms = row.number();
    token.revoked_wall_ms = row.number();
    return token;
  });
}

std::optional<model::TotpRow> SqliteStore::totp(const std::string& person) const {
  SqliteStatement statement(database_, "SELECT salt, enrolled_wall_ms, last_step FROM totp WHERE person = ?");
  statement.bind(person);
  if (!statement.step()) return std::nullopt;
  model::TotpRow row;
  row.person = person;
  row.salt = statement.text();
  row.enrolled_wall_ms = statement.number();
  row.last_step = statement.as<std::uint64_t>();
  return row;
}

std::vector<std::string> SqliteStore::totp_persons() const {
  SqliteStatement statement(database_, "SELECT person FROM totp ORDER BY person");
  return read_all(statement, [](SqliteStatement& row) { return row.text(); });
}

std::optional<model::ApprovalRow> SqliteStore::approval(const DeploymentId& id) const {
  SqliteStatement statement(database_, std::string(approval_columns) + "WHERE deployment = ?");
  statement.bind(id);
  if (!statement.step()) return std::nullopt;
  return read_approval(statement);
}

std::vector<model::ApprovalRow> SqliteStore::approvals(std::size_t limit) const {
  SqliteStatement statement(database_, std::string(approval_columns) + "ORDER BY number DESC LIMIT ?");
  return read_all(statement.bind(limit), read_approval);
}

}  // namespace switchyard::store
