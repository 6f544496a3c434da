#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <variant>

#include "agent/executors/directory.hpp"
#include "agent/executors/executor.hpp"

namespace switchyard::agent {

/// A path that a plan may touch: an open root and the rest of the way.
struct AllowedPlace {
  Directory root;
  std::string relative;
  bool is_unit = false;  ///< beneath HostPaths::units: systemd must read its files again
};
struct PathRefusal {
  std::string why;
};

/// Decides by the host's own configuration what ensure_file and ensure_link may touch: the allow-listed roots, the
/// components' directories (but not their releases, which never change), and units (but not Switchyard's own). The text
/// of a path only chooses the root; that nothing outside it is reached is the kernel's affair (Directory).
/// Throws SysError when a root cannot be opened.
std::variant<AllowedPlace, PathRefusal> find_allowed(const HostPaths& paths, const std::string& path);

/// True if a link to this absolute path stays within what this host's plans may use.
bool is_allowed_target(const HostPaths& paths, const std::filesystem::path& target);

}  // namespace switchyard::agent
