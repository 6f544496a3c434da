#include "agent/probes/deadline_socket.hpp"

#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <system_error>
#include <utility>

#include "agent/probes/host_lookup.hpp"
#include "common/limits.hpp"

namespace switchyard::agent {
namespace {

std::int64_t now_ms() {
  return std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::steady_clock::now().time_since_epoch())
      .count();
}

std::string error_text(int number) { return std::generic_category().message(number); }

/// Waits for one event on a descriptor. False when time is over or a stop is asked for.
bool await_socket(int descriptor, short events, const Deadline& deadline, const std::stop_token& stop,
                  std::string& why) {
  for (;;) {
    if (stop.stop_requested()) {
      why = "it was cancelled";
      return false;
    }
    const int left = deadline.left_ms();
    if (left == 0) {
      why = "it timed out";
      return false;
    }
    pollfd polled{descriptor, events, 0};
    const int ready = ::poll(&polled, 1, std::min(left, limits::probe_stop_check_ms));
    if (ready > 0) return true;
    if (ready < 0 && errno != EINTR) {
      why = error_text(errno);
      return false;
    }
  }
}

}  // namespace

Deadline::Deadline(std::uint32_t timeout_ms) : at_ms_(now_ms() + timeout_ms) {}

int Deadline::left_ms() const {
  constexpr std::int64_t at_most = 24 * 3600 * 1000;
  return static_cast<int>(std::clamp<std::int64_t>(at_ms_ - now_ms(), 0, at_most));
}

std::optional<DeadlineSocket> DeadlineSocket::connect(const std::string& host, std::uint16_t port,
                                                      const Deadline& deadline, const std::stop_token& stop,
                                                      std::string& why) {
  for (const SocketAddress& address : look_up(host, port, deadline, why)) {
    FileDescriptor socket(::socket(address.storage.ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
    if (!socket) {
      why = error_text(errno);
      continue;
    }
    const auto* generic = reinterpret_cast<const sockaddr*>(&address.storage);
    if (::connect(socket.get(), generic, address.size) != 0) {
      if (errno != EINPROGRESS) {
        why = error_text(errno);
        continue;
      }
      if (!await_socket(socket.get(), POLLOUT, deadline, stop, why)) continue;
      int error = 0;
      socklen_t size = sizeof error;
      ::getsockopt(socket.get(), SOL_SOCKET, SO_ERROR, &error, &size);
      if (error != 0) {
        why = error_text(error);
        continue;
      }
    }
    return DeadlineSocket(std::move(socket), deadline, stop);
  }
  return std::nullopt;
}

bool DeadlineSocket::await(short events, std::string& why) const {
  return await_socket(socket_.get(), events, deadline_, stop_, why);
}

bool DeadlineSocket::send_bytes(std::string_view bytes, std::string& why) {
  while (!bytes.empty()) {
    if (!await(POLLOUT, why)) return false;
    const ssize_t sent = ::send(socket_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent < 0) {
      if (errno == EINTR || errno == EAGAIN) continue;
      why = error_text(errno);
      return false;
    }
    bytes.remove_prefix(static_cast<std::size_t>(sent));
  }
  return true;
}

std::optional<std::string> DeadlineSocket::receive_bytes(std::string& why) {
  std::array<char, 16 * 1024> buffer;
  for (;;) {
    if (!await(POLLIN, why)) return std::nullopt;
    const ssize_t got = ::recv(socket_.get(), buffer.data(), buffer.size(), 0);
    if (got >= 0) return std::string(buffer.data(), static_cast<std::size_t>(got));
    if (errno == EINTR || errno == EAGAIN) continue;
    why = error_text(errno);
    return std::nullopt;
  }
}

bool DeadlineSocket::feed_more(TlsSession& session, std::string& why) {
  const auto got = receive_bytes(why);
  if (!got) return false;
  session.feed(*got);
  if (got->empty()) why = "it closed the connection in the middle of TLS";
  return !got->empty();
}

bool DeadlineSocket::start_tls(TlsSession session, std::string& why) {
  for (;;) {
    const TlsSession::State state = session.shake_hands(why);
    if (state == TlsSession::State::failed) {
      // The peer is told why; whether it hears it changes nothing.
      std::string ignored;
      send_bytes(session.take(), ignored);
      return false;
    }
    if (!send_bytes(session.take(), why)) return false;
    if (state == TlsSession::State::done) break;
    if (!feed_more(session, why)) return false;
  }
  tls_ = std::move(session);
  return true;
}

bool DeadlineSocket::send_all(std::string_view bytes, std::string& why) {
  if (!tls_) return send_bytes(bytes, why);
  return tls_->write(bytes, why) && send_bytes(tls_->take(), why);
}

std::optional<std::string> DeadlineSocket::receive(std::string& why) {
  if (!tls_) return receive_bytes(why);
  for (;;) {
    std::string bytes;
    const TlsSession::State state = tls_->read(bytes, why);
    if (state == TlsSession::State::failed) return std::nullopt;
    if (state == TlsSession::State::done) return bytes;
    if (!send_bytes(tls_->take(), why) || !feed_more(*tls_, why)) return std::nullopt;
  }
}

}  // namespace switchyard::agent
