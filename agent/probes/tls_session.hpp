#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "protocol/step.hpp"

struct ssl_st;
struct bio_st;

namespace switchyard::agent {

/// The client's side of one TLS connection, by OpenSSL, and no socket: encrypted bytes are fed in and taken out, so
/// that the socket alone knows of time and stops (DeadlineSocket::start_tls). TLS 1.2 or newer, without a certificate
/// of our own. One thread. Failures are texts for people.
class TlsSession {
 public:
  /// `host`: whom the peer must be (`verify-full`), and who it is told that we want. Nothing, and `why`, when the
  /// authorities to be trusted cannot be read.
  static std::optional<TlsSession> begin(const protocol::TlsDemand& demand, const std::string& host, std::string& why);

  enum class State { done, hungry, failed };
  /// done: the peer is who it must be. hungry: feed more. After each call there may be something to take.
  State shake_hands(std::string& why);
  /// done: some bytes, or none at the end of the stream. hungry: feed more.
  State read(std::string& bytes, std::string& why);
  bool write(std::string_view bytes, std::string& why);

  void feed(std::string_view encrypted);
  /// What is to be sent to the peer now.
  std::string take();

 private:
  struct Free {
    void operator()(ssl_st* session) const;
  };
  explicit TlsSession(ssl_st* session);
  State state_after(int result, std::string& why);
  std::string trouble() const;

  std::unique_ptr<ssl_st, Free> session_;
  bio_st* in_ = nullptr;   ///< the session's own
  bio_st* out_ = nullptr;  ///< likewise
  std::string host_;
};

}  // namespace switchyard::agent
