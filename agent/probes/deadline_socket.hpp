#pragma once

#include <cstdint>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>

#include "agent/probes/tls_session.hpp"
#include "common/file_descriptor.hpp"

namespace switchyard::agent {

/// When a try must be over: a moment on the steady clock of the kernel, fixed once. Real sockets need real time; the
/// decisions about what tries mean are made elsewhere (ProbeGate) on the injected clock.
class Deadline {
 public:
  explicit Deadline(std::uint32_t timeout_ms);
  /// 0 when it has passed.
  int left_ms() const;

 private:
  std::int64_t at_ms_;
};

/// A TCP connection on which nothing takes longer than the deadline: a peer that accepts and says nothing, or sends one
/// byte a second, costs no more than the try's time. One thread. Failures are texts for people, not exceptions.
class DeadlineSocket {
 public:
  /// Connects to the first address of the host that answers; nothing if none does, and `why` says what was tried.
  static std::optional<DeadlineSocket> connect(const std::string& host, std::uint16_t port, const Deadline& deadline,
                                               const std::stop_token& stop, std::string& why);

  /// From here on what is said goes by TLS. False, and `why`, when the peer cannot, or is not who it must be.
  bool start_tls(TlsSession session, std::string& why);

  bool send_all(std::string_view bytes, std::string& why);
  /// Some bytes; empty at the end of the stream; nothing on failure.
  std::optional<std::string> receive(std::string& why);

 private:
  DeadlineSocket(FileDescriptor socket, const Deadline& deadline, const std::stop_token& stop)
      : socket_(std::move(socket)), deadline_(deadline), stop_(stop) {}
  bool await(short events, std::string& why) const;
  bool send_bytes(std::string_view bytes, std::string& why);
  std::optional<std::string> receive_bytes(std::string& why);
  bool feed_more(TlsSession& session, std::string& why);

  FileDescriptor socket_;
  Deadline deadline_;
  std::stop_token stop_;
  std::optional<TlsSession> tls_;
};

}  // namespace switchyard::agent
