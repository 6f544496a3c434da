#include "tests/attack/attacked.hpp"

#include <arpa/inet.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <charconv>
#include <chrono>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <sstream>
#include <stdexcept>
#include <thread>
#include <utility>

#include "protocol/enrolment.hpp"
#include "tests/support/free_port.hpp"

extern char** environ;

namespace switchyard::attack {
namespace {

constexpr int start_ms = 20'000;
constexpr int answer_ms = 5'000;

int tcp_socket() { return ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0); }

sockaddr_in loopback(std::uint16_t port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  return address;
}

std::string text_of(const std::filesystem::path& file) {
  std::stringstream text;
  text << std::ifstream(file).rdbuf();
  return text.str();
}

std::string between(const std::string& text, const std::string& before, const std::string& after) {
  const std::size_t at = text.find(before);
  if (at == std::string::npos) return {};
  const std::size_t from = at + before.size();
  return text.substr(from, text.find(after, from) - from);
}

}  // namespace

Attacked::Attacked() {
  std::string pattern = (std::filesystem::temp_directory_path() / "switchyard-attack-XXXXXX").string();
  if (::mkdtemp(pattern.data()) == nullptr) throw std::runtime_error("no scratch directory");
  root_ = pattern;
  // What keeps others from the socket shall be the socket's own mode.
  std::filesystem::permissions(root_, std::filesystem::perms(0755));
  endpoint_ = {"127.0.0.1", testing::free_port(), testing::free_port()};
  http_port_ = testing::free_port();
  start();
  wait_until_it_answers();
  server_key_ = new_token("nobody").enrolment.server_public_key;
}

Attacked::~Attacked() {
  stop();
  std::error_code ignored;
  std::filesystem::remove_all(root_, ignored);
}

void Attacked::start() {
  std::filesystem::create_directories(root_ / "etc/switchyard");
  std::ofstream(root_ / "etc/switchyard/coordinator.yaml")
      << "listen: {control: \"127.0.0.1:" << endpoint_.control_port << "\", bulk: \"127.0.0.1:" << endpoint_.bulk_port
      << "\"}\nadvertise: [\"127.0.0.1:" << endpoint_.control_port << ":" << endpoint_.bulk_port
      << "\"]\nhttp: {listen: \"127.0.0.1:" << http_port_ << "\"}\n";
  pid_ = spawn();
}

pid_t Attacked::spawn(const std::vector<std::string>& more) const {
  std::vector<std::string> words = {SWITCHYARD_COORDINATOR, "--root", root_.string()};
  words.insert(words.end(), more.begin(), more.end());
  std::vector<char*> argv;
  for (std::string& word : words) argv.push_back(word.data());
  argv.push_back(nullptr);
  posix_spawn_file_actions_t files;
  posix_spawn_file_actions_init(&files);
  posix_spawn_file_actions_addopen(&files, 1, log().c_str(), O_WRONLY | O_CREAT | O_APPEND, 0600);
  posix_spawn_file_actions_adddup2(&files, 1, 2);
  pid_t child = -1;
  const int error = posix_spawn(&child, SWITCHYARD_COORDINATOR, &files, nullptr, argv.data(), environ);
  posix_spawn_file_actions_destroy(&files);
  if (error != 0) throw std::runtime_error(std::string("starting the coordinator: ") + std::strerror(error));
  return child;
}

void Attacked::stop() {
  if (pid_ <= 0) return;
  ::kill(pid_, SIGTERM);
  ::waitpid(std::exchange(pid_, -1), nullptr, 0);
}

