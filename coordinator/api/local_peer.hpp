#pragma once

#include <filesystem>

#include "coordinator/api/http_message.hpp"

/// The unix side of the server's sockets.
namespace switchyard::api {

/// Who connected, by SO_PEERCRED: `local:<user>`, or `local:uid-<number>` for a user without a name. Throws SysError.
Peer local_peer(int connected_socket);

/// Removes the socket file that a former process left behind. Throws InputError when something else is in the way.
void remove_stale_socket(const std::filesystem::path& path);

/// Gives the bound socket to the group (if there is such a group) and lets owner and group connect. Throws SysError.
void set_socket_rights(const std::filesystem::path& path, const std::string& group);

}  // namespace switchyard::api
