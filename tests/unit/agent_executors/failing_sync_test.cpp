// What steps put on a host, on a disk whose syncs fail: the agent ends before it says that a step is done, and nothing
// has its name before it is on the disk.
#include "tests/support/failing_sync.hpp"

#include <gtest/gtest.h>
#include <sys/syscall.h>

#include <functional>
#include <string>

#include "agent/executors/directory.hpp"
#include "agent/executors/file_executor.hpp"
#include "agent/executors/link_executor.hpp"
#include "agent/executors/release_executor.hpp"
#include "agent/executors/snapshot_executor.hpp"
#include "common/limits.hpp"
#include "tests/support/fake_service_manager.hpp"
#include "tests/unit/agent_executors/archives.hpp"
#include "tests/unit/agent_executors/scratch.hpp"

namespace switchyard::agent::testing {
namespace {

class StepsOnAFailingDisk : public ::testing::Test {
 protected:
  protocol::StepResult write(const std::string& content) {
    return FileExecutor(paths, services)
        .run(protocol::EnsureFile{.path = path("a/b"), .content = content, .mode = 0644, .owner = "", .absent = false},
             {});
  }
  protocol::StepResult link(const std::string& target, bool absent = false) {
    return LinkExecutor(paths).run(protocol::EnsureLink{.path = path("link"), .target = path(target), .absent = absent},
                                   {});
  }
  protocol::StepResult save() {
    return SnapshotExecutor(paths).run(protocol::Snapshot{"app", "d-1", {path("a/b")}, ""}, {});
  }
  protocol::StepResult install(const Artifact& artifact) {
    return ReleaseExecutor(paths, blobs, 0)
        .run(
            protocol::EnsureRelease{
                .component = "app", .artifact = artifact.ref, .shared = {"log"}, .shared_owner = {}},
            {});
  }
  /// With so many files.
  Artifact add_artifact(std::size_t files) {
    Tar tar;
    tar.directory("bin");
    for (std::size_t i = 0; i < files; ++i) tar.file("bin/" + std::to_string(i), "text");
    const Artifact artifact = make_artifact(tar);
    blobs.add(artifact);
    return artifact;
  }
  std::string path(const std::string& name) const { return (scratch / "etc" / name).string(); }
  std::filesystem::path tree(const Artifact& artifact) const {
    return paths.components / "app/releases" / artifact.release.str();
  }
  void clear() {
    std::filesystem::remove_all(scratch.path());
    std::filesystem::create_directory(scratch.path());
    paths = scratch.host();
  }
  static void expect_its_end(const failing_sync::WhichSync& which, const std::function<void()>& act) {
    EXPECT_EXIT(failing_sync::run(which, act), failing_sync::ended_itself, failing_sync::said_why);
  }

  Scratch scratch;
  HostPaths paths = scratch.host();
  FakeBlobs blobs;
  switchyard::testing::FakeServiceManager services;
};

TEST_F(StepsOnAFailingDisk, PutNoFileInItsPlaceBeforeItIsOnTheDisk) {
  write("old");
  expect_its_end(failing_sync::is_of_a_file, [&] { write("new"); });
  EXPECT_EQ(read_file(path("a/b")), "old");
}

TEST_F(StepsOnAFailingDisk, AreNotDoneBeforeTheNewNamesAreOnTheDisk) {
  write("old");
  link("one");
  expect_its_end(failing_sync::is_of_a_directory, [&] { write("new"); });
  EXPECT_EQ(read_file(path("a/b")), "new") << "the rename came before";
  expect_its_end(failing_sync::is_of_a_directory, [&] { link("two"); });
  EXPECT_EQ(std::filesystem::read_symlink(path("link")), path("two"));
}

TEST_F(StepsOnAFailingDisk, EndTheProcessWhicheverSyncOfAFileALinkOrACopyFails) {
  const int syncs = failing_sync::expect_each_to_end_the_process(
      failing_sync::is_any, [&] { clear(); },
      [&] {
        write("old");
        link("one");
        save();
        write("new");
        link("one", true);
      });
  EXPECT_GT(syncs, 10);
}

TEST_F(StepsOnAFailingDisk, EndTheProcessWhicheverSyncOfAReleaseFails) {
  for (const std::size_t files : {std::size_t{2}, limits::sync_each_entries_max + 1}) {
    const Artifact artifact = add_artifact(files);
    const int syncs = failing_sync::expect_each_to_end_the_process(
        failing_sync::is_any, [&] { clear(); }, [&] { install(artifact); });
    EXPECT_GT(syncs, 5);
  }
}

/// Who made it may have ended before its name was durable.
TEST_F(StepsOnAFailingDisk, DoNotSayThatWhatTheyFindIsSoBeforeItsNameIsOnTheDisk) {
  write("old");
  link("one");
  save();
  const Artifact artifact = add_artifact(2);
  install(artifact);
  expect_its_end(failing_sync::is_of_a_directory, [&] { write("old"); });
  expect_its_end(failing_sync::is_of_a_directory, [&] { link("one"); });
  expect_its_end(failing_sync::is_of_a_directory, [&] { save(); });
  expect_its_end([&](const failing_sync::Sync& sync) { return sync.of == tree(artifact).parent_path(); },
                 [&] { install(artifact); });
  link("one", true);
  expect_its_end(failing_sync::is_of_a_directory, [&] { link("one", true); });
}

/// The sync that follows may well succeed: the kernel need not tell of an error twice.
TEST_F(StepsOnAFailingDisk, EndTheProcessWhenFilesOfAReleaseCannotBeSentOnTheirWay) {
  const Artifact artifact = add_artifact(2);
  expect_its_end([](const failing_sync::Sync& sync) { return sync.call == SYS_sync_file_range; },
                 [&] { install(artifact); });
  EXPECT_FALSE(std::filesystem::exists(tree(artifact)));
}

TEST_F(StepsOnAFailingDisk, GiveAReleaseItsNameOnlyWhenAllOfItIsOnTheDisk) {
  const Artifact artifact = add_artifact(limits::sync_each_entries_max + 1);
  expect_its_end([](const failing_sync::Sync& sync) { return sync.call == SYS_syncfs; }, [&] { install(artifact); });
  EXPECT_FALSE(std::filesystem::exists(tree(artifact)));
}

}  // namespace
}  // namespace switchyard::agent::testing