int Attacked::end_within(int ms) {
  for (int waited = 0; waited < ms; waited += 50) {
    int status = 0;
    if (::waitpid(pid_, &status, WNOHANG) == pid_) {
      pid_ = -1;
      return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
  }
  return -1;
}

void Attacked::start_again() {
  start();
  wait_until_it_answers();
}

int Attacked::run_beside(const std::vector<std::string>& arguments) const {
  int status = 0;
  ::waitpid(spawn(arguments), &status, 0);
  return WEXITSTATUS(status);
}

void Attacked::wait_until_it_answers() {
  for (int waited = 0; waited < start_ms; waited += 50) {
    if (ask("GET", "/v1/health").status == 200) return;
    if (::waitpid(pid_, nullptr, WNOHANG) == pid_) break;
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
  }
  throw std::runtime_error("the coordinator does not answer:\n" + text_of(log()));
}

std::string Attacked::admin_token() const {
  std::string token = text_of(root_ / "var/lib/switchyard/admin.token");
  while (!token.empty() && token.back() == '\n') token.pop_back();
  return token;
}

HttpAnswer Attacked::ask(const std::string& method, const std::string& path, const std::string& body) const {
  return converse(connect_unix(socket()), method, path, {}, body);
}

std::string Attacked::whole_audit() const {
  std::string all;
  for (std::uint64_t after = 0;;) {
    const std::string page = ask("GET", "/v1/audit?limit=100&after=" + std::to_string(after)).body;
    const std::size_t last = page.rfind("\"seq\":");
    if (last == std::string::npos) return all;
    after = std::strtoull(page.c_str() + last + 6, nullptr, 10);
    all += page;
  }
}

Attacked::NewToken Attacked::new_token(const std::string& host_pattern) const {
  const std::string made = ask("POST", "/v1/agents/tokens", "{\"host_pattern\":\"" + host_pattern + "\"}").body;
  const std::string text = between(made, "\"enrolment\":\"", "\"");
  if (text.empty()) throw std::runtime_error("no token: " + made);
  return {protocol::decode_enrolment(text), between(made, "\"id\":\"", "\"")};
}

TokenKeys Attacked::token(const std::string& host_pattern) const {
  const NewToken made = new_token(host_pattern);
  return {protocol::curve_keys_from_secret(protocol::enrolment_secret(made.enrolment.token)),
          protocol::enrolment_peer(made.id).str()};
}

protocol::CurveKeyPair Attacked::enrol(const std::string& host) const {
  const protocol::CurveKeyPair keys = protocol::generate_curve_keys();
  RawPeer newcomer = dial(token_keys(host));
  if (newcomer.outcome() != Outcome::let_in) throw std::runtime_error("the token's key was not let in");
  newcomer.say(protocol::Enrol{host, keys.public_key, "0"});
  const auto answer = newcomer.hear();
  if (!answer || !std::holds_alternative<protocol::Enrolled>(*answer)) throw std::runtime_error("not enrolled");
  return keys;
}

RawPeer Attacked::dial(const protocol::CurveKeyPair& keys, const std::string& routing_id) const {
  return RawPeer(endpoint_.control_address(), server_key_, keys, routing_id);
}

RawPeer Attacked::dial_bulk(const protocol::CurveKeyPair& keys) const {
  return RawPeer(endpoint_.bulk_address(), server_key_, keys);
}

std::uint64_t Attacked::memory_kib() const {
  const std::string text = between(text_of("/proc/" + std::to_string(pid_) + "/status"), "VmRSS:", "kB");
  return std::strtoull(text.c_str(), nullptr, 10);
}

std::int64_t Attacked::cpu_ms() const {
  std::istringstream fields(between(text_of("/proc/" + std::to_string(pid_) + "/stat"), ") ", "\n"));
  std::string word;
  std::int64_t ticks = 0;
  for (int i = 3; i <= 15 && fields >> word; ++i) {
    if (i >= 14) ticks += std::strtoll(word.c_str(), nullptr, 10);  // utime, stime
  }
  return ticks * 1'000 / ::sysconf(_SC_CLK_TCK);
}

HttpAnswer converse(int connection, const std::string& method, const std::string& path, const std::string& headers,
                    const std::string& body, const std::string& content_type) {
  if (connection < 0) return {};
  std::string request = method + " " + path + " HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n" + headers;
  if (!body.empty()) {
    request += "Content-Type: " + content_type + "\r\nContent-Length: " + std::to_string(body.size()) + "\r\n";
  }
  request += "\r\n" + body;
  std::string answer;
  std::array<char, 4096> buffer{};
  if (::send(connection, request.data(), request.size(), MSG_NOSIGNAL) == static_cast<ssize_t>(request.size())) {
    pollfd item{connection, POLLIN, 0};
    while (::poll(&item, 1, answer_ms) > 0) {
      const ssize_t got = ::recv(connection, buffer.data(), buffer.size(), 0);
      if (got <= 0) break;
      answer.append(buffer.data(), static_cast<std::size_t>(got));
    }
  }
  ::close(connection);
  HttpAnswer result;
  if (answer.size() > 12) std::from_chars(answer.data() + 9, answer.data() + 12, result.status);
  const std::size_t head = answer.find("\r\n\r\n");
  if (head != std::string::npos) result.body = answer.substr(head + 4);
  return result;
}

int connect_tcp(std::uint16_t port) {
  const int connection = tcp_socket();
  const sockaddr_in address = loopback(port);
  if (::connect(connection, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0) return connection;
  ::close(connection);
  return -1;
}

int connect_unix(const std::filesystem::path& socket) {
  const int connection = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::strncpy(address.sun_path, socket.c_str(), sizeof address.sun_path - 1);
  if (::connect(connection, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0) return connection;
  ::close(connection);
  return -1;
}

}  // namespace switchyard::attack
