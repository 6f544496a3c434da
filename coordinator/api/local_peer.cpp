#include "coordinator/api/local_peer.hpp"

#include <grp.h>
#include <pwd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>

#include "common/error.hpp"
#include "common/limits.hpp"
#include "common/log.hpp"

namespace switchyard::api {
namespace {

constexpr mode_t socket_mode = 0660;

std::string user_name(uid_t uid) {
  std::array<char, limits::user_name_buffer_bytes> buffer{};
  passwd entry{};
  passwd* found = nullptr;
  if (::getpwuid_r(uid, &entry, buffer.data(), buffer.size(), &found) != 0 || found == nullptr) {
    return "uid-" + std::to_string(uid);
  }
  return found->pw_name;
}

}  // namespace

Peer local_peer(int connected_socket) {
  ucred credentials{};
  socklen_t size = sizeof credentials;
  if (::getsockopt(connected_socket, SOL_SOCKET, SO_PEERCRED, &credentials, &size) != 0) {
    throw_errno("asking who is at the other end of the API's unix socket");
  }
  return {true, "local:" + user_name(credentials.uid), "unix socket"};
}

void remove_stale_socket(const std::filesystem::path& path) {
  struct stat status {};
  if (::lstat(path.c_str(), &status) != 0) {
    if (errno == ENOENT) return;
    throw_errno("looking at " + path.string());
  }
  if (!S_ISSOCK(status.st_mode)) {
    throw InputError("the API cannot listen on " + path.string() + ": something that is no socket is there; remove it");
  }
  if (::unlink(path.c_str()) != 0) throw_errno("removing the old socket " + path.string());
}

void set_socket_rights(const std::filesystem::path& path, const std::string& group) {
  if (!group.empty()) {
    std::array<char, limits::user_name_buffer_bytes> buffer{};
    struct group entry {};
    struct group* found = nullptr;
    if (::getgrnam_r(group.c_str(), &entry, buffer.data(), buffer.size(), &found) == 0 && found != nullptr) {
      constexpr auto same_owner = static_cast<uid_t>(-1);
      if (::chown(path.c_str(), same_owner, found->gr_gid) != 0)
        throw_errno("giving " + path.string() + " to " + group);
    } else {
      log::info("group for the API's socket not found; only its owner may connect", {{"group", group}});
    }
  }
  if (::chmod(path.c_str(), socket_mode) != 0) throw_errno("setting the mode of " + path.string());
}

}  // namespace switchyard::api
