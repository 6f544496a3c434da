#include "agent/probes/webhook_ear.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <chrono>

#include "agent/probes/http_exchange.hpp"
#include "common/error.hpp"
#include "common/limits.hpp"

namespace switchyard::agent {
namespace {

constexpr std::string_view thanks = "HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n";

bool is_readable(const FileDescriptor& socket) {
  pollfd polled{socket.get(), POLLIN, 0};
  return ::poll(&polled, 1, limits::webhook_stop_check_ms) > 0;
}

}  // namespace

WebhookEar::WebhookEar() : socket_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0)) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = ::htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  auto* generic = reinterpret_cast<sockaddr*>(&address);
  if (!socket_ || ::bind(socket_.get(), generic, size) != 0 || ::listen(socket_.get(), 16) != 0 ||
      ::getsockname(socket_.get(), generic, &size) != 0) {
    throw_errno("listening for calls back");
  }
  port_ = ::ntohs(address.sin_port);
  thread_ = std::jthread([this](const std::stop_token& stop) { listen(stop); });
}

WebhookEar::~WebhookEar() { thread_.request_stop(); }

std::string WebhookEar::url() const { return "http://127.0.0.1:" + std::to_string(port_) + "/"; }

void WebhookEar::listen(const std::stop_token& stop) {
  while (!stop.stop_requested()) {
    if (!is_readable(socket_)) continue;
    const FileDescriptor caller(::accept4(socket_.get(), nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK));
    if (caller) hear(caller, stop);
  }
}

void WebhookEar::hear(const FileDescriptor& caller, const std::stop_token& stop) {
  const Deadline deadline(limits::webhook_call_ms_max);
  std::string bytes;
  std::array<char, 4096> buffer;
  bool broken = false;
  while (!broken && !stop.stop_requested() && deadline.left_ms() > 0 &&
         bytes.size() <= limits::probe_head_bytes_max + limits::probe_body_bytes_max) {
    if (!is_readable(caller)) continue;
    const ssize_t got = ::recv(caller.get(), buffer.data(), buffer.size(), 0);
    if (got <= 0) return;
    bytes.append(buffer.data(), static_cast<std::size_t>(got));
    const auto body = whole_request_body(bytes, broken);
    if (!body) continue;
    static_cast<void>(::send(caller.get(), thanks.data(), thanks.size(), MSG_NOSIGNAL));
    const std::lock_guard lock(mutex_);
    if (bodies_.size() < limits::smoke_requests_max) bodies_.push_back(*body);
    came_.notify_all();
    return;
  }
}

bool WebhookEar::await(const std::string& text, const Deadline& deadline, const std::stop_token& stop) {
  std::unique_lock lock(mutex_);
  for (;;) {
    const auto found = std::find_if(bodies_.begin(), bodies_.end(),
                                    [&](const std::string& body) { return body.find(text) != std::string::npos; });
    if (found != bodies_.end()) {
      bodies_.erase(found);
      return true;
    }
    if (stop.stop_requested() || deadline.left_ms() == 0) return false;
    came_.wait_for(lock, std::chrono::milliseconds(std::min(deadline.left_ms(), limits::webhook_stop_check_ms)));
  }
}

}  // namespace switchyard::agent
