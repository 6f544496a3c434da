#pragma once

#include <filesystem>
#include <optional>
#include <set>
#include <string>

#include "agent/executors/executor.hpp"
#include "agent/system/service_manager.hpp"
#include "common/ids.hpp"

namespace switchyard::agent {

/// Releases of a component that something on this host uses, whatever the plan says: the one that `current` leads to,
/// those that a unit file or a drop-in names (a slot that is stopped, and may be started again), and those that a
/// process runs from, works in, or was started with. Any thread; throws SysError.
std::set<ReleaseId> releases_in_use(const HostPaths& paths, const std::string& component,
                                    const std::filesystem::path& proc = "/proc");

/// The release that a unit runs: where its process works now, or else the one release that it was started with, is the
/// truth; what its unit file says may be newer than the process. Nothing if none of them lies in a release of the
/// component.
std::optional<ReleaseId> release_of_unit(const HostPaths& paths, const std::string& component, const UnitStatus& unit,
                                         const std::filesystem::path& proc = "/proc");

/// Digests of a component's configurations that a unit file or a drop-in names. Any thread; throws SysError.
std::set<std::string> configurations_in_use(const HostPaths& paths, const std::string& component);

/// Every release id that follows `<component directory>/releases/` in a text.
std::set<ReleaseId> releases_named(std::string_view text, const std::filesystem::path& component_directory);

}  // namespace switchyard::agent
