#include "agent/system/haproxy_switch.hpp"

#include <algorithm>
#include <sstream>
#include <utility>

#include "common/error.hpp"
#include "common/file_lock.hpp"
#include "common/log.hpp"

namespace switchyard::agent {
namespace {

/// haproxy takes a line as a list of commands: a name with a space, a semicolon or a newline must not reach it.
bool is_plain(const std::string& name) {
  return !name.empty() && name.size() <= 128 && std::all_of(name.begin(), name.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '-' ||
           c == '.';
  });
}

void check_words(const protocol::SwitchTraffic& wanted) {
  const std::string where = "the switch of component " + wanted.component + ": ";
  const bool plain_path =
      wanted.haproxy_socket.starts_with("/") && wanted.haproxy_socket.find_first_of(" \n") == std::string::npos;
  if (!plain_path) throw InputError(where + "the haproxy socket is not an absolute path");
  if (!is_plain(wanted.haproxy_backend)) throw InputError(where + "the haproxy backend's name is not valid");
  for (const protocol::SwitchTarget& target : wanted.targets) {
    if (!is_plain(target.server))
      throw InputError(where + "the haproxy server of slot " + target.slot + " is not valid");
  }
}

/// With more than one server in service the weights matter; else haproxy's own are left as they are.
bool is_weighted(const protocol::SwitchTraffic& wanted) {
  return std::count_if(wanted.targets.begin(), wanted.targets.end(), [](const auto& t) { return t.weight > 0; }) > 1;
}

const HaproxyServer* find_server(const std::vector<HaproxyServer>& servers, const std::string& name) {
  const auto found =
      std::find_if(servers.begin(), servers.end(), [&](const auto& server) { return server.name == name; });
  return found == servers.end() ? nullptr : &*found;
}

std::vector<protocol::SwitchTarget> read_targets(const protocol::SwitchTraffic& wanted,
                                                 const std::vector<HaproxyServer>& servers) {
  std::vector<protocol::SwitchTarget> targets;
  std::uint32_t sum = 0;
  for (const protocol::SwitchTarget& target : wanted.targets) {
    const HaproxyServer* server = find_server(servers, target.server);
    if (server == nullptr || !server->in_service || server->weight == 0) continue;
    targets.push_back({target.slot, target.port, server->weight, target.server});
    sum += server->weight;
  }
  for (protocol::SwitchTarget& target : targets) target.weight = (target.weight * 100 + sum / 2) / sum;
  return targets;
}

std::vector<protocol::SwitchTarget> live_targets(const protocol::SwitchTraffic& wanted) {
  std::vector<protocol::SwitchTarget> live;
  for (const protocol::SwitchTarget& target : wanted.targets) {
    if (target.weight > 0) live.push_back(target);
  }
  return live;
}

std::string state_line(const protocol::SwitchTraffic& wanted) {
  std::string line = "switch " + wanted.haproxy_socket + " " + wanted.haproxy_backend + " " + wanted.component;
  for (const protocol::SwitchTarget& target : wanted.targets) {
    line += " " + target.server + " " + std::to_string(target.weight);
  }
  return line + "\n";
}

}  // namespace

HaproxySwitch::HaproxySwitch(std::filesystem::path state, FileSystem& files, SocketTable& sockets)
    : state_(std::move(state)), files_(files), sockets_(sockets) {}

std::filesystem::path HaproxySwitch::server_state_file(const std::filesystem::path& state, const std::string& socket) {
  std::string name = socket.substr(socket.find_first_not_of('/'));
  std::replace(name.begin(), name.end(), '/', '_');
  return state / (name + ".servers");
}

