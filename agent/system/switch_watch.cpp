#include "agent/system/switch_watch.hpp"

#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netlink.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/inotify.h>
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

/// On a fresh host nothing was ever switched, and there is no directory yet.
FileDescriptor watch_files(const std::filesystem::path& directory) {
  std::error_code ignored;
  std::filesystem::create_directories(directory, ignored);
  FileDescriptor files(::inotify_init1(IN_CLOEXEC | IN_NONBLOCK));
  if (files && ::inotify_add_watch(files.get(), directory.c_str(), IN_CREATE | IN_MOVED_TO | IN_MOVE_SELF) < 0)
    files = {};
  return files;
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
    : nftables_(nftables),
      haproxy_(haproxy),
      netlink_(open_netlink()),
      files_(watch_files(haproxy.state())),
      end_(::eventfd(0, EFD_CLOEXEC)) {
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

/// Takes what was told away. A directory that was removed, or has another name, tells nothing any more: then the clock
/// does.
void SwitchWatch::hear_of_files() {
  alignas(inotify_event) std::array<char, 4096> buffer;
  for (;;) {
    const ssize_t got = ::read(files_.get(), buffer.data(), buffer.size());
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) return;
    for (ssize_t at = 0; at < got;) {
      inotify_event event;
      std::memcpy(&event, buffer.data() + at, sizeof event);
      if ((event.mask & (IN_IGNORED | IN_MOVE_SELF)) != 0) {
        files_ = {};
        return;
      }
      at += static_cast<ssize_t>(sizeof event + event.len);
    }
  }
}

/// Is there anything to look for once a second? On most hosts there is not, and an idle process is not woken for that.
bool SwitchWatch::ticks(bool sound) {
  if (!files_) files_ = watch_files(haproxy_.state());
  try {
    return !sound || !files_ || haproxy_.remembers_any();
  } catch (const std::exception& error) {
    log::error("what haproxy was told could not be read; trying again", {{"error", error.what()}});
    return true;
  }
}

void SwitchWatch::watch() {
  using SteadyClock = std::chrono::steady_clock;
  const auto period = std::chrono::milliseconds(limits::switch_check_ms);
  bool sound = check_nftables();
  check_haproxy();
  auto next = SteadyClock::now() + period;
  for (;;) {
    const bool ticking = ticks(sound);
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(next - SteadyClock::now()).count();
    // poll() passes over a descriptor below 0.
    std::array<pollfd, 3> polled{pollfd{end_.get(), POLLIN, 0}, pollfd{netlink_.get(), POLLIN, 0},
                                 pollfd{files_.get(), POLLIN, 0}};
    const int ready = ::poll(polled.data(), polled.size(), !ticking ? -1 : left > 0 ? static_cast<int>(left) : 0);
    if (polled[0].revents != 0) return;
    if (ready > 0 && polled[2].revents != 0) hear_of_files();
    if (ready > 0 && polled[1].revents != 0 && table_changed()) sound = check_nftables();
    // Other programs may change their tables all the time, so the tick goes by the clock and not by silence.
    if (SteadyClock::now() < next) continue;
    next = SteadyClock::now() + period;
    check_haproxy();
    if (!sound) sound = check_nftables();
  }
}

}  // namespace switchyard::agent
