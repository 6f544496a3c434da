#include <fcntl.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>

#include "agent/probes/probe.hpp"
#include "common/file_descriptor.hpp"
#include "common/ids.hpp"

namespace switchyard::agent {
namespace {

std::string error_text() {
  const int number = errno;
  std::string text = std::generic_category().message(number);
  if (number != EROFS) return text;
  return text + " (if it is not, it lies outside of what the agent may write: systemctl edit switchyard-agent, " +
         "ReadWritePaths=)";
}

/// Empty if it can be read: a directory is listed, a file is opened.
std::string try_reading(const std::string& path) {
  const FileDescriptor opened(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  return opened ? "" : "cannot be read: " + error_text();
}

/// Empty if it can be written: in a directory a file is made and removed, so that a read-only or full file system is
/// found, which permissions alone do not show; a file is opened for writing and left as it is.
std::string try_writing(const std::string& path, bool is_directory) {
  if (!is_directory) {
    const FileDescriptor opened(::open(path.c_str(), O_WRONLY | O_CLOEXEC | O_NONBLOCK));
    return opened ? "" : "cannot be written: " + error_text();
  }
  const std::string trial = path + "/.switchyard-probe-" + random_hex(8);
  const FileDescriptor made(::open(trial.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600));
  if (!made) return "cannot be written: " + error_text();
  const bool written = ::write(made.get(), "x", 1) == 1;
  std::string why = written ? "" : "cannot be written: " + error_text();
  ::unlink(trial.c_str());
  return why;
}

}  // namespace

ProbeTry try_file_system(const protocol::FileSystemProbe& probe) {
  const auto fault = [&](const std::string& why) {
    return ProbeTry{.ok = false, .detail = probe.path + " " + why, .duration_ms = 0, .identity = {}};
  };
  struct stat found {};
  if (::stat(probe.path.c_str(), &found) != 0) return fault("cannot be looked at: " + error_text());
  if (probe.check_readable) {
    if (const std::string why = try_reading(probe.path); !why.empty()) return fault(why);
  }
  if (probe.check_writable) {
    if (const std::string why = try_writing(probe.path, S_ISDIR(found.st_mode)); !why.empty()) return fault(why);
  }
  struct statvfs space {};
  if (::statvfs(probe.path.c_str(), &space) != 0) return fault("cannot be asked for its free space: " + error_text());
  const std::uint64_t free_mb = static_cast<std::uint64_t>(space.f_bavail) * space.f_frsize / (1024 * 1024);
  if (free_mb < probe.min_free_space_mb) {
    return fault("has " + std::to_string(free_mb) + " MB free, expected " + std::to_string(probe.min_free_space_mb));
  }
  return ProbeTry{.ok = true,
                  .detail = probe.path + " is as expected, " + std::to_string(free_mb) + " MB free",
                  .duration_ms = 0,
                  .identity = {}};
}

}  // namespace switchyard::agent
