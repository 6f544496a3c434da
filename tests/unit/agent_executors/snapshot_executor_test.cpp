#include "agent/executors/snapshot_executor.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <linux/fs.h>

#include <cstdio>
#include <stop_token>
#include <thread>

#include "agent/executors/checksum_error.hpp"
#include "common/limits_snapshots.hpp"
#include "tests/support/fake_service_manager.hpp"
#include "tests/unit/agent_executors/scratch.hpp"

namespace switchyard::agent::testing {
namespace {

class Snapshots : public ::testing::Test {
 protected:
  std::string path(const std::string& name) const { return (scratch / "etc" / name).string(); }
  protocol::StepResult save(const std::string& name, const std::vector<std::string>& files,
                            const std::string& needed = "") {
    return SnapshotExecutor(paths).run(protocol::Snapshot{"app", name, files, needed}, {});
  }
  protocol::StepResult restore(const std::string& name, const std::vector<std::string>& files, bool undo = false) {
    StepContext context;
    context.undo = undo;
    return RestoreExecutor(paths, services).run(protocol::Restore{"app", name, files}, context);
  }
  std::filesystem::path kept(const std::string& name) const { return paths.state / "snapshots/app" / name; }
  /// Of the only file that is kept there.
  std::filesystem::path copy_in(const std::string& name) const {
    for (const auto& entry : std::filesystem::directory_iterator(kept(name))) {
      if (entry.path().filename() != "list") return entry.path();
    }
    return {};
  }