std::vector<protocol::SwitchTraffic> HaproxySwitch::wanted_switches() const {
  std::vector<protocol::SwitchTraffic> all;
  std::istringstream lines(files_.read(state_ / "haproxy.state").value_or(""));
  for (std::string line; std::getline(lines, line);) {
    if (!line.starts_with("switch ")) continue;
    std::istringstream words(line.substr(7));
    protocol::SwitchTraffic wanted;
    wanted.kind = protocol::SwitchKind::haproxy;
    words >> wanted.haproxy_socket >> wanted.haproxy_backend >> wanted.component;
    protocol::SwitchTarget target;
    while (words >> target.server >> target.weight) wanted.targets.push_back(target);
    if (!words.eof() || wanted.targets.empty()) {
      throw DecodeError((state_ / "haproxy.state").string() + ": not a line that this version wrote: " + line);
    }
    check_words(wanted);
    all.push_back(std::move(wanted));
  }
  return all;
}

void HaproxySwitch::remember(const protocol::SwitchTraffic& wanted) {
  std::string text = "# Written by switchyard-agent: which server of each haproxy backend is in service.\n";
  for (const protocol::SwitchTraffic& other : wanted_switches()) {
    const bool same = other.haproxy_socket == wanted.haproxy_socket && other.haproxy_backend == wanted.haproxy_backend;
    if (!same) text += state_line(other);
  }
  text += state_line(wanted);
  if (files_.read(state_ / "haproxy.state") != text) files_.write_atomically(state_ / "haproxy.state", text, 0644);
}

void HaproxySwitch::carry_out(const protocol::SwitchTraffic& wanted) const {
  const HaproxySocket haproxy(wanted.haproxy_socket);
  const std::vector<HaproxyServer> servers = haproxy.servers(wanted.haproxy_backend);
  std::vector<std::string> in, out;
  for (const protocol::SwitchTarget& target : wanted.targets) {
    const std::string server = "set server " + wanted.haproxy_backend + "/" + target.server;
    if (target.weight == 0) {
      out.push_back(server + " state drain");
      continue;
    }
    const HaproxyServer* present = find_server(servers, target.server);
    if (is_weighted(wanted)) {
      in.push_back(server + " weight " + std::to_string(target.weight));
    } else if (present != nullptr && present->weight == 0) {
      in.push_back(server + " weight 100");
    }
    in.push_back(server + " state ready");
  }
  // The new server first: at no moment is there none.
  haproxy.tell(in);
  haproxy.tell(out);
  files_.write_atomically(server_state_file(state_, wanted.haproxy_socket), haproxy.ask("show servers state"), 0644);
}

SwitchReading HaproxySwitch::read(const protocol::SwitchTraffic& wanted) {
  check_words(wanted);
  SwitchReading reading;
  reading.targets = read_targets(wanted, HaproxySocket(wanted.haproxy_socket).servers(wanted.haproxy_backend));
  for (const protocol::SwitchTraffic& known : wanted_switches()) {
    if (known.haproxy_socket != wanted.haproxy_socket || known.haproxy_backend != wanted.haproxy_backend) continue;
    // Compared by server: the file does not keep slot names.
    std::map<std::string, std::uint32_t> kept, present;
    for (const protocol::SwitchTarget& target : live_targets(known)) kept[target.server] = target.weight;
    for (const protocol::SwitchTarget& target : reading.targets) present[target.server] = target.weight;
    reading.durable = kept == present;
    return reading;
  }
  std::erase_if(reading.targets, [this](const auto& target) { return sockets_.listeners(target.port).empty(); });
  reading.durable = reading.targets.empty();
  return reading;
}

void HaproxySwitch::apply(const protocol::SwitchTraffic& wanted) {
  check_words(wanted);
  const std::lock_guard guard(mutex_);
  files_.create_directories(state_, 0755);
  const FileLock lock(state_ / "lock");
  const auto before = files_.read(state_ / "haproxy.state");
  remember(wanted);
  try {
    carry_out(wanted);
  } catch (...) {
    if (before) {
      files_.write_atomically(state_ / "haproxy.state", *before, 0644);
    } else {
      files_.remove(state_ / "haproxy.state");
    }
    throw;
  }
}

