#include "agent/system/switch_watch.hpp"

#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netlink.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <exception>
#include <string_view>

#include "common/error.hpp"
#include "common/limits.hpp"
#include "common/log.hpp"

namespace switchyard::agent {
namespace {

FileDescriptor open_netlink() {
  FileDescriptor socket(::socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, NETLINK_NETFILTER));
  if (!socket) throw_errno("opening the socket that tells of packet table changes");
  sockaddr_nl address{};
  address.nl_family = AF_NETLINK;
  if (::bind(socket.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
    throw_errno("binding the socket that tells of packet table changes");
  }
  const int group = NFNLGRP_NFTABLES;
  if (::setsockopt(socket.get(), SOL_NETLINK, NETLINK_ADD_MEMBERSHIP, &group, sizeof group) != 0) {
    throw_errno("listening to packet table changes (this needs CAP_NET_ADMIN)");
  }
  return socket;
}

/// Is this message about a thing in our table? In all nf_tables messages attribute 1 is the table's name.
bool is_ours(const nlmsghdr& message) {
  constexpr std::string_view ours("switchyard\0", 11);
  const auto* body = static_cast<const char*>(NLMSG_DATA(&message));
  const char* end = reinterpret_cast<const char*>(&message) + message.nlmsg_len;
  const char* at = body + NLMSG_ALIGN(sizeof(nfgenmsg));
  while (at + sizeof(nlattr) <= end) {
    nlattr attribute;
    std::memcpy(&attribute, at, sizeof attribute);
    if (attribute.nla_len < sizeof attribute || at + attribute.nla_len > end) return false;
    if ((attribute.nla_type & NLA_TYPE_MASK) == NFTA_TABLE_NAME) {
      return std::string_view(at + NLA_HDRLEN, attribute.nla_len - NLA_HDRLEN) == ours;
    }
    at += NLA_ALIGN(attribute.nla_len);
  }
  return false;
}

}  // namespace

SwitchWatch::SwitchWatch(NftablesSwitch& nftables, HaproxySwitch& haproxy)
    : nftables_(nftables), haproxy_(haproxy), netlink_(open_netlink()), end_(::eventfd(0, EFD_CLOEXEC)) {
  if (!end_) throw_errno("making an event descriptor");
  thread_ = std::jthread([this] { watch(); });
}

SwitchWatch::~SwitchWatch() {
  const std::uint64_t one = 1;
  // An eventfd takes eight bytes at once, always.
  static_cast<void>(::write(end_.get(), &one, sizeof one) == sizeof one);
}

/// Reads all that has been told. True if any of it concerns our table, or something was lost on the way.
bool SwitchWatch::table_changed() {
  bool changed = false;
  alignas(nlmsghdr) std::array<char, 65536> buffer;
  for (;;) {
    const ssize_t got = ::recv(netlink_.get(), buffer.data(), buffer.size(), 0);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0 && errno == ENOBUFS) {
      changed = true;
      continue;
    }
    if (got <= 0) return changed;
    auto left = static_cast<std::uint32_t>(got);
    for (auto* message = reinterpret_cast<const nlmsghdr*>(buffer.data()); NLMSG_OK(message, left);
         message = NLMSG_NEXT(message, left)) {
      changed = changed || is_ours(*message);
    }
  }
}

bool SwitchWatch::check_nftables() {
  try {
    if (nftables_.restore_if_lost()) log::warning("switch table was changed from outside; put back");
    return true;
  } catch (const std::exception& error) {
    log::error("switch table could not be put back; trying again", {{"error", error.what()}});
    return false;
  }
}

void SwitchWatch::check_haproxy() {
  try {
    haproxy_.reapply_if_restarted();
  } catch (const std::exception& error) {
    log::error("haproxy's servers could not be put back; trying again", {{"error", error.what()}});
  }
}

void SwitchWatch::watch() {
  using SteadyClock = std::chrono::steady_clock;
  const auto period = std::chrono::milliseconds(limits::switch_check_ms);
  bool sound = check_nftables();
  check_haproxy();
  auto next = SteadyClock::now() + period;
  for (;;) {
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(next - SteadyClock::now()).count();
    std::array<pollfd, 2> polled{pollfd{end_.get(), POLLIN, 0}, pollfd{netlink_.get(), POLLIN, 0}};
    const int ready = ::poll(polled.data(), polled.size(), left > 0 ? static_cast<int>(left) : 0);
    if (polled[0].revents != 0) return;
    if (ready > 0 && polled[1].revents != 0 && table_changed()) sound = check_nftables();
    // Other programs may change their tables all the time, so the tick goes by the clock and not by silence.
    if (SteadyClock::now() < next) continue;
    next = SteadyClock::now() + period;
    check_haproxy();
    if (!sound) sound = check_nftables();
  }
}

}  // namespace switchyard::agent
