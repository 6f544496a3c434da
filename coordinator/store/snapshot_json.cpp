#include "coordinator/store/snapshot_json.hpp"

#include <exception>
#include <nlohmann/json.hpp>
#include <utility>

#include "common/log.hpp"

namespace switchyard::store {
namespace {

using nlohmann::json;

json demand_value(const protocol::SchemaDemand& demand) {
  const protocol::DatabaseProbe& database = demand.database;
  json value = {{"name", demand.name},
                {"host", database.host},
                {"port", database.port},
                {"user", database.user},
                {"database", database.database},
                {"query", database.query},
                {"credential", database.credential}};
  if (database.tls) {
    value["tls"] = static_cast<int>(database.tls->mode);
    value["authorities"] = database.tls->authorities;
  }
  if (const auto& migrations = demand.migrations) {
    value["migrations"] = {migrations->table, migrations->column, migrations->order};
  }
  return value;
}

json schema_value(const model::SavedSchema& schema) {
  const protocol::SchemaFact& fact = schema.fact;
  return {{"demand", demand_value(schema.demand)}, {"name", fact.name},     {"server_version", fact.server_version},
          {"dump_version", fact.dump_version},     {"sha256", fact.sha256}, {"bytes", fact.bytes},
          {"migration", fact.migration},           {"file", fact.file},     {"why_not", fact.why_not}};
}

protocol::SchemaDemand demand_from(const json& value) {
  protocol::SchemaDemand demand;
  demand.name = value.at("name").get<std::string>();
  protocol::DatabaseProbe& database = demand.database;
  database.host = value.at("host").get<std::string>();
  database.port = value.at("port").get<std::uint16_t>();
  database.user = value.at("user").get<std::string>();
  database.database = value.at("database").get<std::string>();
  database.query = value.at("query").get<std::string>();
  database.credential = value.at("credential").get<std::string>();
  if (value.contains("tls")) {
    database.tls = protocol::TlsDemand{static_cast<protocol::TlsMode>(value["tls"].get<int>()),
                                       value.at("authorities").get<std::string>()};
  }
  if (value.contains("migrations")) {
    const auto words = value["migrations"].get<std::vector<std::string>>();
    demand.migrations = {words.at(0), words.at(1), words.at(2)};
  }
  return demand;
}

model::SavedSchema schema_from(const json& value) {
  model::SavedSchema schema;
  schema.demand = demand_from(value.at("demand"));
  const auto word = [&](const char* key) { return value.at(key).get<std::string>(); };
  schema.fact.name = word("name");
  schema.fact.server_version = word("server_version");
  schema.fact.dump_version = word("dump_version");
  schema.fact.sha256 = word("sha256");
  schema.fact.bytes = value.at("bytes").get<std::uint64_t>();
  schema.fact.migration = word("migration");
  schema.fact.file = word("file");
  schema.fact.why_not = word("why_not");
  return schema;
}

json place_value(const model::SnapshotPlace& place) {
  json schemas = json::array();
  for (const model::SavedSchema& schema : place.schemas) schemas.push_back(schema_value(schema));
  return {{"host", place.host.str()},
          {"component", place.component},
          {"kind", static_cast<int>(place.serving.kind)},
          {"slot", place.serving.slot},
          {"release", place.serving.release.str()},
          {"unit", place.serving.unit},
          {"version", place.version},
          {"unit_state", place.unit_state},
          {"enablement", place.enablement},
          {"configuration", place.configuration},
          {"deployment", place.deployment.str()},
          {"origin", place.origin.str()},
          {"origin_digest", place.origin_digest},
          {"files", place.files},
          {"files_present", place.files_present},
          {"schemas", std::move(schemas)}};
}

model::SnapshotPlace place_from(const json& value) {
  const auto word = [&](const char* key) { return value.at(key).get<std::string>(); };
  model::SnapshotPlace place;
  place.host = HostId(word("host"));
  place.component = word("component");
  place.serving.kind = static_cast<protocol::OldKind>(value.at("kind").get<int>());
  place.serving.slot = word("slot");
  place.serving.release = ReleaseId(word("release"));
  place.serving.unit = word("unit");
  place.version = word("version");
  place.unit_state = word("unit_state");
  place.enablement = word("enablement");
  place.configuration = word("configuration");
  place.deployment = DeploymentId(word("deployment"));
  place.origin = DeploymentId(word("origin"));
  place.origin_digest = word("origin_digest");
  place.files = value.at("files").get<std::vector<std::string>>();
  place.files_present = value.at("files_present").get<std::uint32_t>();
  if (value.contains("schemas")) {
    for (const json& schema : value["schemas"]) place.schemas.push_back(schema_from(schema));
  }
  return place;
}

}  // namespace

std::string to_json(const std::vector<model::SnapshotPlace>& places) {
  json list = json::array();
  for (const model::SnapshotPlace& place : places) list.push_back(place_value(place));
  return list.dump(-1, ' ', false, json::error_handler_t::replace);
}

std::vector<model::SnapshotPlace> places_from_json(const std::string& text) {
  try {
    std::vector<model::SnapshotPlace> places;
    for (const json& value : json::parse(text)) places.push_back(place_from(value));
    return places;
  } catch (const std::exception& error) {  // of the JSON, or a list that is too short
    log::error("the store holds a damaged snapshot", {{"why", error.what()}});
    return {};
  }
}

}  // namespace switchyard::store
