// What NftablesSwitch::refuse() looks at: sockets, filter rules, other users of the stable port.
#include <algorithm>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "agent/system/nftables_switch.hpp"
#include "agent/system/packet_filter.hpp"
#include "common/log.hpp"

namespace switchyard::agent {
namespace {

std::string port_text(std::uint16_t port) { return std::to_string(port); }

std::string slot_text(const protocol::SwitchTarget& target) {
  return "slot " + target.slot + " (port " + port_text(target.port) + ")";
}

/// What the process was started with; empty when it has ended meanwhile. Read through a stream: an iterator over the
/// file throws when the process ends between its opening and its reading.
std::string arguments_of(const std::filesystem::path& process) {
  std::ifstream file(process / "cmdline", std::ios::binary);
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

/// True if a docker-proxy process publishes this port of the host. Its arguments say so, to everyone.
bool docker_publishes(std::uint16_t port) {
  std::error_code ignored;
  for (const auto& entry : std::filesystem::directory_iterator("/proc", ignored)) {
    if (entry.path().filename().string().find_first_not_of("0123456789") != std::string::npos) continue;
    const std::string arguments = arguments_of(entry.path());
    const std::size_t end = arguments.find('\0');
    if (end == std::string::npos || !std::string_view(arguments).substr(0, end).ends_with("docker-proxy")) continue;
    const std::string wanted = std::string("-host-port") + '\0' + port_text(port) + '\0';
    if (arguments.find(wanted) != std::string::npos) return true;
  }
  return false;
}

/// Where connections to the stable port go now: sets the measure for the slot that is to follow.
std::vector<Listener> serving_listeners(SocketTable& sockets, const SwitchReading& reading, std::uint16_t stable_port) {
  if (reading.targets.empty()) return sockets.listeners(stable_port);
  std::vector<Listener> all;
  for (const protocol::SwitchTarget& target : reading.targets) {
    for (Listener& listener : sockets.listeners(target.port)) all.push_back(std::move(listener));
  }
  return all;
}

bool has_family(const std::vector<Listener>& listeners, bool ipv6) {
  return std::any_of(listeners.begin(), listeners.end(), [ipv6](const Listener& listener) {
    return listener.ipv6 == ipv6 || (!ipv6 && listener.any_address() && !listener.ipv6_only);
  });
}

std::optional<SwitchRefusal> refuse_reach(const protocol::SwitchTraffic& wanted, const protocol::SwitchTarget& target,
                                          const std::vector<Listener>& listeners, const Reach& now) {
  const Reach reach = reach_of(listeners);
  const std::string found = slot_text(target) + " listens on " + address_list(listeners);
  // Nothing serves yet: IPv4 is the least that a stable port must serve.
  const bool need_ipv4 = !now.any() || now.ipv4_local || now.ipv4_outside;
  const bool need_ipv6 = now.ipv6_local || now.ipv6_outside;
  if (need_ipv4 && !has_family(listeners, false)) {
    return SwitchRefusal{"address_family", found + ", which IPv4 clients of port " + port_text(wanted.stable_port) +
                                               " cannot reach: let it listen on 0.0.0.0, or on [::] for both families"};
  }
  if (need_ipv6 && !has_family(listeners, true)) {
    return SwitchRefusal{"address_family", found + ", but port " + port_text(wanted.stable_port) +
                                               " serves IPv6 clients now: let it listen on [::] (both families)"};
  }
  if ((need_ipv4 && !reach.ipv4_local) || (need_ipv6 && !reach.ipv6_local)) {
    return SwitchRefusal{"wrong_bind_address", found +
                                                   ". Clients on this host are redirected to the loopback address, "
                                                   "which it does not serve: let it listen on all addresses"};
  }
  if (wanted.local_only) return std::nullopt;
  if ((need_ipv4 && !reach.ipv4_outside && (!now.any() || now.ipv4_outside)) ||
      (need_ipv6 && !reach.ipv6_outside && now.ipv6_outside)) {
    return SwitchRefusal{"wrong_bind_address",
                         found +
                             ". Clients from outside are redirected to the address of the interface that they come "
                             "in by, which it does not serve: let it listen on all addresses (0.0.0.0 or [::])"};
  }
  return std::nullopt;
}

}  // namespace

std::optional<SwitchRefusal> NftablesSwitch::refuse_filter(const protocol::SwitchTraffic& wanted,
                                                           const protocol::SwitchTarget& target) const {
  const auto ruleset = nft_.list_ruleset();
  if (!ruleset) {
    log::warning("rule set is too large to be judged; the filter was not checked", {{"component", wanted.component}});
    return std::nullopt;
  }
  const PacketFilter filter(*ruleset);
  if (const auto rule = filter.nat_rule_on(wanted.stable_port, "switchyard")) {
    return SwitchRefusal{"port_taken", "a nat rule (" + *rule + ") sends port " + port_text(wanted.stable_port) +
                                           " elsewhere, as Docker does for a published port: remove it, or choose "
                                           "another stable port"};
  }
  for (const bool ipv6 : {false, true}) {
    for (const bool local : {false, true}) {
      if (wanted.local_only && !local) continue;
      const FilterAnswer asked = filter.judge({ipv6, local, wanted.stable_port, wanted.stable_port});
      const FilterAnswer redirected = filter.judge({ipv6, local, target.port, wanted.stable_port});
      if (redirected.verdict == FilterVerdict::dropped && asked.verdict != FilterVerdict::dropped) {
        return SwitchRefusal{
            "filtered", std::string("the host's filter (") + redirected.where + ") drops " + (ipv6 ? "IPv6" : "IPv4") +
                            " packets to " + slot_text(target) + " after the redirect from port " +
                            port_text(wanted.stable_port) + ": accept `meta l4proto tcp ct original proto-dst " +
                            port_text(wanted.stable_port) + "`, or port " + port_text(target.port) + " itself"};
      }
      if (redirected.verdict == FilterVerdict::unknown) {
        log::info("filter could not be judged for certain",
                  {{"component", wanted.component}, {"where", redirected.where}, {"port", target.port}});
      }
    }
  }
  return std::nullopt;
}

std::optional<SwitchRefusal> NftablesSwitch::refuse(const protocol::SwitchTraffic& wanted) {
  const SwitchEntry entry = entry_of(wanted);
  const Reach now = reach_of(serving_listeners(sockets_, read(wanted), wanted.stable_port));
  for (const protocol::SwitchTarget& target : entry.targets) {
    const std::vector<Listener> listeners = sockets_.listeners(target.port);
    if (listeners.empty()) {
      return SwitchRefusal{"not_listening", "nothing listens on the port of " + slot_text(target) +
                                                ": start it, and let it listen on the port that the manifest names"};
    }
    // The process on the stable port itself needs no redirect, and so has no wrong address.
    if (target.port == wanted.stable_port) continue;
    if (auto refusal = refuse_reach(wanted, target, listeners, now)) return refusal;
    if (auto refusal = refuse_filter(wanted, target)) return refusal;
  }
  if (!is_empty(entry) && docker_publishes(wanted.stable_port)) {
    return SwitchRefusal{"port_taken", "Docker publishes port " + port_text(wanted.stable_port) +
                                           " of this host, and its rules come before the switch for some clients: "
                                           "stop publishing it, or choose another stable port"};
  }
  return std::nullopt;
}

}  // namespace switchyard::agent
