#pragma once

#include <filesystem>
#include <string>
#include <string_view>

#include "common/file_system.hpp"

namespace switchyard::agent {

/// The newest head of the coordinator's audit chain that this host was told. Said in HELLO, it shows a coordinator that
/// its store is an older copy of the one that this host has obeyed. It outlives the agent's process; one that is lost
/// in a power cut is an older one, which proves less and never too much. Owned by the agent; loop's thread.
class Witness {
 public:
  /// What cannot be read counts as nothing.
  Witness(FileSystem& files, const std::filesystem::path& state);

  /// Anything but a head (64 hexadecimal digits) is ignored. One that cannot be written is known to this process alone.
  void told(const std::string& head);
  const std::string& head() const { return head_; }

 private:
  FileSystem& files_;
  std::filesystem::path file_;
  std::string head_;
};

bool is_audit_head(std::string_view text);

}  // namespace switchyard::agent
