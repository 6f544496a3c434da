// The embedded store on a disk whose syncs fail: no commit is reported that is not durable, and none is tried again.
#include "tests/support/failing_sync.hpp"

#include <gtest/gtest.h>
#include <stdlib.h>

#include <atomic>
#include <chrono>
#include <cstdlib>
#include <string>
#include <vector>

#include "coordinator/store/sqlite_store.hpp"

namespace switchyard::store {
namespace {

class StoreOnAFailingDisk : public ::testing::Test {
 protected:
  StoreOnAFailingDisk() {
    char name[] = "/tmp/switchyard-sqlite-XXXXXX";
    directory = ::mkdtemp(name);
    file = directory / "coordinator.db";
    make();
  }
  ~StoreOnAFailingDisk() override { std::filesystem::remove_all(directory); }

  void clear() const {
    std::filesystem::remove_all(directory);
    std::filesystem::create_directory(directory);
  }
  /// A store that was used, and closed.
  void make() const {
    SqliteStore store(file);
    store.take_epoch("test");
    commit(store, "before", 1);
  }
  static void commit(SqliteStore& store, const std::string& host, std::size_t kilobytes) {
    store.commit({PutHost{{.id = HostId(host), .agent_version = std::string(kilobytes << 10, 'x')}}});
  }
  /// In a process of its own, of which the last commit, and only that, cannot be synced.
  void die_in_a_commit() const {
    std::atomic<bool> broken = false;
    EXPECT_EXIT(failing_sync::run([&](const failing_sync::Sync&) { return broken.load(); },
                                  [&] {
                                    SqliteStore store(file);
                                    store.take_epoch("test");
                                    commit(store, "durable", 1);
                                    broken = true;
                                    commit(store, "lost", 1);
                                  }),
                failing_sync::ended_itself, failing_sync::said_why);
  }
  std::vector<std::string> hosts() const {
    std::vector<std::string> found;
    for (const model::HostRow& host : SqliteStore(file).hosts()) found.push_back(host.id.str());
    return found;
  }

  /// More than may stay in the WAL: a commit of this is followed by a checkpoint.
  static constexpr std::size_t many_kilobytes = 5 << 10;
  std::filesystem::path directory;
  std::filesystem::path file;
};

TEST_F(StoreOnAFailingDisk, EndsTheProcessBeforeACommitIsReported) {
  die_in_a_commit();
  // Of what was not reported nothing is known.
  const std::vector<std::string> found = hosts();
  ASSERT_GE(found.size(), 2u);
  EXPECT_EQ(found[0], "before");
  EXPECT_EQ(found[1], "durable");
}

/// The process that follows reads the last commit, which is in the kernel's memory and perhaps nowhere else, and takes
/// it for decided.
TEST_F(StoreOnAFailingDisk, IsOpenedAgainOnlyWhenAllThatIsReadOfItIsOnTheDisk) {
  die_in_a_commit();
  const std::filesystem::path wal = file.string() + "-wal";
  const auto long_ago = std::filesystem::last_write_time(wal) - std::chrono::hours(1);
  std::filesystem::last_write_time(wal, long_ago);
  EXPECT_EXIT(failing_sync::run([&](const failing_sync::Sync& sync) { return sync.of == wal; },
                                [&] { std::_Exit(hosts().empty() ? 2 : 3); }),
              failing_sync::ended_itself, failing_sync::said_why);
  EXPECT_GT(std::filesystem::last_write_time(wal), long_ago) << "a sync alone would find nothing to write";
}

/// The commit is durable by then. But of the database itself nobody knows any more what the disk has: the kernel takes
/// its pages for written, and the sync of a later checkpoint might succeed without them.
TEST_F(StoreOnAFailingDisk, EndsTheProcessWhenTheCheckpointAfterACommitCannotBeSynced) {
  EXPECT_EXIT(failing_sync::run([&](const failing_sync::Sync& sync) { return sync.of == file; },
                                [&] {
                                  SqliteStore store(file);
                                  store.take_epoch("test");
                                  commit(store, "durable", many_kilobytes);
                                }),
              failing_sync::ended_itself, failing_sync::said_why);
  EXPECT_EQ(hosts(), (std::vector<std::string>{"before", "durable"}));
}

TEST_F(StoreOnAFailingDisk, EndsTheProcessWhenTheCheckpointAtTheEndCannotBeSynced) {
  EXPECT_EXIT(failing_sync::run([&](const failing_sync::Sync& sync) { return sync.of == file; },
                                [&] {
                                  SqliteStore store(file);
                                  store.take_epoch("test");
                                  commit(store, "durable", 1);
                                }),
              failing_sync::ended_itself, failing_sync::said_why);
  EXPECT_EQ(hosts(), (std::vector<std::string>{"before", "durable"}));
}

/// The WAL is made anew at every start, and a power cut must not take its name with all that is committed into it.
TEST_F(StoreOnAFailingDisk, EndsTheProcessBeforeACommitIntoAFileWhoseNameCannotBeSynced) {
  const auto is_of_the_name = [&](const failing_sync::Sync& sync) {
    return sync.of == directory && std::filesystem::exists(file.string() + "-wal");
  };
  for (const bool is_new : {true, false}) {
    if (is_new) clear();
    EXPECT_EXIT(failing_sync::run(is_of_the_name,
                                  [&] {
                                    SqliteStore store(file);
                                    store.take_epoch("test");
                                  }),
                failing_sync::ended_itself, failing_sync::said_why);
    make();
  }
}

/// SQLite does not look at its own syncs of the directory; the store does not rest on them.
TEST_F(StoreOnAFailingDisk, EndsTheProcessWhicheverSyncOfItsFilesFails) {
  const int syncs = failing_sync::expect_each_to_end_the_process(
      failing_sync::is_of_a_file, [&] { clear(); },
      [&] {
        SqliteStore store(file);
        store.take_epoch("test");
        commit(store, "small", 1);
        commit(store, "large", many_kilobytes);
        commit(store, "last", 1);
      });
  EXPECT_GT(syncs, 10);
}

}  // namespace
}  // namespace switchyard::store
