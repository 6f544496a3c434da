#include "agent/system/socket_table.hpp"

#include <arpa/inet.h>
#include <linux/inet_diag.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <linux/sock_diag.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <functional>

#include "common/error.hpp"
#include "common/file_descriptor.hpp"

namespace switchyard::agent {
namespace {

/// The kernel's own states (net/tcp_states.h); NEW_SYN_RECV sockets are reported as SYN_RECV.
constexpr std::uint32_t listening = 1u << TCP_LISTEN;
constexpr std::uint32_t working = (1u << TCP_ESTABLISHED) | (1u << TCP_SYN_RECV) | (1u << TCP_CLOSE_WAIT);

/// What a message says beside its fixed part.
struct Extras {
  bool ipv6_only = false;
  std::uint64_t group = 0;
};

Extras extras_of(const nlmsghdr& message) {
  Extras extras;
  const auto* body = static_cast<const inet_diag_msg*>(NLMSG_DATA(&message));
  int left = static_cast<int>(message.nlmsg_len - NLMSG_LENGTH(sizeof *body));
  const auto* first = reinterpret_cast<const char*>(body) + sizeof *body;
  for (auto* attribute = reinterpret_cast<const rtattr*>(first); RTA_OK(attribute, left);
       attribute = RTA_NEXT(attribute, left)) {
    if (attribute->rta_type == INET_DIAG_SKV6ONLY) {
      extras.ipv6_only = *static_cast<const std::uint8_t*>(RTA_DATA(attribute)) != 0;
    } else if (attribute->rta_type == INET_DIAG_CGROUP_ID && RTA_PAYLOAD(attribute) == sizeof extras.group) {
      std::memcpy(&extras.group, RTA_DATA(attribute), sizeof extras.group);
    }
  }
  return extras;
}

using OnSocket = std::function<void(const inet_diag_msg&, const Extras&)>;

void ask(int netlink, std::uint8_t family, std::uint32_t states) {
  struct {
    nlmsghdr head;
    inet_diag_req_v2 body;
  } request{};
  request.head.nlmsg_len = sizeof request;
  request.head.nlmsg_type = SOCK_DIAG_BY_FAMILY;
  request.head.nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP;
  request.body.sdiag_family = family;
  request.body.sdiag_protocol = IPPROTO_TCP;
  request.body.idiag_states = states;
  sockaddr_nl kernel{};
  kernel.nl_family = AF_NETLINK;
  if (::sendto(netlink, &request, sizeof request, 0, reinterpret_cast<const sockaddr*>(&kernel), sizeof kernel) < 0) {
    throw_errno("asking the kernel for its sockets");
  }
}

/// Reads one dump to its end. The kernel bounds each message; the caller's function sees every socket once.
void read_dump(int netlink, const OnSocket& on_socket) {
  alignas(nlmsghdr) std::array<char, 32768> buffer;
  for (;;) {
    const ssize_t got = ::recv(netlink, buffer.data(), buffer.size(), 0);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) throw_errno("reading the kernel's sockets");
    auto left = static_cast<std::uint32_t>(got);
    for (auto* message = reinterpret_cast<const nlmsghdr*>(buffer.data()); NLMSG_OK(message, left);
         message = NLMSG_NEXT(message, left)) {
      if (message->nlmsg_type == NLMSG_DONE) return;
      if (message->nlmsg_type == NLMSG_ERROR) {
        const auto* error = static_cast<const nlmsgerr*>(NLMSG_DATA(message));
        // No IPv6 on this host: there are no such sockets.
        if (error->error == -ENOENT || error->error == 0) return;
        throw SysError(-error->error, "asking the kernel for its sockets (is the module tcp_diag there?)");
      }
      on_socket(*static_cast<const inet_diag_msg*>(NLMSG_DATA(message)), extras_of(*message));
    }
  }
}

void for_each_socket(std::uint32_t states, const OnSocket& on_socket) {
  const FileDescriptor netlink(::socket(AF_NETLINK, SOCK_DGRAM | SOCK_CLOEXEC, NETLINK_SOCK_DIAG));
  if (!netlink) throw_errno("opening the socket that lists sockets");
  for (const int family : {AF_INET, AF_INET6}) {
    ask(netlink.get(), static_cast<std::uint8_t>(family), states);
    read_dump(netlink.get(), on_socket);
  }
}

}  // namespace

std::vector<Listener> KernelSocketTable::listeners(std::uint16_t port) {
  std::vector<Listener> found;
  for_each_socket(listening, [&](const inet_diag_msg& socket, const Extras& extras) {
    if (ntohs(socket.id.idiag_sport) != port) return;
    std::array<char, INET6_ADDRSTRLEN> text{};
    ::inet_ntop(socket.idiag_family, socket.id.idiag_src, text.data(), text.size());
    Listener listener{text.data(), socket.idiag_family == AF_INET6, extras.ipv6_only};
    // SO_REUSEPORT: many sockets, one address.
    for (const Listener& known : found) {
      if (known == listener) return;
    }
    found.push_back(std::move(listener));
  });
  return found;
}

std::uint64_t KernelSocketTable::connections(std::uint16_t port) {
  std::uint64_t count = 0;
  for_each_socket(working,
                  [&](const inet_diag_msg& socket, const Extras&) { count += ntohs(socket.id.idiag_sport) == port; });
  return count;
}

std::vector<std::uint64_t> KernelSocketTable::listener_groups(std::uint16_t port) {
  std::vector<std::uint64_t> groups;
  for_each_socket(listening, [&](const inet_diag_msg& socket, const Extras& extras) {
    if (ntohs(socket.id.idiag_sport) == port) groups.push_back(extras.group);
  });
  return groups;
}

Reach reach_of(const std::vector<Listener>& listeners) {
  Reach reach;
  for (const Listener& listener : listeners) {
    const bool mapped = listener.address.starts_with("::ffff:");
    const std::string address = mapped ? listener.address.substr(7) : listener.address;
    const bool any = address == "0.0.0.0" || address == "::";
    const bool loopback = address == "::1" || address.starts_with("127.");
    // A redirect of a local client goes to 127.0.0.1 exactly, not to another address of 127.0.0.0/8.
    const bool local = any || address == "127.0.0.1" || address == "::1";
    const bool outside = any || !loopback;
    const bool ipv4 = !listener.ipv6 || mapped || (address == "::" && !listener.ipv6_only);
    const bool ipv6 = listener.ipv6 && !mapped;
    reach.ipv4_local |= ipv4 && local;
    reach.ipv4_outside |= ipv4 && outside;
    reach.ipv6_local |= ipv6 && local;
    reach.ipv6_outside |= ipv6 && outside;
  }
  return reach;
}

std::string address_list(const std::vector<Listener>& listeners) {
  std::string list;
  for (const Listener& listener : listeners) {
    if (!list.empty()) list += ", ";
    list += listener.ipv6 ? "[" + listener.address + "]" : listener.address;
    if (listener.ipv6_only) list += " (IPv6 only)";
  }
  return list.empty() ? "no address" : list;
}

}  // namespace switchyard::agent
