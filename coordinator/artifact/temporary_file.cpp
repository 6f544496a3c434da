#include "coordinator/artifact/temporary_file.hpp"

#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>
#include <utility>

#include "common/error.hpp"

namespace switchyard::artifact {

TemporaryFile::TemporaryFile(const std::string& suffix) {
  std::error_code error;
  const std::filesystem::path directory = std::filesystem::temp_directory_path(error);
  if (error) throw SysError(error.value(), "finding the temporary directory (set TMPDIR to one that exists)");
  std::string pattern = (directory / ("switchyard-XXXXXX" + suffix)).string();
  file_ = FileDescriptor(::mkostemps(pattern.data(), static_cast<int>(suffix.size()), O_CLOEXEC));
  if (!file_) throw_errno("making a temporary file in " + directory.string());
  path_ = pattern;
}

TemporaryFile::TemporaryFile(TemporaryFile&& other) noexcept
    : path_(std::exchange(other.path_, {})), file_(std::move(other.file_)) {}

TemporaryFile& TemporaryFile::operator=(TemporaryFile&& other) noexcept {
  path_.swap(other.path_);
  std::swap(file_, other.file_);
  return *this;
}

TemporaryFile::~TemporaryFile() {
  if (!path_.empty()) ::unlink(path_.c_str());
}

void write_all(int descriptor, std::string_view bytes, const std::string& what) {
  while (!bytes.empty()) {
    const ssize_t written = ::write(descriptor, bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) throw_errno("writing " + what);
    bytes.remove_prefix(static_cast<std::size_t>(written));
  }
}

}  // namespace switchyard::artifact