  Scratch scratch;
  HostPaths paths = scratch.host();
  switchyard::testing::FakeServiceManager services;
};

TEST_F(Snapshots, AreKeptWhereTheHostWantsThem) {
  paths.backups = scratch / "backup";
  write_file(path("app.conf"), "old");
  EXPECT_TRUE(save("d-1", {path("app.conf")}).changed);
  EXPECT_TRUE(std::filesystem::exists(paths.backups / "app/d-1/list"));
  EXPECT_FALSE(std::filesystem::exists(paths.state / "snapshots"));
  write_file(path("app.conf"), "new");
  EXPECT_TRUE(restore("d-1", {path("app.conf")}).changed);
  EXPECT_EQ(read_file(path("app.conf")), "old");
}

TEST_F(Snapshots, BringBackContentModeAndWhatWasAbsent) {
  write_file(path("app.conf"), "old");
  ::chmod(path("app.conf").c_str(), 0640);
  const std::vector<std::string> files = {path("app.conf"), path("sub/new.conf")};
  const auto before = snapshot(scratch / "etc");
  EXPECT_TRUE(save("d-1", files).changed);

  write_file(path("app.conf"), "new and longer");
  ::chmod(path("app.conf").c_str(), 0600);
  write_file(path("sub/new.conf"), "new");
  const protocol::StepResult restored = restore("d-1", files);
  EXPECT_EQ(restored.state, protocol::StepState::done);
  EXPECT_TRUE(restored.changed);
  std::filesystem::remove(path("sub"));  // a directory that was made is left
  EXPECT_EQ(snapshot(scratch / "etc"), before);
  EXPECT_FALSE(restore("d-1", files).changed) << "it is so already";
}

TEST_F(Snapshots, AreForRootAlone) {
  write_file(path("app.conf"), "secret");
  save("d-1", {path("app.conf")});
  for (const auto& entry : std::filesystem::recursive_directory_iterator(paths.state / "snapshots")) {
    EXPECT_EQ(static_cast<unsigned>(entry.status().permissions()) & 077u, 0u) << entry.path();
  }
}

// A step that is tried again after a crash comes when others have changed the files already.
TEST_F(Snapshots, AreNotMadeAnew) {
  write_file(path("app.conf"), "old");
  save("d-1", {path("app.conf")});
  write_file(path("app.conf"), "new");
  EXPECT_FALSE(save("d-1", {path("app.conf")}).changed);
  restore("d-1", {path("app.conf")});
  EXPECT_EQ(read_file(path("app.conf")), "old");
}

TEST_F(Snapshots, ThatAreDamagedRestoreNothingAtAll) {
  write_file(path("a.conf"), "old a");
  save("d-1", {path("a.conf"), path("absent.conf")});
  write_file(path("a.conf"), "new a");
  write_file(path("absent.conf"), "new");
  write_file(copy_in("d-1"), "damaged");
  EXPECT_THROW(restore("d-1", {path("absent.conf"), path("a.conf")}), ChecksumError);
  EXPECT_EQ(read_file(path("a.conf")), "new a");
  EXPECT_EQ(read_file(path("absent.conf")), "new");
  std::filesystem::remove(copy_in("d-1"));
  EXPECT_THROW(restore("d-1", {path("a.conf")}), ChecksumError);
  write_file(kept("d-1") / "list", "switchyard-snapshot 1\nabsent " + path("a.conf") + "\n");
  EXPECT_THROW(restore("d-1", {path("a.conf")}), ChecksumError) << "a list is sealed";
  EXPECT_EQ(read_file(path("a.conf")), "new a");
}

TEST_F(Snapshots, ThatAreMissingAreNoTroubleForAnUndoOnly) {
  EXPECT_EQ(restore("d-1", {path("app.conf")}).code, "snapshot_missing");
  EXPECT_EQ(restore("d-1", {path("app.conf")}, true).state, protocol::StepState::done);
  EXPECT_EQ(save("d-2", {path("app.conf")}, "d-1").code, "snapshot_missing") << "before anything is switched";
  EXPECT_FALSE(std::filesystem::exists(kept("d-2")));
}

TEST_F(Snapshots, AreProvenWholeBeforeARollbackThatNeedsThem) {
  write_file(path("app.conf"), "old");
  save("d-1", {path("app.conf")});
  EXPECT_EQ(save("d-2", {path("app.conf")}, "d-1").state, protocol::StepState::done);
  write_file(copy_in("d-1"), "damaged");
  EXPECT_THROW(save("d-3", {path("app.conf")}, "d-1"), ChecksumError);
}

TEST_F(Snapshots, TouchOnlyWhatTheHostAllows) {
  EXPECT_EQ(save("d-1", {"/etc/shadow"}).code, "path_not_allowed");
  EXPECT_EQ(save("d-1", {path("../state/agent.key")}).code, "path_not_allowed");
  EXPECT_FALSE(std::filesystem::exists(kept("d-1"))) << "nothing is kept of one that failed";
  std::filesystem::create_directories(scratch / "outside");
  write_file(scratch / "outside/x", "theirs");
  std::filesystem::create_symlink(scratch / "outside", scratch / "etc/link");
  EXPECT_ANY_THROW(save("d-1", {path("link/x")}));
  std::filesystem::create_symlink(scratch / "outside/x", scratch / "etc/x");
  EXPECT_EQ(save("d-1", {path("x")}).code, "not_a_file");
}

// Else the content of the one could be restored with the rights of the other.
TEST_F(Snapshots, SaveRightsAndContentOfOneFileWhoeverRenamesMeanwhile) {
  const std::string open = path("app.conf"), closed = path("other");
  write_file(open, "for everybody");
  write_file(closed, "for root only");
  ::chmod(open.c_str(), 0644);
  ::chmod(closed.c_str(), 0600);
  std::filesystem::last_write_time(closed, std::filesystem::last_write_time(open));  // nothing else tells them apart
  const std::jthread racer([&](const std::stop_token& stop) {
    while (!stop.stop_requested()) {
      ::renameat2(AT_FDCWD, open.c_str(), AT_FDCWD, closed.c_str(), RENAME_EXCHANGE);
    }
  });
  for (int i = 0; i < 500; ++i) {
    const std::string name = "d-" + std::to_string(i);
    const protocol::StepResult saved = save(name, {open});
    ASSERT_EQ(saved.state, protocol::StepState::done) << saved.detail;
    const std::string rights = read_file(copy_in(name)) == "for everybody" ? "file 644 " : "file 600 ";
    ASSERT_NE(read_file(kept(name) / "list").find(rights), std::string::npos) << "after " << i;
  }
}

TEST_F(Snapshots, DoNotReplaceWhatIsNoFile) {
  write_file(path("app.conf"), "old");
  save("d-1", {path("app.conf")});
  std::filesystem::remove(path("app.conf"));
  std::filesystem::create_directories(path("app.conf"));
  EXPECT_EQ(restore("d-1", {path("app.conf")}).code, "not_a_file");
}

TEST_F(Snapshots, AreOfSmallFiles) {
  std::filesystem::create_directories(scratch / "etc");
  std::ofstream(path("large")).close();
  std::filesystem::resize_file(path("large"), limits::snapshot_file_bytes_max + 1);
  EXPECT_EQ(save("d-1", {path("large")}).code, "too_large");
  std::vector<std::string> all;
  for (int i = 0; i < 5; ++i) {
    all.push_back(path("part-" + std::to_string(i)));
    std::ofstream(all.back()).close();
    std::filesystem::resize_file(all.back(), limits::snapshot_file_bytes_max);
  }
  EXPECT_EQ(save("d-1", all).code, "too_large") << "all of them together";
}

TEST_F(Snapshots, OfTheNewestDeploymentsAreKeptAndTheOneThatIsNeeded) {
  write_file(path("app.conf"), "x");
  for (std::size_t i = 0; i < limits::snapshots_kept + 3; ++i) {
    save("d-" + std::to_string(i), {path("app.conf")}, i == 0 ? "" : "d-0");
    const auto when = std::filesystem::file_time_type::clock::now() - std::chrono::hours(100 - i);
    std::filesystem::last_write_time(kept("d-" + std::to_string(i)), when);
  }
  std::filesystem::create_directories(paths.state / "snapshots/app/.new-0123");
  save("d-last", {path("app.conf")}, "d-0");
  std::size_t found = 0;
  for (const auto& entry : std::filesystem::directory_iterator(paths.state / "snapshots/app")) {
    ++found;
    EXPECT_NE(entry.path().filename(), ".new-0123");
  }
  EXPECT_EQ(found, limits::snapshots_kept + 1);
  EXPECT_TRUE(std::filesystem::exists(kept("d-0")));
  EXPECT_TRUE(std::filesystem::exists(kept("d-last")));
}

TEST_F(Snapshots, OfUnitsTellSystemdWhenTheyAreRestored) {
  const std::string unit = (paths.units / "app.service.d/limits.conf").string();
  write_file(unit, "[Service]\n");
  save("d-1", {unit});
  write_file(unit, "[Service]\nMemoryMax=1G\n");
  restore("d-1", {unit});
  EXPECT_EQ(services.calls, std::vector<std::string>{"reload"});
}

}  // namespace
}  // namespace switchyard::agent::testing
