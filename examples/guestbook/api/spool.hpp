#pragma once

#include <mutex>
#include <optional>
#include <string>

/// A directory in which accepted entries are also kept as lines of JSON, for a program that mails a digest.
namespace guestbook {

class Spool {
 public:
  /// An empty directory name: this release keeps no spool.
  explicit Spool(std::string directory) : directory_(std::move(directory)) {}

  /// Why nothing can be written there; nothing if it can (or if there is no spool).
  std::optional<std::string> find_fault() const;

  /// False if the line could not be written.
  bool append(const std::string& line);

 private:
  const std::string directory_;
  std::mutex mutex_;
};

}  // namespace guestbook
