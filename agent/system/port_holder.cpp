#include "agent/system/port_holder.hpp"

#include <sys/stat.h>

#include <fstream>
#include <system_error>
#include <vector>

#include "common/limits.hpp"

namespace switchyard::agent {
namespace {

namespace fs = std::filesystem;

/// Where older hosts have the unified hierarchy, beside one for each controller.
fs::path unified_root(const fs::path& groups) {
  std::error_code ignored;
  const fs::path beside = groups / "unified";
  return fs::exists(beside / "cgroup.procs", ignored) ? beside : groups;
}

/// A control group's id is the inode number of its directory.
std::optional<fs::path> find_group(const fs::path& root, std::uint64_t id) {
  const auto is_it = [&](const fs::path& path) {
    struct stat status {};
    return ::stat(path.c_str(), &status) == 0 && status.st_ino == id;
  };
  if (is_it(root)) return root;
  std::error_code error;
  fs::recursive_directory_iterator walk(root, fs::directory_options::skip_permission_denied, error), end;
  for (std::size_t seen = 0; !error && walk != end && seen < limits::control_groups_max; walk.increment(error)) {
    std::error_code gone;
    if (!walk->is_directory(gone)) continue;
    ++seen;
    if (is_it(walk->path())) return walk->path();
  }
  return std::nullopt;
}

/// The unit that a control group belongs to: the last part of its path that is one. Empty when none is.
std::string unit_of_group(const fs::path& group) {
  std::string unit;
  for (const fs::path& part : group) {
    const std::string name = part.string();
    if (name.ends_with(".service") || name.ends_with(".scope")) unit = name;
  }
  return unit;
}

/// " (process 412, redis-server)"; empty when the group has none any more.
std::string process_text(const fs::path& group, const fs::path& proc) {
  std::ifstream processes(group / "cgroup.procs");
  std::string process, program;
  if (!(processes >> process)) return "";
  std::ifstream(proc / process / "comm") >> program;
  return " (process " + process + (program.empty() ? "" : ", " + program) + ")";
}

}  // namespace

std::optional<std::string> port_holder(SocketTable& sockets, std::uint16_t port, const std::string& own_unit,
                                       const fs::path& groups, const fs::path& proc) {
  const fs::path root = unified_root(groups);
  for (const std::uint64_t id : sockets.listener_groups(port)) {
    const std::optional<fs::path> group = id == 0 ? std::nullopt : find_group(root, id);
    const std::string unit = group ? unit_of_group(group->lexically_relative(root)) : "";
    if (unit.empty() || unit == own_unit || unit == "init.scope") continue;
    return "the unit " + unit + process_text(*group, proc);
  }
  return std::nullopt;
}

}  // namespace switchyard::agent
