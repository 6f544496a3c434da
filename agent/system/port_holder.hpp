#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>

#include "agent/system/socket_table.hpp"

namespace switchyard::agent {

/// The unit, other than `own_unit`, that listens on the port, in words: "the unit redis.service (process 412,
/// redis-server)". Found by the control group in which the socket was opened, which needs no right to look into other
/// processes. Nothing when there is none; for systemd's own sockets, which it holds for units that it has yet to start;
/// and where the kernel does not tell the group, or systemd keeps units in the old hierarchies only: then a clash shows
/// when the service starts. Asks the kernel; any thread. Throws SysError. `groups`: where control groups are mounted.
std::optional<std::string> port_holder(SocketTable& sockets, std::uint16_t port, const std::string& own_unit,
                                       const std::filesystem::path& groups = "/sys/fs/cgroup",
                                       const std::filesystem::path& proc = "/proc");

}  // namespace switchyard::agent
