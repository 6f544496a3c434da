#include "agent/executors/file_keeper.hpp"

#include <gtest/gtest.h>

#include "agent/executors/snapshot_executor.hpp"
#include "common/limits_snapshots.hpp"
#include "tests/support/fake_clock.hpp"
#include "tests/support/fake_service_manager.hpp"
#include "tests/unit/agent_executors/scratch.hpp"

namespace switchyard::agent::testing {
namespace {

const std::string first = "s-00000000000000aa";
const std::string second = "s-00000000000000bb";

/// The keeper over the executors that copy and restore; it needs no other.
class FilesKept : public ::testing::Test {
 protected:
  std::string path(const std::string& name) const { return (scratch / "etc" / name).string(); }
  std::filesystem::path kept(const std::string& name) const { return paths.state / "snapshots/app" / name; }
  protocol::FileSaveResult keep(const std::string& name, const std::vector<std::string>& files,
                                const std::vector<std::string>& others = {}) {
    return keeper.keep({"app", name, files, others, {}});
  }

  Scratch scratch;
  HostPaths paths = scratch.host();
  switchyard::testing::FakeServiceManager services;
  switchyard::testing::FakeClock clock;
  SecretMask mask;
  SnapshotExecutor snapshot{paths};
  RestoreExecutor restore{paths, services};
  Executors executors{{snapshot, snapshot, snapshot, snapshot, snapshot, snapshot, snapshot, snapshot, snapshot,
                       snapshot, snapshot, snapshot, snapshot, snapshot, restore},
                      clock,
                      mask};
  SchemaReader schemas{{paths.credentials, scratch / "usr"}, mask};
  FileKeeper keeper{paths, executors, snapshot, schemas};
};

TEST_F(FilesKept, AreCountedByWhatWasThere) {
  write_file(path("app.conf"), "one");
  const protocol::FileSaveResult result = keep(first, {path("app.conf"), path("none.conf")});
  EXPECT_TRUE(result.done) << result.detail;
  EXPECT_EQ(result.component, "app");
  EXPECT_EQ(result.present, 1u);
  EXPECT_EQ(result.absent, 1u);
}

TEST_F(FilesKept, ComeBackAsTheyWere) {
  write_file(path("app.conf"), "one");
  keep(first, {path("app.conf")});
  write_file(path("app.conf"), "two");
  restore.run(protocol::Restore{"app", first, {path("app.conf")}}, {});
  EXPECT_EQ(read_file(path("app.conf")), "one");
}

TEST_F(FilesKept, AreCopiedOnceUnderOneName) {
  write_file(path("app.conf"), "one");
  keep(first, {path("app.conf")});
  write_file(path("app.conf"), "two");
  EXPECT_TRUE(keep(first, {path("app.conf")}).done);
  restore.run(protocol::Restore{"app", first, {path("app.conf")}}, {});
  EXPECT_EQ(read_file(path("app.conf")), "one") << "the same order again changes nothing";
}

TEST_F(FilesKept, OutliveTheCopiesOfAnyNumberOfDeployments) {
  write_file(path("app.conf"), "one");
  keep(first, {path("app.conf")});
  for (std::size_t i = 0; i < limits::snapshots_kept + 4; ++i) {
    snapshot.run(protocol::Snapshot{"app", "d-" + std::to_string(i), {path("app.conf")}, ""}, {});
  }
  EXPECT_TRUE(std::filesystem::exists(kept(first)));
}

TEST_F(FilesKept, GoWhenTheyAreNotWantedAnyMore) {
  write_file(path("app.conf"), "one");
  keep(first, {path("app.conf")});
  snapshot.run(protocol::Snapshot{"app", "d-1", {path("app.conf")}, ""}, {});
  keep(second, {path("app.conf")}, {first});
  EXPECT_TRUE(std::filesystem::exists(kept(first)));
  EXPECT_TRUE(keep("", {}, {second}).done) << "nothing is copied";
  EXPECT_FALSE(std::filesystem::exists(kept(first)));
  EXPECT_TRUE(std::filesystem::exists(kept(second)));
  EXPECT_TRUE(std::filesystem::exists(kept("d-1"))) << "that is a deployment's";
  keep("", {});
  EXPECT_FALSE(std::filesystem::exists(kept(second)));
}

TEST_F(FilesKept, OfAComponentThatHasNoneAreNoTrouble) {
  EXPECT_TRUE(keep("", {}, {first}).done);
  EXPECT_FALSE(std::filesystem::exists(paths.state / "snapshots"));
}

TEST_F(FilesKept, ThatMayNotBeTouchedAreRefusedWithTheCodeOfAStep) {
  const protocol::FileSaveResult result = keep(first, {"/root/.ssh/authorized_keys"});
  EXPECT_FALSE(result.done);
  EXPECT_EQ(result.code, "path_not_allowed");
  EXPECT_FALSE(std::filesystem::exists(kept(first)));
}

}  // namespace
}  // namespace switchyard::agent::testing
