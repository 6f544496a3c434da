#include "tests/attack/role_tokens.hpp"

#include <gtest/gtest.h>
#include <sqlite3.h>
#include <yaml-cpp/yaml.h>

#include <cctype>
#include <iomanip>
#include <nlohmann/json.hpp>
#include <sstream>
#include <stdexcept>
#include <utility>

#include "coordinator/model/deployment.hpp"
#include "tests/support/source_tree.hpp"
#include "tests/unit/coordinator_api/sample_requests.hpp"

namespace switchyard::attack {
namespace {

/// The letter that stands for a grant in the table.
constexpr std::array<std::pair<const char*, char>, 3> grants = {{{"production", 'p'}, {"staging", 's'}, {"*", '*'}}};
/// Widths of tests/golden/access/routes.txt.
constexpr int route_width = 46;
constexpr int cell_width = 16;

std::string as_number(auto value) { return std::to_string(static_cast<int>(value)); }

/// What the sample requests act on: a deployment and a rollback that are over, a snapshot, and a token of somebody
/// else. Without them the program would answer that there is no such thing to whoever may see any of its kind.
std::string known_things() {
  std::string sql;
  for (const auto& [id, kind] : {std::pair{testing::known_deployment, model::DeploymentKind::deploy},
                                 std::pair{testing::known_rollback, model::DeploymentKind::rollback}}) {
    sql +=
        "INSERT INTO deployment (id, kind, rollback_of, name, environment, state, finished, reason, author, plan_hash, "
        "version, created_wall_ms, updated_wall_ms, finished_wall_ms, deferred, gone, resumed) VALUES ('" +
        id.str() + "', " + as_number(kind) + ", '', 'shop', 'production', " +
        as_number(model::DeploymentState::rolled_back) + ", 1, '', 'local:root', '', '1', 1, 1, 1, '[]', '[]', 0);";
  }
  const model::ApiTokenRow token = testing::FakeOperations::sample_token();
  sql +=
      "INSERT INTO api_token (id, digest, name, kind, role, environment, created_by, created_wall_ms, expires_wall_ms, "
      "revoked_wall_ms) VALUES ('" +
      token.id + "', '" + token.digest + "', '" + token.name + "', " + as_number(token.kind) + ", " +
      as_number(token.role) + ", '" + token.environment + "', '" + token.created_by + "', 1, 2, 0);";
  sql += "INSERT INTO snapshot (id, environment, name, author, reason, created_wall_ms, places, checksum) VALUES ('" +
         testing::known_snapshot.str() + "', 'production', 'shop', 'local:root', '', 1, '[]', '');";
  return sql;
}

/// While the program does not run.
void change_store(const std::filesystem::path& store, const std::string& sql) {
  sqlite3* database = nullptr;
  const bool done = sqlite3_open_v2(store.c_str(), &database, SQLITE_OPEN_READWRITE, nullptr) == SQLITE_OK &&
                    sqlite3_exec(database, sql.c_str(), nullptr, nullptr, nullptr) == SQLITE_OK;
  const std::string why = done ? "" : sqlite3_errmsg(database);
  sqlite3_close(database);
  if (!done) throw std::runtime_error("changing the store: " + why);
}

std::map<std::string, std::string> read_operation_ids() {
  std::map<std::string, std::string> ids;
  const YAML::Node document = YAML::LoadFile(testing::source_tree() / "docs/openapi.yaml");
  for (const api::Route& route : api::routes()) {
    const std::string name(api::method_name(route.method));
    std::string method = name;
    for (char& c : method) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
    ids[name + " " + std::string(route.path)] =
        document["paths"][std::string(route.path)][method]["operationId"].as<std::string>();
  }
  return ids;
}

}  // namespace

RoleTokens::RoleTokens(Attacked& attacked) : attacked_(attacked), operation_ids_(read_operation_ids()) {
  for (const access::Kind kind : kinds) {
    for (const access::Role role : roles) {
      for (const auto& [environment, letter] : grants) make({kind, role, environment});
    }
  }
  attacked_.stop();
  change_store(attacked_.store(), changes_ + known_things());
  attacked_.start_again();
}

/// The API makes no machine an approver or an administrator. Such a token is made for a person, and the store is told
/// that it is a machine's: it shall have no more rights for that.
void RoleTokens::make(const Key& key) {
  const auto& [kind, role, environment] = key;
  // All tokens of a kind are one principal: the audit has one row for each principal and action that is refused.
  const auto ask_for = [&](access::Kind asked) {
    const nlohmann::json body = {{"name", "role-" + std::string(access::kind_name(kind))},
                                 {"kind", access::kind_name(asked)},
                                 {"role", access::role_name(role)},
                                 {"environment", environment}};
    return attacked_.ask("POST", "/v1/tokens", body.dump());
  };
  HttpAnswer made = ask_for(kind);
  const bool for_persons = role == access::Role::approver || role == access::Role::admin;
  const bool refused = kind != access::Kind::person && for_persons;
  EXPECT_EQ(made.status, refused ? 422 : 201) << made.body;
  if (refused) made = ask_for(access::Kind::person);
  if (made.status != 201) throw std::runtime_error("no token: " + made.body);
  const nlohmann::json token = nlohmann::json::parse(made.body);
  tokens_[key] = token.at("token").get<std::string>();
  if (refused) {
    changes_ +=
        "UPDATE api_token SET kind = " + as_number(kind) + " WHERE id = '" + token.at("id").get<std::string>() + "';";
  }
}

RoleTokens::Request RoleTokens::request_for(const api::Route& route, bool overriding_freeze) const {
  const std::string method(api::method_name(route.method));
  const std::string& operation = operation_ids_.at(method + " " + std::string(route.path));
  Request request{method, api::target_of(route, operation), "", ""};
  const auto& samples = api::sample_bodies();
  if (const auto sample = samples.find(operation); sample != samples.end()) {
    request.body = sample->second;
    request.content_type = route.body == api::BodyKind::octets ? "application/octet-stream" : "application/json";
  }
  // Overriding takes a right of its own: without it the sample is asked without that member.
  const std::string member = R"(,"override_freeze":"r")";
  const std::size_t at = request.body.find(member);
  if (at != std::string::npos && !overriding_freeze) request.body.erase(at, member.size());
  return request;
}

int RoleTokens::status(const Request& request, const std::string& token, bool rehearsed) const {
  return converse(connect_tcp(attacked_.http_port()), request.method, request.path + (rehearsed ? "?dry_run=true" : ""),
                  "Authorization: Bearer " + token + "\r\n", request.body, request.content_type)
      .status;
}

std::string RoleTokens::cell(const Request& request, access::Kind kind, access::Role role) const {
  const bool changes = request.method != "GET";
  std::string letters;
  for (const auto& [environment, letter] : grants) {
    const std::string& token = tokens_.at({kind, role, environment});
    const int answered = status(request, token, changes);
    if (answered == 403) {
      // A rehearsal passes the same door. It would be a hole if it did not.
      if (changes && status(request, token, false) != 403) letters += '!';
    } else {
      const bool done = answered >= 200 && answered < 500 && answered != 401 && answered != 429;
      letters += done ? letter : '?';
    }
  }
  return letters.empty() ? "-" : letters;
}

std::vector<std::string> RoleTokens::cells(const api::Route& route, bool overriding_freeze) const {
  const Request request = request_for(route, overriding_freeze);
  std::vector<std::string> all;
  for (const access::Kind kind : kinds) {
    for (const access::Role role : roles) all.push_back(cell(request, kind, role));
  }
  return all;
}

std::string RoleTokens::table_row(const std::string& route, const std::vector<std::string>& cells) {
  std::ostringstream row;
  row << std::left << std::setw(route_width) << route;
  for (const std::string& cell : cells) row << std::setw(cell_width) << cell;
  std::string text = row.str();
  while (text.ends_with(' ')) text.pop_back();
  return text;
}

std::string RoleTokens::matrix_lines(const std::string& what, const std::vector<std::string>& cells) {
  std::string lines;
  std::size_t at = 0;
  for (const access::Kind kind : kinds) {
    lines += "\n  " + std::string(access::kind_name(kind)) + "'s token" + what + ":";
    const char* separator = " ";
    for (const access::Role role : roles) {
      lines += separator + std::string(access::role_name(role)) + " " + cells.at(at++);
      separator = ", ";
    }
  }
  return lines;
}

}  // namespace switchyard::attack
