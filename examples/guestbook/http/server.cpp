#include "http/server.hpp"

#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/random.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <stdexcept>
#include <thread>

#include "http/limits.hpp"

namespace guestbook::http {

namespace {

int listen_on(const std::string& address, const std::string& port) {
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = AI_PASSIVE | AI_NUMERICHOST;
  addrinfo* found = nullptr;
  const int failure = ::getaddrinfo(address.c_str(), port.c_str(), &hints, &found);
  const std::string where = address + " port " + port + ": ";
  if (failure != 0) throw std::runtime_error(where + ::gai_strerror(failure));
  const int listener = ::socket(found->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  const int on = 1;
  const int off = 0;
  ::setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  // "::" then takes IPv4 clients too, whatever the host's own setting says.
  if (found->ai_family == AF_INET6) ::setsockopt(listener, IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof off);
  const bool is_bound = ::bind(listener, found->ai_addr, found->ai_addrlen) == 0;
  ::freeaddrinfo(found);
  if (!is_bound || ::listen(listener, limits::backlog) != 0) throw std::runtime_error(where + std::strerror(errno));
  return listener;
}

bool is_request_id(const std::string& text) {
  return !text.empty() && text.size() <= 64 && std::all_of(text.begin(), text.end(), [](char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '-' || c == '_' ||
           c == '.';
  });
}

std::string draw_request_id() {
  static constexpr std::string_view digits = "0123456789abcdef";
  std::array<unsigned char, 12> bytes{};
  if (::getrandom(bytes.data(), bytes.size(), 0) < 0) throw std::runtime_error("no random numbers");
  std::string id;
  for (const unsigned char byte : bytes) id += {digits[byte / 16], digits[byte % 16]};
  return id;
}

}  // namespace

Server::Server(ServerOptions options, Handler handler, RequestLog log)
    : options_(std::move(options)), handler_(std::move(handler)), log_(std::move(log)) {
  listener_ = listen_on(options_.address, options_.port);
  stop_event_ = ::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
}

Server::~Server() {
  ::close(stop_event_);
  if (listener_ >= 0) ::close(listener_);
}

void Server::run() {
  sigset_t ending;
  sigemptyset(&ending);
  sigaddset(&ending, SIGTERM);
  sigaddset(&ending, SIGINT);
  const int signals = ::signalfd(-1, &ending, SFD_CLOEXEC);
  accept_until_signalled(signals);
  stopping_ = true;
  ::eventfd_write(stop_event_, 1);
  // Who is in the kernel's queue has been told that the connection stands, so it is served too.
  pollfd queue{listener_, POLLIN, 0};
  while (::poll(&queue, 1, 0) > 0) accept_one();
  ::close(listener_);
  listener_ = -1;
  std::unique_lock lock(mutex_);
  connection_ended_.wait_for(lock, limits::stop_time, [this] { return connections_ == 0; });
  // Threads that are still at work after that end with the process; they must not find a destroyed server.
  if (connections_ != 0) std::_Exit(1);
  ::close(signals);
}

void Server::accept_until_signalled(int signals) {
  while (true) {
    std::array<pollfd, 2> watched{{{listener_, POLLIN, 0}, {signals, POLLIN, 0}}};
    if (::poll(watched.data(), watched.size(), -1) < 0) continue;
    if (watched[1].revents != 0) return;
    if (watched[0].revents != 0) accept_one();
  }
}

void Server::accept_one() {
  const int socket = ::accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
  if (socket < 0) return;
  const int on = 1;
  ::setsockopt(socket, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  std::unique_lock lock(mutex_);
  // At the limit, new clients wait in the kernel's queue until somebody leaves.
  connection_ended_.wait(lock, [this] { return connections_ < limits::connections_max; });
  ++connections_;
  lock.unlock();
  std::thread(&Server::serve, this, socket).detach();
}

void Server::serve(int socket) {
  {
    Connection connection(socket);
    while (connection.wait_for_request(stop_event_) && serve_request(connection)) {
    }
    connection.finish();
  }
  const std::lock_guard lock(mutex_);
  --connections_;
  connection_ended_.notify_all();
}

/// True if the connection may carry another request.
bool Server::serve_request(Connection& connection) {
  const auto started = Connection::Clock::now();
  Request request;
  Response response;
  bool is_readable = true;
  try {
    auto received = connection.read_request();
    if (!received) return false;
    request = std::move(*received);
    request.id = request.header("x-request-id");
    if (!is_request_id(request.id)) request.id = draw_request_id();
    response = handler_(request);
  } catch (const BadRequest& bad) {
    is_readable = false;
    response = {.status = bad.status, .content_type = "text/plain", .body = bad.why + "\n", .headers = {}};
  } catch (const std::exception& error) {
    response = {.status = 500, .content_type = "text/plain", .body = std::string(error.what()) + "\n", .headers = {}};
  }
  const auto duration = std::chrono::duration_cast<std::chrono::microseconds>(Connection::Clock::now() - started);
  log_(request, response.status, duration);
  const bool close = stopping_ || !is_readable || !request.keep_alive;
  return connection.send_response(request, response, options_.server_name, close) && !close;
}

}  // namespace guestbook::http
