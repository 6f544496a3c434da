#pragma once

#include <sys/socket.h>

#include <cstdint>
#include <string>
#include <vector>

namespace switchyard::agent {

class Deadline;

struct SocketAddress {
  sockaddr_storage storage{};
  socklen_t size = 0;
};

/// The addresses of a host: numbers and `localhost` at once; another name by the system's resolver, which knows no
/// deadline of ours, so it is asked on a thread of its own and left alone when time is over. At most
/// limits::probe_lookups_max of these hang at once. Empty on failure, and `why` says why. Any thread.
///
/// Addresses of the link alone (169.254.0.0/16, fe80::/10) and fd00:ec2::254 are left out, however they are named:
/// there a cloud tells its machines their secrets, and who may name what is asked need not be who may know them. What
/// is returned is what is to be dialled, so a name cannot mean something else later.
std::vector<SocketAddress> look_up(const std::string& host, std::uint16_t port, const Deadline& deadline,
                                   std::string& why);

}  // namespace switchyard::agent
