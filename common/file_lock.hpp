#pragma once

#include <fcntl.h>
#include <sys/file.h>

#include <cerrno>
#include <filesystem>

#include "common/error.hpp"
#include "common/file_descriptor.hpp"

namespace switchyard {

/// Holds an exclusive lock between processes while it lives. The file is made when missing, and stays. Waits for the
/// holder, which every caller bounds by doing bounded work under it.
class FileLock {
 public:
  explicit FileLock(const std::filesystem::path& path)
      : file_(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600)) {
    if (!file_) throw_errno("opening " + path.string());
    while (::flock(file_.get(), LOCK_EX) != 0) {
      if (errno != EINTR) throw_errno("locking " + path.string());
    }
  }

 private:
  FileDescriptor file_;
};

}  // namespace switchyard
