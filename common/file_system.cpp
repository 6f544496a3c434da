#include "common/file_system.hpp"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>

#include "common/error.hpp"
#include "common/file_descriptor.hpp"
#include "common/ids.hpp"
#include "common/log.hpp"

namespace switchyard {
namespace {

void write_all(int descriptor, std::string_view bytes, const std::string& what) {
  while (!bytes.empty()) {
    const ssize_t done = ::write(descriptor, bytes.data(), bytes.size());
    if (done < 0) {
      if (errno == EINTR) continue;
      throw_errno(what);
    }
    bytes.remove_prefix(static_cast<std::size_t>(done));
  }
}

}  // namespace

void abort_after_failed_sync(const std::string& call, std::string_view what) {
  const int error = errno;
  log::error(call + " failed, state on disk is unknown; ending the process", {{"what", what}, {"errno", error}});
  std::abort();
}

void sync_or_abort(int descriptor, std::string_view what) {
  if (::fsync(descriptor) != 0) abort_after_failed_sync("fsync", what);
}

void sync_directory_or_abort(const std::filesystem::path& directory) {
  const FileDescriptor fd(::open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!fd) throw_errno("opening directory " + directory.string());
  sync_or_abort(fd.get(), directory.string());
}

void write_again_durably(const std::filesystem::path& path) {
  const FileDescriptor fd(::open(path.c_str(), O_RDWR | O_CLOEXEC));
  if (!fd && errno == ENOENT) return;
  if (!fd) throw_errno("opening " + path.string());
  char buffer[65536];
  for (off_t at = 0;;) {
    const ssize_t got = ::pread(fd.get(), buffer, sizeof buffer, at);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) throw_errno("reading " + path.string());
    if (got == 0) break;
    const ssize_t done = ::pwrite(fd.get(), buffer, static_cast<std::size_t>(got), at);
    if (done < 0 && errno == EINTR) continue;
    if (done < 0) throw_errno("writing " + path.string());
    at += done;
  }
  if (::fdatasync(fd.get()) != 0) abort_after_failed_sync("fdatasync", path.string());
}

std::optional<std::string> PosixFileSystem::read(const std::filesystem::path& path) const {
  const FileDescriptor fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!fd) {
    if (errno == ENOENT || errno == ENOTDIR) return std::nullopt;
    throw_errno("opening " + path.string());
  }
  std::string bytes;
  char buffer[65536];
  for (;;) {
    const ssize_t got = ::read(fd.get(), buffer, sizeof buffer);
    if (got < 0) {
      if (errno == EINTR) continue;
      throw_errno("reading " + path.string());
    }
    if (got == 0) return bytes;
    bytes.append(buffer, static_cast<std::size_t>(got));
  }
}

void PosixFileSystem::write_atomically(const std::filesystem::path& path, std::string_view bytes, std::uint32_t mode) {
  const std::filesystem::path temporary = path.parent_path() / ("." + path.filename().string() + "." + random_hex(8));
  const FileDescriptor fd(
      ::open(temporary.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, static_cast<mode_t>(mode)));
  if (!fd) throw_errno("creating " + temporary.string());
  try {
    if (::fchmod(fd.get(), static_cast<mode_t>(mode)) != 0) throw_errno("setting the mode of " + temporary.string());
    write_all(fd.get(), bytes, "writing " + temporary.string());
    sync_or_abort(fd.get(), temporary.string());
    if (::rename(temporary.c_str(), path.c_str()) != 0) throw_errno("renaming to " + path.string());
  } catch (...) {
    ::unlink(temporary.c_str());
    throw;
  }
  sync_directory_or_abort(path.parent_path());
}

void PosixFileSystem::append_durably(const std::filesystem::path& path, std::string_view bytes) {
  bool created = false;
  FileDescriptor fd(::open(path.c_str(), O_WRONLY | O_APPEND | O_CLOEXEC));
  if (!fd && errno == ENOENT) {
    fd = FileDescriptor(::open(path.c_str(), O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0600));
    created = true;
  }
  if (!fd) throw_errno("opening " + path.string());
  write_all(fd.get(), bytes, "appending to " + path.string());
  if (::fdatasync(fd.get()) != 0) abort_after_failed_sync("fdatasync", path.string());
  if (created) sync_directory_or_abort(path.parent_path());
}

void PosixFileSystem::truncate_durably(const std::filesystem::path& path, std::uint64_t size) {
  const FileDescriptor fd(::open(path.c_str(), O_WRONLY | O_CLOEXEC));
  if (!fd) throw_errno("opening " + path.string());
  if (::ftruncate(fd.get(), static_cast<off_t>(size)) != 0) throw_errno("truncating " + path.string());
  sync_or_abort(fd.get(), path.string());
}

std::vector<std::string> PosixFileSystem::list(const std::filesystem::path& directory) const {
  std::vector<std::string> names;
  std::error_code error;
  for (const auto& entry : std::filesystem::directory_iterator(directory, error)) {
    names.push_back(entry.path().filename().string());
  }
  if (error && error != std::errc::no_such_file_or_directory) {
    throw SysError(error.value(), "listing " + directory.string());
  }
  std::sort(names.begin(), names.end());
  return names;
}

void PosixFileSystem::create_directories(const std::filesystem::path& directory, std::uint32_t mode) {
  if (directory.empty() || std::filesystem::is_directory(directory)) return;
  create_directories(directory.parent_path(), mode);
  if (::mkdir(directory.c_str(), static_cast<mode_t>(mode)) != 0 && errno != EEXIST) {
    throw_errno("creating directory " + directory.string());
  }
  sync_directory_or_abort(directory.has_parent_path() ? directory.parent_path() : std::filesystem::path("."));
}

void PosixFileSystem::remove(const std::filesystem::path& path) {
  if (::unlink(path.c_str()) != 0 && errno != ENOENT) throw_errno("removing " + path.string());
}

}  // namespace switchyard
