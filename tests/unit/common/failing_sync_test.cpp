// Small files that hold state, on a disk whose syncs fail: nothing is said to be written, and no file takes another's
// place before it is on the disk.
#include "tests/support/failing_sync.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <stdlib.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cstdlib>
#include <functional>
#include <thread>

#include "common/file_descriptor.hpp"
#include "common/file_system.hpp"

namespace switchyard {
namespace {

class FilesOnAFailingDisk : public ::testing::Test {
 protected:
  FilesOnAFailingDisk() {
    char name[] = "/tmp/switchyard-files-XXXXXX";
    directory = ::mkdtemp(name);
    file = directory / "state";
    files.write_atomically(file, "old", 0600);
  }
  ~FilesOnAFailingDisk() override { std::filesystem::remove_all(directory); }

  static void expect_its_end(const failing_sync::WhichSync& which, const std::function<void()>& act) {
    EXPECT_EXIT(failing_sync::run(which, act), failing_sync::ended_itself, failing_sync::said_why);
  }

  PosixFileSystem files;
  std::filesystem::path directory;
  std::filesystem::path file;
};

/// The tool itself.
TEST_F(FilesOnAFailingDisk, FailEverySyncOfEveryThreadThatTheyShallFailAndNoOther) {
  const auto syncs_fail = [&] {
    const FileDescriptor broken(::open(file.c_str(), O_RDWR));
    const FileDescriptor sound(::open(directory.c_str(), O_RDONLY | O_DIRECTORY));
    const auto is_eio = [](int result) { return result == -1 && errno == EIO; };
    return is_eio(::fsync(broken.get())) && is_eio(::fdatasync(broken.get())) && is_eio(::syncfs(broken.get())) &&
           is_eio(::sync_file_range(broken.get(), 0, 0, SYNC_FILE_RANGE_WRITE)) && ::fsync(sound.get()) == 0;
  };
  const auto all_threads_agree = [&] {
    std::atomic<bool> begun = false;
    bool before = false;
    bool after = false;
    std::thread older([&] {
      begun.wait(false);
      before = syncs_fail();
    });
    failing_sync::begin(failing_sync::is_of_a_file);
    begun = true;
    begun.notify_one();
    older.join();
    std::thread([&] { after = syncs_fail(); }).join();
    return before && after && syncs_fail();
  };
  EXPECT_EXIT(std::_Exit(all_threads_agree() ? 0 : 1), ::testing::ExitedWithCode(0), "");
}

TEST_F(FilesOnAFailingDisk, TakeNoPlaceBeforeTheyAreOnTheDisk) {
  expect_its_end(failing_sync::is_of_a_file, [&] { files.write_atomically(file, "new", 0600); });
  EXPECT_EQ(files.read(file), "old");
}

TEST_F(FilesOnAFailingDisk, AreNotSaidToBeThereBeforeTheirNameIsOnTheDisk) {
  expect_its_end(failing_sync::is_of_a_directory, [&] { files.write_atomically(file, "new", 0600); });
  EXPECT_EQ(files.read(file), "new") << "the rename came before";
}

TEST_F(FilesOnAFailingDisk, EndTheProcessWhicheverSyncFails) {
  const int syncs = failing_sync::expect_each_to_end_the_process(
      failing_sync::is_any, [&] { std::filesystem::remove_all(directory / "a"); },
      [&] {
        files.create_directories(directory / "a/b", 0700);     // of a, and of a/b
        files.write_atomically(directory / "a/c", "x", 0600);  // the file, and its name
        files.append_durably(directory / "a/log", "line\n");   // the same
        files.append_durably(directory / "a/log", "line\n");   // the file
        files.truncate_durably(directory / "a/log", 5);        // the file
      });
  EXPECT_EQ(syncs, 8);
}

}  // namespace
}  // namespace switchyard
