#include "api/spool.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

namespace guestbook {

namespace {

int open_for_appending(const std::string& path) {
  return ::open(path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0640);
}

}  // namespace

std::optional<std::string> Spool::find_fault() const {
  if (directory_.empty()) return std::nullopt;
  // Asking for permissions is not enough: a full or read-only disk shows only when something is created.
  const std::string trial = directory_ + "/.trial-" + std::to_string(::getpid());
  const int file = open_for_appending(trial);
  if (file < 0) return directory_ + ": " + std::strerror(errno);
  ::close(file);
  ::unlink(trial.c_str());
  return std::nullopt;
}

bool Spool::append(const std::string& line) {
  if (directory_.empty()) return true;
  const std::lock_guard lock(mutex_);
  const int file = open_for_appending(directory_ + "/entries.jsonl");
  if (file < 0) return false;
  const std::string text = line + '\n';
  const bool is_written = ::write(file, text.data(), text.size()) == static_cast<ssize_t>(text.size());
  ::close(file);
  return is_written;
}

}  // namespace guestbook
