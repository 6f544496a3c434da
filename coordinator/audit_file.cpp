#include "coordinator/audit_file.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "common/error.hpp"
#include "common/file_descriptor.hpp"
#include "common/limits.hpp"

namespace switchyard {
namespace {

/// Nothing is waited for: neither a reader of a pipe nor a lock.
constexpr int open_flags = O_CLOEXEC | O_NOCTTY | O_NONBLOCK | O_NOFOLLOW;

bool is_regular(int descriptor, off_t& size) {
  struct stat status {};
  if (::fstat(descriptor, &status) != 0 || !S_ISREG(status.st_mode)) return false;
  size = status.st_size;
  return true;
}

}  // namespace

std::string read_audit_tail(const std::filesystem::path& file) {
  const FileDescriptor from(::open(file.c_str(), O_RDONLY | open_flags));
  if (!from) {
    if (errno == ENOENT) return {};
    throw_errno("opening " + file.string());
  }
  off_t size = 0;
  if (!is_regular(from.get(), size)) throw InputError(file.string() + ": DEPLOYMENT_AUDIT_LOG must be a regular file");
  const auto wanted = std::min(size, static_cast<off_t>(limits::audit_text_tail_bytes));
  std::string tail(static_cast<std::size_t>(wanted), '\0');
  const ssize_t got = ::pread(from.get(), tail.data(), tail.size(), size - wanted);
  if (got < 0) throw_errno("reading " + file.string());
  tail.resize(static_cast<std::size_t>(got));
  return tail;
}

bool append_audit_lines(const std::filesystem::path& file, std::string_view bytes) noexcept {
  constexpr mode_t mode = 0640;
  const FileDescriptor to(::open(file.c_str(), O_WRONLY | O_APPEND | O_CREAT | open_flags, mode));
  off_t before = 0;
  if (!to || !is_regular(to.get(), before)) return false;
  while (!bytes.empty()) {
    const ssize_t written = ::write(to.get(), bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) {
      // Half a line would spoil the next one.
      static_cast<void>(!::ftruncate(to.get(), before));
      return false;
    }
    bytes.remove_prefix(static_cast<std::size_t>(written));
  }
  return true;
}

}  // namespace switchyard
