// Schemas of databases in snapshots: read when one is made, compared when somebody asks, and never put back.
#include <gtest/gtest.h>

#include "coordinator/fleet/snapshot_rules.hpp"
#include "tests/unit/coordinator_fleet/snapshots_fixture.hpp"

namespace switchyard::fleet {
namespace {

using State = PlaceNow::State;

const std::string one_digest(64, 'a');
const std::string other_digest(64, 'b');

protocol::SchemaFact fact_with(const std::string& sha256, const std::string& migration) {
  protocol::SchemaFact fact;
  fact.server_version = "15.18 (Debian)";
  fact.dump_version = "16.2";
  fact.sha256 = sha256;
  fact.bytes = 4711;
  fact.migration = migration;
  return fact;
}

class SnapshotSchemas : public SnapshotsTest {
 protected:
  SnapshotSchemas() {
    for (const char* host : {"web-1", "web-2"}) world.agent(host).schema = fact_with(one_digest, "0001_orders");
  }
  /// `database`: the host of the database, as the check has it.
  void deploy_with_database(const std::string& database, const std::string& version = "1.0") {
    deploy(version, "web-1, web-2", false,
           "    health_checks: [{name: orders, type: database, config: {host: " + database +
               ", user: shop}}]\n    schemas_to_backup: [{check: orders, migrations: {table: schema_migrations}}]\n");
  }
  /// Of each order to its agent that names schemas, what they are wanted for.
  std::vector<std::string> ordered_of(const std::string& host) {
    std::vector<std::string> names;
    for (const protocol::Message& message : world.agent(host).heard) {
      const auto* save = std::get_if<protocol::SaveFiles>(&message);
      if (save == nullptr) continue;
      for (const protocol::FileSave& one : protocol::decode_save_order(save->order).saves) {
        for (const protocol::SchemaDemand& demand : one.schemas) {
          names.push_back(demand.name + (one.name.empty() ? " looked at" : " kept"));
        }
      }
    }
    return names;
  }
};

TEST_F(SnapshotSchemas, SayWhatEachHostHasRead) {
  deploy_with_database("127.0.0.1");
  const SnapshotView view = created();
  for (const model::SnapshotPlace& place : view.row.places) {
    ASSERT_EQ(place.schemas.size(), 1u) << "each host has a database of its own";
    const model::SavedSchema& schema = place.schemas[0];
    EXPECT_EQ(schema.demand.name, "orders");
    EXPECT_EQ(schema.demand.database.user, "shop");
    EXPECT_EQ(schema.demand.migrations->table, "schema_migrations");
    EXPECT_EQ(schema.fact.sha256, one_digest);
    EXPECT_EQ(schema.fact.migration, "0001_orders");
    EXPECT_EQ(schema.fact.server_version, "15.18 (Debian)");
    EXPECT_EQ(schema.fact.file, "/copies/" + view.row.id.str() + "/orders");
  }
  EXPECT_TRUE(view.whole);
  EXPECT_EQ(world.store().snapshot(view.row.id), view.row);
  EXPECT_EQ(ordered_of("web-1"), std::vector<std::string>{"orders kept"});
}

TEST_F(SnapshotSchemas, OfADatabaseThatHostsShareAreReadOnTheFirstOfThemAlone) {
  deploy_with_database("db.example.com");
  const SnapshotView view = created();
  EXPECT_EQ(view.row.places.at(0).schemas.size(), 1u);
  EXPECT_TRUE(view.row.places.at(1).schemas.empty());
  EXPECT_TRUE(ordered_of("web-2").empty());
}

TEST_F(SnapshotSchemas, ThatCannotBeReadMakeNoSnapshot) {
  deploy_with_database("127.0.0.1");
  world.agent("web-2").schema.why_not = "there is no pg_dump on this host; install it";
  const Refusal refusal = expect_refusal(create());
  EXPECT_EQ(refusal.code, "not_saved");
  EXPECT_EQ(refusal.details.at("host"), "web-2");
  EXPECT_NE(refusal.message.find("there is no pg_dump on this host; install it"), std::string::npos) << refusal.message;
  world.run(5'000);
  EXPECT_TRUE(listed().empty());
  EXPECT_TRUE(world.agent("web-1").copies.empty()) << "what the other has kept goes again";
}

TEST_F(SnapshotSchemas, NeedAnAgentThatReadsThem) {
  deploy_with_database("127.0.0.1");
  FakeAgent& old = world.agent("web-1");
  world.lose(old);
  std::erase(old.features, "schema-saves");
  world.connect(old);
  world.run(1'000);
  const Refusal refusal = expect_refusal(create());
  EXPECT_EQ(refusal.code, "not_saved");
  EXPECT_NE(refusal.message.find("reads no schemas of databases"), std::string::npos) << refusal.message;
  EXPECT_EQ(old.count<protocol::SaveFiles>(), 0u);
}

TEST_F(SnapshotSchemas, AreComparedOnlyWhenThatIsAskedFor) {
  deploy_with_database("127.0.0.1");
  const SnapshotId id = created().row.id;
  world.agent("web-1").schema = fact_with(other_digest, "0002_buyers");
  for (const PlaceNow& now : shown(id).now) EXPECT_EQ(now.state, State::same);
  EXPECT_EQ(ordered_of("web-1"), std::vector<std::string>{"orders kept"}) << "nobody had it read";
  const SnapshotView view = shown(id, true);
  EXPECT_EQ(view.now.at(0).state, State::different);
  EXPECT_NE(view.now.at(0).differences.at(0).find("newest migration 0001_orders then, 0002_buyers now"),
            std::string::npos)
      << view.now.at(0).differences.at(0);
  EXPECT_EQ(view.now.at(1).state, State::same);
  EXPECT_EQ(ordered_of("web-1"), (std::vector<std::string>{"orders kept", "orders looked at"}));
  EXPECT_EQ(world.agent("web-1").copies.size(), 1u) << "who looks takes no copy away";
}

TEST_F(SnapshotSchemas, AreNotTouchedByARestore) {
  deploy_with_database("127.0.0.1");
  const SnapshotId id = created().row.id;
  deploy_with_database("127.0.0.1", "2.0");
  world.agent("web-1").schema = fact_with(other_digest, "0002_buyers");
  restored(id);
  EXPECT_EQ(serving("web-1"), release("api", "1.0"));
  EXPECT_EQ(ordered_of("web-1"), std::vector<std::string>{"orders kept"}) << "the restore has nothing to do with it";
  EXPECT_EQ(shown(id, true).now.at(0).state, State::different);
}

TEST_F(SnapshotSchemas, OfAHostThatIsAwayAreNotKnown) {
  deploy_with_database("127.0.0.1");
  const SnapshotId id = created().row.id;
  world.lose(world.agent("web-2"));
  const SnapshotView view = shown(id, true);
  EXPECT_EQ(view.now.at(0).state, State::same);
  EXPECT_EQ(view.now.at(1).state, State::unknown);
}

TEST_F(SnapshotSchemas, GoWithTheirSnapshot) {
  deploy_with_database("127.0.0.1");
  const SnapshotId id = created().row.id;
  EXPECT_EQ(world.agent("web-1").copies.size(), 1u);
  expect_value(world.operations().remove_snapshot(FleetWorld::caller, id));
  world.run(5'000);
  EXPECT_TRUE(world.agent("web-1").copies.empty());
}

// --- the comparison
// ----------------------------------------------------------------------------------------------------

model::SnapshotPlace place_with(const protocol::SchemaFact& fact) {
  model::SnapshotPlace place;
  place.host = HostId("web-1");
  place.component = "api";
  model::SavedSchema schema;
  schema.demand.name = "orders";
  schema.demand.database.database = "shop";
  schema.demand.database.host = "db.example.com";
  schema.fact = fact;
  schema.fact.name = "orders";
  schema.fact.file = "/copies/dddd";
  place.schemas = {schema};
  return place;
}

PlaceNow compared(const protocol::SchemaFact& then, protocol::SchemaFact now, State state = State::same) {
  now.name = "orders";
  FileSaves::HostAnswer answer;
  protocol::FileSaveResult result;
  result.component = "api";
  result.done = true;
  result.schemas = {now};
  answer.results = {result};
  PlaceNow place;
  place.state = state;
  compare_schemas(place_with(then), &answer, place);
  return place;
}

TEST(SchemaComparison, SaysOfADifferenceWhereTheSavedTextIsAndThatNothingIsPutBack) {
  const PlaceNow now = compared(fact_with(one_digest, ""), fact_with(other_digest, ""));
  EXPECT_EQ(now.state, State::different);
  ASSERT_EQ(now.differences.size(), 1u);
  const std::string& said = now.differences[0];
  EXPECT_NE(said.find("database shop on db.example.com (orders)"), std::string::npos) << said;
  EXPECT_NE(said.find("/copies/dddd on web-1"), std::string::npos) << said;
  EXPECT_NE(said.find("changes no schema back"), std::string::npos) << said;
  EXPECT_EQ(said.find("migration"), std::string::npos) << "none is named by a table: " << said;
}

TEST(SchemaComparison, OfTheSameSchemaSaysNothing) {
  EXPECT_EQ(compared(fact_with(one_digest, "1"), fact_with(one_digest, "1")).state, State::same);
  EXPECT_TRUE(compared(fact_with(one_digest, "1"), fact_with(one_digest, "1")).differences.empty());
}

TEST(SchemaComparison, OfTheSameDefinitionsAfterAnotherMigrationSaysSo) {
  EXPECT_EQ(compared(fact_with(one_digest, "1"), fact_with(one_digest, "2")).state, State::different);
}

/// Their texts differ, whatever the schemas do.
TEST(SchemaComparison, OfWhatOtherVersionsHaveWrittenDownKnowsNothing) {
  protocol::SchemaFact newer = fact_with(other_digest, "1");
  newer.dump_version = "17.1";
  EXPECT_EQ(compared(fact_with(one_digest, "1"), newer).state, State::unknown);
  newer = fact_with(other_digest, "1");
  newer.server_version = "18.0 (Debian)";
  EXPECT_EQ(compared(fact_with(one_digest, "1"), newer).state, State::unknown);
  newer.server_version = "15.19";
  EXPECT_EQ(compared(fact_with(one_digest, "1"), newer).state, State::different) << "a corrected version is the same";
  newer = fact_with(one_digest, "1");
  newer.dump_version = "17.1";
  EXPECT_EQ(compared(fact_with(one_digest, "1"), newer).state, State::same) << "in the same words all the same";
}

TEST(SchemaComparison, OfWhatWasNotReadKnowsNothingAndHidesNoDifference) {
  protocol::SchemaFact unread;
  unread.why_not = "the database shop did not let shop in";
  const PlaceNow now = compared(fact_with(one_digest, "1"), unread);
  EXPECT_EQ(now.state, State::unknown);
  EXPECT_NE(now.differences.at(0).find("did not let shop in"), std::string::npos);
  EXPECT_EQ(compared(fact_with(one_digest, "1"), unread, State::different).state, State::different);
  EXPECT_EQ(compared(fact_with(one_digest, "1"), fact_with("", "1")).state, State::unknown) << "no digest is no answer";
  PlaceNow silent;
  silent.state = State::same;
  compare_schemas(place_with(fact_with(one_digest, "1")), nullptr, silent);
  EXPECT_EQ(silent.state, State::unknown);
}

}  // namespace
}  // namespace switchyard::fleet
