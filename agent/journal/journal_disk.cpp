#include "agent/journal/journal_disk.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <utility>

#include "common/error.hpp"
#include "common/file_lock.hpp"
#include "common/file_system.hpp"

namespace switchyard::agent {
namespace {

struct HeldLock final : JournalDisk::Lock {
  explicit HeldLock(const std::filesystem::path& path) : lock(path) {}
  FileLock lock;
};

}  // namespace

PosixJournalDisk::PosixJournalDisk(const std::filesystem::path& directory) : path_(directory / "journal") {}

std::unique_ptr<JournalDisk::Lock> PosixJournalDisk::lock() {
  return std::make_unique<HeldLock>(path_.string() + ".lock");
}

std::optional<std::uint64_t> PosixJournalDisk::present() {
  struct stat there {};
  if (::stat(path_.c_str(), &there) != 0) return std::nullopt;
  return there.st_ino;
}

bool PosixJournalDisk::open() {
  file_ = FileDescriptor(::open(path_.c_str(), O_RDWR | O_CLOEXEC | O_NOFOLLOW));
  if (!file_ && errno == ENOENT) return false;
  if (!file_) throw_errno("opening " + path_.string());
  struct stat there {};
  if (::fstat(file_.get(), &there) != 0) throw_errno("reading the state of " + path_.string());
  inode_ = there.st_ino;
  return true;
}

std::uint64_t PosixJournalDisk::size() const {
  struct stat there {};
  if (::fstat(file_.get(), &there) != 0) throw_errno("reading the state of " + path_.string());
  return static_cast<std::uint64_t>(there.st_size);
}

std::string PosixJournalDisk::read(std::uint64_t at, std::size_t length) const {
  std::string bytes(length, '\0');
  std::size_t done = 0;
  while (done < length) {
    const ssize_t got = ::pread(file_.get(), bytes.data() + done, length - done, static_cast<off_t>(at + done));
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) throw_errno("reading " + path_.string());
    if (got == 0) break;
    done += static_cast<std::size_t>(got);
  }
  bytes.resize(done);
  return bytes;
}

void PosixJournalDisk::write(std::uint64_t at, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t done = ::pwrite(file_.get(), bytes.data(), bytes.size(), static_cast<off_t>(at));
    if (done < 0) {
      if (errno == EINTR) continue;
      throw_errno("writing " + path_.string());
    }
    bytes.remove_prefix(static_cast<std::size_t>(done));
    at += static_cast<std::uint64_t>(done);
  }
}

/// The bytes and where they are, not the time of the write: with the space allocated ahead, that is all a frame needs,
/// and mostly spares the file system a commit of its own.
void PosixJournalDisk::sync() {
  if (::fdatasync(file_.get()) != 0) abort_after_failed_sync("fdatasync", path_.string());
}

int PosixJournalDisk::allocate(std::uint64_t size) {
  return ::posix_fallocate(file_.get(), 0, static_cast<off_t>(size));
}

void PosixJournalDisk::replace(std::string_view bytes) { PosixFileSystem().write_atomically(path_, bytes, 0600); }

void PosixJournalDisk::sync_name() { sync_directory_or_abort(path_.parent_path()); }

}  // namespace switchyard::agent
