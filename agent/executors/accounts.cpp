#include "agent/executors/accounts.hpp"

#include <pwd.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <climits>

#include "common/error.hpp"

namespace switchyard::agent {

std::optional<Account> find_account(const std::string& user) {
  if (user.empty()) return Account{.uid = 0, .gid = 0, .name = "root"};
  passwd entry{};
  passwd* found = nullptr;
  std::string buffer(16 * 1024, '\0');
  const int error = ::getpwnam_r(user.c_str(), &entry, buffer.data(), buffer.size(), &found);
  if (found != nullptr) return Account{.uid = entry.pw_uid, .gid = entry.pw_gid, .name = user};
  if (error == 0 || error == ENOENT || error == ESRCH) return std::nullopt;
  throw SysError(error, "looking for user " + user);
}

std::string no_such_user(const std::string& user, const std::string& what_for) {
  std::array<char, HOST_NAME_MAX + 1> name{};
  const bool known = ::gethostname(name.data(), name.size() - 1) == 0;
  return "there is no user `" + user + "`, " + what_for + ", on the host " + (known ? name.data() : "") +
         "; create it there (`useradd --system " + user +
         "`), or name another in the manifest's `service: {user: ...}`";
}

}  // namespace switchyard::agent
