#include "agent/system/haproxy_socket.hpp"

#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>

#include <array>
#include <cerrno>
#include <charconv>
#include <chrono>
#include <cstring>
#include <map>
#include <string_view>

#include "common/error.hpp"
#include "common/file_descriptor.hpp"
#include "common/limits.hpp"

namespace switchyard::agent {
namespace {

/// Bits of srv_admin_state that take a server out of service: maintenance (forced, inherited, by DNS) and drain
/// (forced, inherited). 0x04 only says that the configuration disabled it once.
constexpr std::uint64_t out_of_service = 0x01 | 0x02 | 0x08 | 0x10 | 0x20 | 0x40;

std::vector<std::string_view> split(std::string_view text, char separator) {
  std::vector<std::string_view> pieces;
  for (;;) {
    const std::size_t end = text.find(separator);
    pieces.push_back(text.substr(0, end));
    if (end == std::string_view::npos) return pieces;
    text.remove_prefix(end + 1);
  }
}

/// The pieces are views: of a temporary they would outlive the text.
std::vector<std::string_view> split(std::string&& text, char separator) = delete;

std::uint64_t number_of(std::string_view text) {
  std::uint64_t number = 0;
  std::from_chars(text.data(), text.data() + text.size(), number);
  return number;
}

/// A table with a head line (`# name,name` or `# name name`): rows as maps, so that new columns do no harm.
std::vector<std::map<std::string, std::string, std::less<>>> read_table(std::string_view text, char separator) {
  std::vector<std::map<std::string, std::string, std::less<>>> rows;
  std::vector<std::string_view> names;
  for (const std::string_view line : split(text, '\n')) {
    if (line.starts_with("# ")) {
      names = split(line.substr(2), separator);
      continue;
    }
    const auto values = split(line, separator);
    if (names.empty() || values.size() < 2) continue;
    auto& row = rows.emplace_back();
    for (std::size_t i = 0; i < values.size() && i < names.size(); ++i) row.emplace(names[i], values[i]);
  }
  return rows;
}

}  // namespace

std::string HaproxySocket::ask(const std::string& command) const {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path_.size() >= sizeof address.sun_path) throw Error("the haproxy socket's path is too long: " + path_);
  std::memcpy(address.sun_path, path_.c_str(), path_.size());
  const FileDescriptor socket(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  if (!socket) throw_errno("opening a socket");
  const timeval limit{limits::haproxy_ms_max / 1000, 0};
  ::setsockopt(socket.get(), SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
  ::setsockopt(socket.get(), SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit);
  const std::string what = "asking haproxy by its socket " + path_;
  if (::connect(socket.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) throw_errno(what);
  const std::string line = command + "\n";
  if (::send(socket.get(), line.data(), line.size(), MSG_NOSIGNAL) != static_cast<ssize_t>(line.size()))
    throw_errno(what);

  const auto deadline = std::chrono::steady_clock::now() + std::chrono::milliseconds(limits::haproxy_ms_max);
  std::string answer;
  std::array<char, 16384> buffer;
  for (;;) {
    const ssize_t got = ::recv(socket.get(), buffer.data(), buffer.size(), 0);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) throw_errno(what);
    if (got == 0) return answer;
    answer.append(buffer.data(), static_cast<std::size_t>(got));
    if (answer.size() > limits::haproxy_answer_bytes_max || std::chrono::steady_clock::now() > deadline) {
      throw Error(what + ": the answer is too long or comes too slowly");
    }
  }
}

void HaproxySocket::tell(const std::vector<std::string>& commands) const {
  if (commands.empty()) return;
  std::string line;
  for (const std::string& command : commands) line += (line.empty() ? "" : ";") + command;
  const std::string answer = ask(line);
  const std::size_t first = answer.find_first_not_of(" \r\n");
  if (first == std::string::npos) return;
  throw Error("haproxy refused `" + line + "`: " + answer.substr(first, limits::excerpt_bytes_max));
}

std::vector<HaproxyServer> HaproxySocket::servers(const std::string& backend) const {
  const std::string states = ask("show servers state " + backend);
  std::vector<HaproxyServer> servers;
  for (const auto& row : read_table(states, ' ')) {
    const auto value = [&row](std::string_view name) {
      const auto found = row.find(name);
      return found == row.end() ? std::string_view() : std::string_view(found->second);
    };
    if (value("be_name") != backend) continue;
    HaproxyServer server;
    server.name = value("srv_name");
    server.port = static_cast<std::uint16_t>(number_of(value("srv_port")));
    server.weight = static_cast<std::uint32_t>(number_of(value("srv_uweight")));
    server.in_service = (number_of(value("srv_admin_state")) & out_of_service) == 0;
    servers.push_back(std::move(server));
  }
  if (servers.empty()) throw Error("haproxy at " + path_ + " has no backend " + backend + " with servers");
  for (const auto& row : read_table(ask("show stat " + backend + " 4 -1"), ',')) {
    const auto value = [&row](std::string_view name) {
      const auto found = row.find(name);
      return found == row.end() ? std::string_view() : std::string_view(found->second);
    };
    for (HaproxyServer& server : servers) {
      if (value("pxname") != backend || value("svname") != server.name) continue;
      server.sessions = number_of(value("scur")) + number_of(value("qcur"));
      server.backup = value("bck") == "1";
    }
  }
  return servers;
}

std::uint64_t HaproxySocket::process_id() const {
  const std::string info = ask("show info");
  for (const std::string_view line : split(info, '\n')) {
    if (line.starts_with("Pid: ")) return number_of(line.substr(5));
  }
  throw Error("haproxy at " + path_ + " does not say its process id");
}

bool HaproxySocket::may_change() const { return ask("show cli level").find("admin") != std::string::npos; }

}  // namespace switchyard::agent
