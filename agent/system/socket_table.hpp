#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace switchyard::agent {

/// One listening TCP socket of this host.
struct Listener {
  std::string address;     ///< as inet_ntop prints it: 0.0.0.0, 127.0.0.1, ::, fe80::1
  bool ipv6 = false;       ///< the socket's family
  bool ipv6_only = false;  ///< false for an IPv6 socket that serves IPv4 too

  bool any_address() const { return address == "0.0.0.0" || address == "::"; }
  bool operator==(const Listener&) const = default;
};

/// Which clients a port serves, after a redirect: the kernel turns packets of local clients to the loopback address,
/// and packets from outside to the address of the interface that they came in by.
struct Reach {
  bool ipv4_local = false, ipv4_outside = false, ipv6_local = false, ipv6_outside = false;
  bool any() const { return ipv4_local || ipv4_outside || ipv6_local || ipv6_outside; }
  bool operator==(const Reach&) const = default;
};
Reach reach_of(const std::vector<Listener>& listeners);
/// "127.0.0.1, [::1]": for messages.
std::string address_list(const std::vector<Listener>& listeners);

/// Seam: the kernel's TCP sockets. Real: KernelSocketTable. In tests: FakeSocketTable.
class SocketTable {
 public:
  virtual ~SocketTable() = default;
  virtual std::vector<Listener> listeners(std::uint16_t port) = 0;
  /// Connections to this local port that still carry requests: those that only wait for their last packet do not count.
  virtual std::uint64_t connections(std::uint16_t port) = 0;
  /// The control groups in which the port's listening sockets were opened, by their kernel ids. 0: the kernel does not
  /// say. Empty: nobody listens.
  virtual std::vector<std::uint64_t> listener_groups(std::uint16_t port) = 0;
};

/// Asks by NETLINK_SOCK_DIAG, not by /proc/net/tcp: only there does the kernel say whether an IPv6 socket serves IPv4
/// too, and it does not print every socket of a busy host as text. Blocking; any thread. Throws SysError.
class KernelSocketTable final : public SocketTable {
 public:
  std::vector<Listener> listeners(std::uint16_t port) override;
  std::uint64_t connections(std::uint16_t port) override;
  std::vector<std::uint64_t> listener_groups(std::uint16_t port) override;
};

}  // namespace switchyard::agent
