#pragma once

#include <gtest/gtest.h>

#include <csignal>
#include <filesystem>
#include <functional>

/// A disk whose syncs fail, for death tests: fsync, fdatasync, sync_file_range and syncfs come back from the kernel
/// itself with EIO, whoever calls them (SQLite does, and not through any seam of ours). What fails is up to the test;
/// everything else is really synced. It needs no rights: a seccomp filter holds each of these calls up, in every thread
/// of the process, and a thread of ours answers for the kernel. A filter cannot be taken back, so it is for a process
/// that is about to end.
namespace switchyard::failing_sync {

struct Sync {
  int call = 0;              ///< SYS_fsync, SYS_fdatasync, SYS_sync_file_range or SYS_syncfs
  std::filesystem::path of;  ///< the file or directory; of syncfs, anything on that file system
};
using WhichSync = std::function<bool(const Sync&)>;

bool is_any(const Sync&);
bool is_of_a_directory(const Sync& sync);
bool is_of_a_file(const Sync& sync);

/// Fails these syncs of this process from here on.
void begin(WhichSync which);
/// For the child of a death test: does `act` while these syncs fail, with the log on standard error. Ends with status 0
/// when none has failed, and with 1 when one has and `act` has returned all the same.
[[noreturn]] void run(const WhichSync& which, const std::function<void()>& act);

/// What the product says, and how it ends, when a sync has failed.
inline const ::testing::KilledBySignal ended_itself(SIGABRT);
inline constexpr const char* said_why = "failed, (its )?state on disk is unknown; ending the process";

/// Does `prepare`, and `act` in a process of its own, again and again: the first time the first of these syncs fails,
/// then the second, and so on. Expects each to end the process with the message. Says how many there are.
int expect_each_to_end_the_process(const WhichSync& which, const std::function<void()>& prepare,
                                   const std::function<void()>& act);

}  // namespace switchyard::failing_sync
