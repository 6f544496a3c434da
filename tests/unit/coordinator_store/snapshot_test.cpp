#include "coordinator/model/snapshot.hpp"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <functional>

#include "common/crypto.hpp"
#include "coordinator/store/snapshot_json.hpp"

namespace switchyard::model {
namespace {

constexpr std::int64_t one_day_ms = 86'400'000;

SnapshotRow sample_snapshot() {
  SnapshotPlace place;
  place.host = HostId("web-1");
  place.component = "api";
  place.serving = {protocol::OldKind::release, "blue", ReleaseId(std::string(64, 'a')), "api@blue.service"};
  place.version = "1.0";
  place.unit_state = "active";
  place.enablement = "enabled";
  place.configuration = "0123";
  place.deployment = DeploymentId("d-2");
  place.origin = DeploymentId("d-1");
  place.origin_digest = "feed";
  place.files = {"/etc/api.conf", "/srv/api/state"};
  place.files_present = 1;
  SnapshotRow row{SnapshotId("s-1"), "production", "shop", "local:ann", "before the sale", 5, {place, place}, ""};
  row.places[1].host = HostId("web-2");
  row.checksum = checksum_of(row);
  return row;
}

SnapshotRow with_schema() {
  SnapshotRow row = sample_snapshot();
  SavedSchema schema;
  schema.demand.name = "orders";
  schema.demand.database = {.host = "db.example.com",
                            .port = 5432,
                            .user = "shop",
                            .database = "shop",
                            .query = "SELECT 1",
                            .credential = "shop-db",
                            .tls = protocol::TlsDemand{protocol::TlsMode::verify_ca, "/etc/ssl/db.pem"}};
  schema.demand.migrations = {"schema_migrations", "version", "id"};
  schema.fact = {"orders", "15.18", "16.2", std::string(64, 'd'), 4711, "0002_buyers", "/copies/dddd", ""};
  row.places[1].schemas = {schema};
  row.checksum = checksum_of(row);
  return row;
}

/// A snapshot as a store may hold it: made so many days before `now`.
SnapshotRow aged(const std::string& id, std::int64_t now_ms, std::int64_t days) {
  SnapshotRow row;
  row.id = SnapshotId(id);
  row.created_wall_ms = now_ms - days * one_day_ms;
  return row;
}

std::vector<std::string> names_of(const std::vector<SnapshotId>& ids) {
  std::vector<std::string> names;
  for (const SnapshotId& id : ids) names.push_back(id.str());
  return names;
}

TEST(Snapshot, IsWholeAsItWasWritten) {
  EXPECT_TRUE(is_whole(sample_snapshot()));
  EXPECT_EQ(sample_snapshot().checksum.size(), 64u);
}

TEST(Snapshot, IsNotWholeWhateverIsChangedInIt) {
  const std::vector<std::function<void(SnapshotRow&)>> changes = {
      [](SnapshotRow& row) { row.id = SnapshotId("s-2"); }, [](SnapshotRow& row) { row.environment = "staging"; },
      [](SnapshotRow& row) { row.name = "shops"; }, [](SnapshotRow& row) { row.author = "local:bob"; },
      [](SnapshotRow& row) { row.reason = ""; }, [](SnapshotRow& row) { ++row.created_wall_ms; },
      [](SnapshotRow& row) { row.places.pop_back(); },
      [](SnapshotRow& row) { std::swap(row.places[0], row.places[1]); },
      [](SnapshotRow& row) { row.places[1].host = HostId("web-3"); },
      [](SnapshotRow& row) { row.places[1].component = "web"; },
      [](SnapshotRow& row) { row.places[1].serving.kind = protocol::OldKind::legacy; },
      [](SnapshotRow& row) { row.places[1].serving.slot = "green"; },
      [](SnapshotRow& row) { row.places[1].serving.release = ReleaseId(std::string(64, 'b')); },
      [](SnapshotRow& row) { row.places[1].serving.unit = "api@green.service"; },
      [](SnapshotRow& row) { row.places[1].version = "2.0"; },
      [](SnapshotRow& row) { row.places[1].unit_state = "failed"; },
      [](SnapshotRow& row) { row.places[1].enablement = "disabled"; },
      [](SnapshotRow& row) { row.places[1].configuration = "0124"; },
      [](SnapshotRow& row) { row.places[1].deployment = DeploymentId("d-3"); },
      [](SnapshotRow& row) { row.places[1].origin = DeploymentId("d-3"); },
      [](SnapshotRow& row) { row.places[1].origin_digest = ""; },
      [](SnapshotRow& row) { row.places[1].files.pop_back(); },
      // The same letters elsewhere.
      [](SnapshotRow& row) { row.places[1].files = {"/etc/api.conf/srv/api/state"}; },
      [](SnapshotRow& row) { row.places[1].files_present = 2; },
      [](SnapshotRow& row) { row.checksum.back() = row.checksum.back() == '0' ? '1' : '0'; },
      [](SnapshotRow& row) { row.checksum.clear(); }};
  for (std::size_t i = 0; i < changes.size(); ++i) {
    SnapshotRow row = sample_snapshot();
    changes[i](row);
    EXPECT_FALSE(is_whole(row)) << "change " << i;
  }
}

TEST(Snapshot, IsNotWholeWhateverIsChangedInASchema) {
  EXPECT_TRUE(is_whole(with_schema()));
  const std::vector<std::function<void(SavedSchema&)>> changes = {
      [](SavedSchema& schema) { schema.demand.name = "order"; },
      [](SavedSchema& schema) { schema.demand.database.host = "db"; },
      [](SavedSchema& schema) { schema.demand.database.port = 5433; },
      [](SavedSchema& schema) { schema.demand.database.user = "root"; },
      [](SavedSchema& schema) { schema.demand.database.database = "shops"; },
      [](SavedSchema& schema) { schema.demand.database.query = "SELECT 2"; },
      [](SavedSchema& schema) { schema.demand.database.credential = "root-db"; },
      [](SavedSchema& schema) { schema.demand.database.tls.reset(); },
      [](SavedSchema& schema) { schema.demand.database.tls->mode = protocol::TlsMode::require; },
      [](SavedSchema& schema) { schema.demand.database.tls->authorities = ""; },
      [](SavedSchema& schema) { schema.demand.migrations.reset(); },
      [](SavedSchema& schema) { schema.demand.migrations->table = "other"; },
      [](SavedSchema& schema) { schema.demand.migrations->column = "id"; },
      [](SavedSchema& schema) { schema.demand.migrations->order = "version"; },
      [](SavedSchema& schema) { schema.fact.name = ""; },
      [](SavedSchema& schema) { schema.fact.server_version = "14"; },
      [](SavedSchema& schema) { schema.fact.dump_version = "17"; },
      [](SavedSchema& schema) { schema.fact.sha256.back() = 'e'; },
      [](SavedSchema& schema) { ++schema.fact.bytes; },
      [](SavedSchema& schema) { schema.fact.migration = ""; },
      [](SavedSchema& schema) { schema.fact.file = "/copies/eeee"; },
      [](SavedSchema& schema) { schema.fact.why_not = "x"; }};
  for (std::size_t i = 0; i < changes.size(); ++i) {
    SnapshotRow row = with_schema();
    changes[i](row.places[1].schemas[0]);
    EXPECT_FALSE(is_whole(row)) << "change " << i;
  }
  SnapshotRow elsewhere = with_schema();
  std::swap(elsewhere.places[0].schemas, elsewhere.places[1].schemas);
  EXPECT_FALSE(is_whole(elsewhere));
}

/// Those that were written before there were schemas stay whole.
TEST(Snapshot, WithoutSchemasHasTheChecksumThatItAlwaysHad) {
  SnapshotRow row = sample_snapshot();
  row.places.clear();
  EXPECT_EQ(checksum_of(row), sha256_hex("21:switchyard snapshot 13:s-110:production4:shop9:local:ann15:before the "
                                         "sale1:51:0"));
}

TEST(Snapshot, ReadsADatabaseThatHostsShareOnce) {
  const auto place = [](const char* host, const char* component, const char* database) {
    SnapshotPlace made;
    made.host = HostId(host);
    made.component = component;
    made.schemas.resize(1);
    made.schemas[0].demand.database.host = database;
    return made;
  };
  std::vector<SnapshotPlace> places = {place("web-1", "api", "db"),  place("web-1", "web", "db"),
                                       place("web-2", "api", "db"),  place("web-2", "web", "localhost"),
                                       place("web-3", "api", "db2"), place("web-3", "web", "127.0.0.1")};
  read_shared_schemas_once(places);
  std::vector<std::size_t> read;
  for (const SnapshotPlace& one : places) read.push_back(one.schemas.size());
  EXPECT_EQ(read, (std::vector<std::size_t>{1, 1, 0, 1, 1, 1})) << "another component, another database, one's own";
}

TEST(Snapshot, NamesEachOfItsVersionsOnce) {
  SnapshotRow row = sample_snapshot();
  EXPECT_EQ(versions_of(row), "1.0");
  row.places[1].version = "0.9";
  EXPECT_EQ(versions_of(row), "0.9, 1.0");
  row.places[1].version = "";
  EXPECT_EQ(versions_of(row), "1.0");
}

TEST(SnapshotJson, GivesBackWhatItWasGiven) {
  const SnapshotRow row = sample_snapshot();
  EXPECT_EQ(store::places_from_json(store::to_json(row.places)), row.places);
  EXPECT_EQ(store::places_from_json(store::to_json(with_schema().places)), with_schema().places);
}

TEST(SnapshotJson, OfTheTimeBeforeSchemasIsRead) {
  const SnapshotRow row = sample_snapshot();
  std::string text = store::to_json(row.places);
  const std::string none = ",\"schemas\":[]";
  for (std::size_t at = text.find(none); at != std::string::npos; at = text.find(none)) text.erase(at, none.size());
  EXPECT_EQ(text.find("schemas"), std::string::npos);
  EXPECT_EQ(store::places_from_json(text), row.places);
}

/// Who tampers with one must not keep the others from being listed.
TEST(SnapshotJson, OfADamagedRowHasNoPlacesSoThatItsChecksumIsWrong) {
  SnapshotRow row = sample_snapshot();
  for (const std::string text : {"", "{", "[{}]", R"([{"host":1}])", R"([{"schemas":[{}]}])"}) {
    row.places = store::places_from_json(text);
    EXPECT_TRUE(row.places.empty()) << text;
    EXPECT_FALSE(is_whole(row)) << text;
  }
}

TEST(SnapshotRetention, KeepsTheNewest) {
  const std::int64_t now = 1'000 * one_day_ms;
  const std::vector<SnapshotRow> rows = {aged("s-3", now, 1), aged("s-2", now, 2), aged("s-1", now, 900)};
  EXPECT_EQ(names_of(snapshots_to_drop(rows, {3, 0}, {}, now)), std::vector<std::string>{});
  EXPECT_EQ(names_of(snapshots_to_drop(rows, {2, 0}, {}, now)), std::vector<std::string>{"s-1"});
  EXPECT_EQ(names_of(snapshots_to_drop(rows, {1, 0}, {}, now)), (std::vector<std::string>{"s-2", "s-1"}));
}

TEST(SnapshotRetention, DropsWhatIsTooOldHoweverFewThereAre) {
  const std::int64_t now = 1'000 * one_day_ms;
  const std::vector<SnapshotRow> rows = {aged("s-3", now, 29), aged("s-2", now, 30), aged("s-1", now, 31)};
  EXPECT_EQ(names_of(snapshots_to_drop(rows, {10, 30}, {}, now)), std::vector<std::string>{"s-1"});
  EXPECT_EQ(names_of(snapshots_to_drop(rows, {10, 30}, {}, now + 1)), (std::vector<std::string>{"s-2", "s-1"}));
}

TEST(SnapshotRetention, LeavesWhatIsJustBeingRestored) {
  const std::int64_t now = 1'000 * one_day_ms;
  const std::vector<SnapshotRow> rows = {aged("s-3", now, 1), aged("s-2", now, 2), aged("s-1", now, 900)};
  EXPECT_EQ(names_of(snapshots_to_drop(rows, {1, 30}, {SnapshotId("s-1")}, now)), std::vector<std::string>{"s-2"});
}

RC_GTEST_PROP(SnapshotRetentionProperty, KeepsAtMostThatManyAndNeverDropsTheNewest,
              (std::uint8_t count, std::uint8_t keep)) {
  RC_PRE(keep > 0);
  const std::int64_t now = 10'000 * one_day_ms;
  std::vector<SnapshotRow> rows;
  for (int i = 0; i < count; ++i) rows.push_back(aged("s-" + std::to_string(i), now, i));
  const std::vector<SnapshotId> dropped = snapshots_to_drop(rows, {keep, 0}, {}, now);
  RC_ASSERT(rows.size() - dropped.size() == std::min<std::size_t>(count, keep));
  for (const SnapshotId& id : dropped) RC_ASSERT(id != rows.front().id);
}

}  // namespace
}  // namespace switchyard::model
