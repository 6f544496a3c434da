#include <gtest/gtest.h>

#include <filesystem>

#include "cli/api_values.hpp"
#include "cli/snapshot_report.hpp"
#include "common/crypto.hpp"
#include "coordinator/api/json_views.hpp"
#include "coordinator/api/snapshot_views.hpp"
#include "tests/unit/cli/scripted_coordinator.hpp"
#include "tests/unit/coordinator_api/fake_operations.hpp"

namespace switchyard::testing {
namespace {

using PlaceState = fleet::PlaceNow::State;

/// A snapshot of one place, as the coordinator shows it after it has looked.
std::string looked_at(PlaceState state, const std::vector<std::string>& differences = {}) {
  fleet::SnapshotView view = FakeOperations::sample_snapshot();
  view.now = {{state, differences, true, true}};
  return api::views::snapshot_body(view);
}
/// The same with the schema of a database in it.
std::string with_schema(PlaceState state, const std::vector<std::string>& differences = {}) {
  fleet::SnapshotView view = FakeOperations::sample_snapshot();
  model::SavedSchema schema;
  schema.demand.name = "orders";
  schema.demand.database = {.host = "db.example.com",
                            .port = 5432,
                            .user = "shopkeeper",
                            .database = "shop",
                            .query = "SELECT 1",
                            .credential = "shop-db"};
  schema.fact.name = "orders";
  schema.fact.server_version = "15.18 (Debian)";
  schema.fact.dump_version = "15.18 (Debian)";
  schema.fact.sha256 = std::string(64, 'd');
  schema.fact.bytes = 4711;
  schema.fact.migration = "0002_buyers";
  schema.fact.file = "/var/lib/switchyard/agent/snapshots/api/s-0123456789abcdef.schemas/eeee";
  view.row.places[0].schemas = {schema};
  view.now = {{state, differences, true, true}};
  return api::views::snapshot_body(view);
}
std::string corrupt_snapshot() {
  fleet::SnapshotView view = FakeOperations::sample_snapshot();
  view.whole = false;
  view.why_not = "it is not what was written";
  return api::views::snapshot_body(view);
}

class SnapshotCommandsTest : public CommandTest {
 protected:
  void restored() {
    coordinator.answer(201, deployment_json("approved"));
    coordinator.answer(timeline_json("", 0, "done"));
  }
  int restore() { return run({"snapshot", "restore", known_snapshot.str(), "--reason", "the sale went wrong"}); }
};

TEST(SnapshotValues, AreReadAsTheCoordinatorWritesThem) {
  const FakeOperations operations;
  const cli::Snapshot made = cli::read_snapshot(api::views::snapshot_body(FakeOperations::sample_snapshot()));
  EXPECT_EQ(made.id, known_snapshot.str());
  EXPECT_EQ(made.environment + made.name + made.version, "productionshop1.2");
  EXPECT_EQ(made.author + ": " + made.reason, "local:ann: before the sale");
  EXPECT_EQ(made.checksum.size(), 64u);
  EXPECT_TRUE(made.whole);
  const cli::SnapshotPlace& place = made.places.at(0);
  EXPECT_EQ(place.host + place.component + place.slot, "web-1apiblue");
  EXPECT_EQ(place.release, release_a);
  EXPECT_EQ(place.unit_state + place.enablement, "activeenabled");
  EXPECT_EQ(place.files, std::vector<std::string>{"/etc/api.conf"});
  EXPECT_EQ(place.files_present, 1u);
  EXPECT_EQ(place.state, "") << "nobody looked";
  EXPECT_EQ(place.present, std::nullopt);
  EXPECT_EQ(cli::read_snapshots(api::views::snapshots_body(operations.snapshots({}, "", "", 10))).size(), 1u);

  const cli::Snapshot seen = cli::read_snapshot(looked_at(PlaceState::different, {"release bbbb serves"}));
  EXPECT_EQ(seen.places.at(0).state, "different");
  EXPECT_EQ(seen.places.at(0).differences, std::vector<std::string>{"release bbbb serves"});
  EXPECT_EQ(seen.places.at(0).present, true);
  EXPECT_TRUE(seen.places.at(0).kept);
}

TEST(SnapshotValues, ADeploymentSaysWhichOneItBringsBack) {
  fleet::DeploymentView view = FakeOperations::sample_view();
  view.row.kind = model::DeploymentKind::restore;
  view.row.snapshot = known_snapshot;
  const cli::Deployment restore = cli::read_deployment(api::views::deployment_body(view));
  EXPECT_EQ(restore.kind, "restore");
  EXPECT_EQ(restore.snapshot, known_snapshot.str());
  EXPECT_EQ(cli::read_deployment(deployment_json("done")).snapshot, "") << "a coordinator of before does not say";
}

TEST(SnapshotReport, SaysWhereTheBytesAreAndWhatIsNotThere) {
  cli::Snapshot snapshot = cli::read_snapshot(looked_at(PlaceState::different, {"release bbbb serves"}));
  EXPECT_NE(cli::snapshot_text(snapshot).find("on the host"), std::string::npos);
  EXPECT_NE(cli::snapshot_text(snapshot).find("release bbbb serves"), std::string::npos);
  EXPECT_NE(cli::snapshot_text(snapshot).find("snapshot restore s-0123456789abcdef"), std::string::npos);
  snapshot.places[0].present = false;
  snapshot.places[0].files_present = 0;
  EXPECT_NE(cli::snapshot_text(snapshot).find("fetched again"), std::string::npos);
  EXPECT_NE(cli::snapshot_text(snapshot).find("1, 1 of them absent"), std::string::npos);
  snapshot.places[0].kept = false;
  snapshot.why_not = "its bytes are gone";
  EXPECT_NE(cli::snapshot_text(snapshot).find("  gone  "), std::string::npos) << cli::snapshot_text(snapshot);
  EXPECT_NE(cli::snapshot_text(snapshot).find("It cannot be restored now: its bytes are gone\n"), std::string::npos);
  EXPECT_EQ(cli::snapshot_text(snapshot).find("snapshot restore"), std::string::npos) << "no advice that is refused";
}

TEST(SnapshotReport, NamesWhatIsNotAsTheSnapshotSays) {
  cli::Snapshot snapshot = cli::read_snapshot(looked_at(PlaceState::same));
  EXPECT_TRUE(cli::is_as_saved(snapshot));
  EXPECT_EQ(cli::read_back_text(snapshot), "Read back: 1 of 1 place is as snapshot s-0123456789abcdef says.\n");
  cli::SnapshotPlace other = snapshot.places[0];
  other.host = "web-2";
  other.state = "left";
  other.differences = {"the host left the fleet"};
  snapshot.places.push_back(other);
  EXPECT_TRUE(cli::is_as_saved(snapshot)) << "a host that is no more is not asked for";
  other.host = "web-3";
  other.state = "unknown";
  other.differences = {"the host is away"};
  snapshot.places.push_back(other);
  snapshot.since = {"web on web-2"};
  EXPECT_FALSE(cli::is_as_saved(snapshot)) << "what nobody read is not known to be as saved";
  EXPECT_EQ(cli::read_back_text(snapshot),
            "Read back: 1 of 2 places are as snapshot s-0123456789abcdef says.\n"
            "  api on web-2: the host left the fleet\n"
            "  api on web-3: the host is away\n"
            "It says nothing of: web on web-2\n");
}

TEST(SnapshotReport, ShowsTheSchemasOfDatabasesAndWhereTheyAreKept) {
  const std::string body = with_schema(PlaceState::same);
  EXPECT_EQ(body.find("shopkeeper"), std::string::npos) << "as whom it is read is the manifest's";
  EXPECT_EQ(body.find("shop-db"), std::string::npos);
  const cli::Snapshot snapshot = cli::read_snapshot(body);
  EXPECT_TRUE(cli::has_schemas(snapshot));
  EXPECT_FALSE(cli::has_schemas(cli::read_snapshot(looked_at(PlaceState::same))));
  const std::string text = cli::snapshot_text(snapshot);
  for (const char* part :
       {"shop", "db.example.com", "15.18 ", "dddddddddddd ", "0002_buyers", "4711",
        "Schema of shop, on host web-1: /var/lib/switchyard/agent/snapshots/api/s-0123456789abcdef"}) {
    EXPECT_NE(text.find(part), std::string::npos) << part << " in\n" << text;
  }
  EXPECT_EQ(cli::snapshot_text(cli::read_snapshot(looked_at(PlaceState::same))).find("MIGRATION"), std::string::npos);
}

TEST_F(SnapshotCommandsTest, SchemasAreComparedWhenThatIsAskedFor) {
  coordinator.answer(with_schema(PlaceState::same));
  EXPECT_EQ(run({"snapshot", "show", "s-1"}), 0);
  EXPECT_EQ(asked(), "GET /v1/snapshots/s-1");
  EXPECT_NE(notes.str().find("snapshot show s-0123456789abcdef --schemas"), std::string::npos) << notes.str();
  coordinator.calls.clear();
  coordinator.answer(with_schema(PlaceState::different, {"the schema of database shop is another"}));
  EXPECT_EQ(run({"snapshot", "show", "s-1", "--schemas"}), 0);
  EXPECT_EQ(asked(), "GET /v1/snapshots/s-1?schemas=1");
  EXPECT_NE(out.str().find("the schema of database shop is another"), std::string::npos) << out.str();
}

TEST_F(SnapshotCommandsTest, ARestoreReadsSchemasBackTooAndIsUnresolvedWhereOneIsAnother) {
  restored();
  coordinator.answer(with_schema(PlaceState::same));
  coordinator.answer(with_schema(PlaceState::different, {"the schema of database shop is another"}));
  EXPECT_EQ(restore(), 4);
  EXPECT_EQ(asked(2), "GET /v1/snapshots/s-0123456789abcdef");
  EXPECT_EQ(asked(3), "GET /v1/snapshots/s-0123456789abcdef?schemas=1");
  EXPECT_NE(out.str().find("api on web-1: the schema of database shop is another"), std::string::npos) << out.str();
}

TEST_F(SnapshotCommandsTest, EachVerbAsksForItsOperation) {
  const std::string one = api::views::snapshot_body(FakeOperations::sample_snapshot());
  const struct {
    std::vector<std::string> words;
    std::string answer, request, body;
  } verbs[] = {
      {{"snapshot", "create", "--environment", "production"},
       one,
       "POST /v1/snapshots",
       R"({"environment":"production","reason":""})"},
      {{"snapshot", "create", "--environment", "production", "--name", "shop", "--reason", "r"},
       one,
       "POST /v1/snapshots",
       R"({"environment":"production","name":"shop","reason":"r"})"},
      {{"snapshot", "list"}, R"({"snapshots":[)" + one + "]}", "GET /v1/snapshots?limit=20", ""},
      {{"snapshot", "list", "--name", "shop", "--limit", "3"},
       R"({"snapshots":[]})",
       "GET /v1/snapshots?limit=3&name=shop",
       ""},
      {{"snapshot", "list", "--environment", "e", "--name", "a&b"},
       R"({"snapshots":[]})",
       "GET /v1/snapshots?limit=20&environment=e&name=a%26b",
       ""},
      {{"snapshot", "show", "s-1"}, looked_at(PlaceState::same), "GET /v1/snapshots/s-1", ""},
      {{"snapshot", "restore", "s-1", "--reason", "r", "--detach"},
       deployment_json("approved"),
       "POST /v1/snapshots/s-1/restore",
       R"({"reason":"r"})"},
      {{"snapshot", "rm", "../s"}, R"({"ok":true})", "DELETE /v1/snapshots/..%2Fs", ""},
  };
  for (const auto& verb : verbs) {
    coordinator.calls.clear();
    coordinator.answer(verb.answer);
    EXPECT_EQ(run(verb.words), 0) << verb.request;
    EXPECT_EQ(asked(), verb.request);
    EXPECT_EQ(coordinator.calls.at(0).body, verb.body);
  }
}

TEST_F(SnapshotCommandsTest, TheIdStandsAloneOnStandardOutput) {
  coordinator.answer(201, api::views::snapshot_body(FakeOperations::sample_snapshot()));
  EXPECT_EQ(run({"snapshot", "create", "--environment", "production"}), 0);
  EXPECT_EQ(out.str(), "s-0123456789abcdef\n");
  EXPECT_NE(notes.str().find("shop 1.2 in production: 1 place, 1 file kept"), std::string::npos) << notes.str();
}

TEST_F(SnapshotCommandsTest, IsWrittenDownInADirectoryTooIfOneIsNamed) {
  const std::filesystem::path directory = std::filesystem::temp_directory_path() / ("switchyard-cli-" + random_hex(6));
  EXPECT_EQ(run({"snapshot", "create", "--environment", "production", "--backup-dir", directory}), 2);
  EXPECT_TRUE(coordinator.calls.empty()) << "none is made that could not be written down";
  std::filesystem::create_directories(directory);
  coordinator.answer(201, api::views::snapshot_body(FakeOperations::sample_snapshot()));
  EXPECT_EQ(run({"snapshot", "create", "--environment", "production", "--backup-dir", directory}), 0);
  EXPECT_TRUE(std::filesystem::exists(directory / (known_snapshot.str() + ".json")));
  std::filesystem::remove_all(directory);
}

/// What answers there may be no coordinator of ours, and root may be asking.
TEST_F(SnapshotCommandsTest, AreNotWrittenWhereSomebodyElseSays) {
  fleet::SnapshotView view = FakeOperations::sample_snapshot();
  view.row.id = SnapshotId("../../../tmp/elsewhere");
  coordinator.answer(201, api::views::snapshot_body(view));
  const auto directory = std::filesystem::temp_directory_path();
  EXPECT_EQ(run({"snapshot", "create", "--environment", "production", "--backup-dir", directory}), 2);
  EXPECT_NE(notes.str().find("which is no name of one"), std::string::npos) << notes.str();
}

TEST_F(SnapshotCommandsTest, OneThatIsNotWhatWasWrittenIsSaidSo) {
  coordinator.answer(R"({"snapshots":[)" + corrupt_snapshot() + "]}");
  EXPECT_EQ(run({"snapshot", "list"}), 0);
  EXPECT_NE(out.str().find("CORRUPT"), std::string::npos) << out.str();
  coordinator.answer(corrupt_snapshot());
  EXPECT_EQ(run({"snapshot", "show", "s-1"}), 4);
  EXPECT_NE(out.str().find("CORRUPT: it is not what was written"), std::string::npos) << out.str();
}

TEST_F(SnapshotCommandsTest, ARestoreIsWatchedAndReadBack) {
  restored();
  coordinator.answer(looked_at(PlaceState::same));
  EXPECT_EQ(restore(), 0);
  EXPECT_EQ(asked(0), "POST /v1/snapshots/s-0123456789abcdef/restore");
  EXPECT_EQ(coordinator.calls.at(0).body, R"({"reason":"the sale went wrong"})");
  EXPECT_EQ(asked(1), "GET /v1/deployments/d-1/timeline?after=0&wait_ms=20000");
  EXPECT_EQ(asked(2), "GET /v1/snapshots/s-0123456789abcdef");
  EXPECT_NE(out.str().find("Read back: 1 of 1 place is as snapshot"), std::string::npos) << out.str();
}

TEST_F(SnapshotCommandsTest, ARestoreThatIsNotReadBackAsSavedIsUnresolved) {
  restored();
  coordinator.answer(looked_at(PlaceState::different, {"configuration bbbb"}));
  EXPECT_EQ(restore(), 4);
  EXPECT_NE(out.str().find("api on web-1: configuration bbbb"), std::string::npos) << out.str();
}

TEST_F(SnapshotCommandsTest, ARestoreWhoseSchemasCannotBeComparedIsReportedAllTheSame) {
  restored();
  coordinator.answer(with_schema(PlaceState::same));
  coordinator.answer(409, error_json("busy", "8 rounds are under way"));
  EXPECT_EQ(restore(), 4);
  EXPECT_NE(out.str().find("Read back: 1 of 1 place is as snapshot"), std::string::npos) << out.str();
  EXPECT_NE(out.str().find("Schemas of databases were not compared"), std::string::npos) << out.str();
}

TEST_F(SnapshotCommandsTest, ARestoreThatWasUndoneIsNotReadBack) {
  coordinator.answer(201, deployment_json("approved"));
  coordinator.answer(timeline_json("", 0, "rolled_back"));
  EXPECT_EQ(restore(), 3);
  EXPECT_EQ(coordinator.calls.size(), 2u);
}

TEST_F(SnapshotCommandsTest, ARestoreThatWaitsForApprovalIsWaitedForOnlyIfWanted) {
  coordinator.answer(201, deployment_json("draft"));
  coordinator.answer(timeline_json("", 0, "draft"));
  EXPECT_EQ(restore(), 4);
  EXPECT_NE(notes.str().find("Restore d-1 waits for approval."), std::string::npos) << notes.str();
  coordinator.answer(201, deployment_json("draft"));
  coordinator.answer(timeline_json("", 0, "draft"));
  coordinator.answer(timeline_json("", 0, "done"));
  coordinator.answer(looked_at(PlaceState::same));
  EXPECT_EQ(run({"snapshot", "restore", "s-1", "--reason", "r", "--wait-approval"}), 0);
}

TEST_F(SnapshotCommandsTest, InJsonTheDeploymentIsTheOnlyAnswer) {
  restored();
  coordinator.answer(deployment_json("done"));
  coordinator.answer(looked_at(PlaceState::same));
  EXPECT_EQ(run({"snapshot", "restore", "s-1", "--reason", "r", "--json"}), 0);
  EXPECT_EQ(out.str().find("Read back"), std::string::npos) << out.str();
  EXPECT_NE(notes.str().find("Read back: 1 of 1"), std::string::npos) << notes.str();
}

TEST_F(SnapshotCommandsTest, ARefusedRestoreHasTheStatusOfARefusal) {
  coordinator.answer(409, error_json("snapshot_corrupt", "snapshot s-1 is not what was written"));
  EXPECT_EQ(restore(), 6);
  EXPECT_NE(notes.str().find("is not what was written"), std::string::npos) << notes.str();
}

TEST_F(SnapshotCommandsTest, WhatChangesSomethingCanBeRehearsed) {
  const std::string would = R"({"dry_run":true,"would":"so"})";
  const struct {
    std::vector<std::string> words;
    std::string request;
  } verbs[] = {
      {{"snapshot", "create", "--environment", "e"}, "POST /v1/snapshots?dry_run=true"},
      {{"snapshot", "restore", "s-1", "--reason", "r"}, "POST /v1/snapshots/s-1/restore?dry_run=true"},
      {{"snapshot", "rm", "s-1"}, "DELETE /v1/snapshots/s-1?dry_run=true"},
  };
  for (const auto& verb : verbs) {
    coordinator.calls.clear();
    coordinator.answer(would);
    std::vector<std::string> words = verb.words;
    words.push_back("--dry-run");
    EXPECT_EQ(run(words), 0) << verb.request;
    EXPECT_EQ(asked(), verb.request);
  }
  EXPECT_EQ(run({"snapshot", "list", "--dry-run"}), 2);
}

TEST_F(SnapshotCommandsTest, WhatIsNeededIsAskedForBeforeAnythingIsSent) {
  EXPECT_EQ(run({"snapshot", "create"}), 2) << "of no environment";
  EXPECT_EQ(run({"snapshot", "restore", "s-1"}), 2) << "no reason";
  EXPECT_EQ(run({"snapshot", "restore", "--reason", "r"}), 2);
  EXPECT_EQ(run({"snapshot", "rm"}), 2);
  EXPECT_TRUE(coordinator.calls.empty());
}

}  // namespace
}  // namespace switchyard::testing
