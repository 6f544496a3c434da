#include "coordinator/planner/schema_backup_reader.hpp"

#include <algorithm>
#include <string_view>

#include "common/limits_snapshots.hpp"
#include "common/nearest.hpp"
#include "coordinator/model/snapshot.hpp"

namespace switchyard::planner {
namespace {

/// The component's own checks go before those of the file.
protocol::DatabaseProbe find_database(const YamlNode& name_node, const CheckBook& checks,
                                      const model::Component& component) {
  CheckBook known = checks;
  for (const model::HealthCheck& check : component.health_checks) known[check.probe.name] = check;
  const std::string name = name_node.text();
  const auto found = known.find(name);
  if (found == known.end()) {
    std::vector<std::string_view> names;
    for (const auto& [key, check] : known) names.push_back(key);
    const std::string guess = did_you_mean(name, names);
    name_node.refuse("unknown health check `" + name + "`" +
                     (guess.empty() ? "; define one of the type database under the file's `health_checks:`" : guess));
  }
  const auto* database = std::get_if<protocol::DatabaseProbe>(&found->second.probe.kind);
  if (database == nullptr) {
    name_node.refuse("the health check `" + name +
                     "` is none of the type database, which says where a schema is; name one that is");
  }
  // pg_dump before version 16 gives the password in clear to whoever asks for it so.
  if (!database->credential.empty() && !database->tls && !model::is_on_same_host(*database)) {
    name_node.refuse("the schema of `" + name + "` would be read over the network with a password and without TLS; " +
                     "set `sslmode: verify-full` in the check");
  }
  return *database;
}

protocol::MigrationTable read_migrations(const YamlNode& node) {
  node.allow_keys({"table", "column", "order_by"});
  protocol::MigrationTable migrations;
  migrations.table = node.at("table").text();
  migrations.column = node.text_or("column", "version");
  migrations.order = node.text_or("order_by", migrations.column);
  if (!protocol::is_sql_table(migrations.table)) {
    node.at("table").refuse(node.at("table").label() + " is \"" + migrations.table +
                            "\", but it must be the name of a table, as the database has it: schema_migrations, " +
                            "app.schema_migrations");
  }
  for (const char* key : {"column", "order_by"}) {
    const auto column = node.find(key);
    if (column && !protocol::is_sql_name(column->text())) {
      column->refuse(column->label() + " is \"" + column->text() +
                     "\", but it must be the name of a column, as the database has it: version");
    }
  }
  return migrations;
}

}  // namespace

std::vector<protocol::SchemaDemand> read_schemas_to_backup(const YamlNode& list, const CheckBook& checks,
                                                           const model::Component& component) {
  std::vector<protocol::SchemaDemand> demands;
  for (const YamlNode& item : list.items()) {
    protocol::SchemaDemand demand;
    if (item.is_map()) item.allow_keys({"check", "migrations"});
    const YamlNode name = item.is_map() ? item.at("check") : item;
    demand.name = name.text();
    demand.database = find_database(name, checks, component);
    const auto migrations = item.is_map() ? item.find("migrations") : std::nullopt;
    if (migrations) demand.migrations = read_migrations(*migrations);
    const bool twice = std::any_of(demands.begin(), demands.end(),
                                   [&](const protocol::SchemaDemand& other) { return other.name == demand.name; });
    if (twice) name.refuse(list.label() + " names `" + demand.name + "` twice; remove one");
    demands.push_back(std::move(demand));
  }
  if (demands.size() > limits::schemas_max) {
    list.refuse(list.label() + " names " + std::to_string(demands.size()) + " databases, but at most " +
                std::to_string(limits::schemas_max) + " are read; the others need a backup of their own");
  }
  return demands;
}

}  // namespace switchyard::planner
