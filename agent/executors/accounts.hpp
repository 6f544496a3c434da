#pragma once

#include <sys/types.h>

#include <optional>
#include <string>

namespace switchyard::agent {

struct Account {
  uid_t uid = 0;
  gid_t gid = 0;  ///< the user's own group
  std::string name;
};

/// The user of that name on this host; root for an empty name; nothing if there is none. Throws SysError when the user
/// database cannot be read. Any thread.
std::optional<Account> find_account(const std::string& user);
/// What to say where there is none: the user, this host's own name, what the user is for, and what to do.
std::string no_such_user(const std::string& user, const std::string& what_for);

}  // namespace switchyard::agent
