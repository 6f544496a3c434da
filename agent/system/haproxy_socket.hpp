#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace switchyard::agent {

/// One server of a backend, as haproxy reports it.
struct HaproxyServer {
  std::string name;
  std::uint16_t port = 0;
  std::uint32_t weight = 0;
  bool in_service = false;  ///< neither in maintenance nor draining, whoever asked for it
  bool backup = false;
  std::uint64_t sessions = 0;  ///< current and queued
};

/// haproxy's runtime API on its stats socket: one connection for each question, so that a restarted haproxy is never
/// talked to through an old one. Blocking; any thread. Throws SysError when the socket cannot be reached, Error with
/// haproxy's words when it refuses.
class HaproxySocket {
 public:
  explicit HaproxySocket(std::string path) : path_(std::move(path)) {}

  /// The raw answer to a line of commands.
  std::string ask(const std::string& command) const;
  /// Commands that answer nothing when they succeed, in one line.
  void tell(const std::vector<std::string>& commands) const;

  /// Throws Error if there is no such backend.
  std::vector<HaproxyServer> servers(const std::string& backend) const;
  std::uint64_t process_id() const;
  /// False: the socket is not `level admin`, so it cannot change a server.
  bool may_change() const;

 private:
  std::string path_;
};

}  // namespace switchyard::agent