std::optional<SwitchRefusal> HaproxySwitch::refuse(const protocol::SwitchTraffic& wanted) {
  check_words(wanted);
  const HaproxySocket haproxy(wanted.haproxy_socket);
  std::vector<HaproxyServer> servers;
  try {
    if (!haproxy.may_change()) {
      return SwitchRefusal{"haproxy_unreachable", "haproxy's socket " + wanted.haproxy_socket +
                                                      " may only read: configure it with `level admin`"};
    }
    servers = haproxy.servers(wanted.haproxy_backend);
  } catch (const Error& error) {
    return SwitchRefusal{"haproxy_unreachable", std::string(error.what()) +
                                                    "; is haproxy running, with this `stats socket` and this backend?"};
  }
  const std::string backend = "backend " + wanted.haproxy_backend;
  for (const protocol::SwitchTarget& target : wanted.targets) {
    const HaproxyServer* server = find_server(servers, target.server);
    if (server == nullptr) {
      return SwitchRefusal{"haproxy_server", backend + " has no server " + target.server + " for slot " + target.slot};
    }
    if (target.port != 0 && server->port != target.port) {
      return SwitchRefusal{"haproxy_server", backend + ": server " + target.server + " has port " +
                                                 std::to_string(server->port) + ", but slot " + target.slot +
                                                 " listens on " + std::to_string(target.port)};
    }
  }
  for (const HaproxyServer& server : servers) {
    const bool named = std::any_of(wanted.targets.begin(), wanted.targets.end(),
                                   [&](const auto& target) { return target.server == server.name; });
    if (!named && server.in_service && !server.backup) {
      return SwitchRefusal{"haproxy_server", backend + " has server " + server.name +
                                                 " in service, which belongs to no slot: it would go on serving what "
                                                 "it serves"};
    }
  }
  return std::nullopt;
}

std::uint64_t HaproxySwitch::connections(const protocol::SwitchTraffic& of, const protocol::SwitchTarget& target) {
  check_words(of);
  const std::vector<HaproxyServer> servers = HaproxySocket(of.haproxy_socket).servers(of.haproxy_backend);
  const HaproxyServer* server = find_server(servers, target.server);
  if (server == nullptr) throw Error("haproxy backend " + of.haproxy_backend + " has no server " + target.server);
  return server->sessions;
}

std::size_t HaproxySwitch::reapply_if_restarted() {
  const std::lock_guard guard(mutex_);
  if (!files_.read(state_ / "haproxy.state")) return 0;
  const FileLock lock(state_ / "lock");
  std::size_t put_back = 0;
  std::map<std::string, std::uint64_t> seen;
  for (const protocol::SwitchTraffic& wanted : wanted_switches()) {
    const HaproxySocket haproxy(wanted.haproxy_socket);
    try {
      if (!seen.contains(wanted.haproxy_socket)) seen[wanted.haproxy_socket] = haproxy.process_id();
      const auto known = process_ids_.find(wanted.haproxy_socket);
      if (known != process_ids_.end() && known->second == seen[wanted.haproxy_socket]) continue;
      if (read_targets(wanted, haproxy.servers(wanted.haproxy_backend)) == live_targets(wanted)) continue;
      carry_out(wanted);
      ++put_back;
      log::info("haproxy was restarted; servers put back",
                {{"component", wanted.component}, {"backend", wanted.haproxy_backend}});
    } catch (const Error& error) {
      // Not up yet, or going down: it is asked again at the next tick, as a process that was never seen.
      log::debug("haproxy could not be asked", {{"error", error.what()}});
      seen.erase(wanted.haproxy_socket);
      process_ids_.erase(wanted.haproxy_socket);
      continue;
    }
  }
  for (const auto& [socket, id] : seen) process_ids_[socket] = id;
  return put_back;
}

}  // namespace switchyard::agent
