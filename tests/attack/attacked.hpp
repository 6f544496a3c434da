#pragma once

#include <sys/types.h>

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "protocol/endpoint.hpp"
#include "protocol/enrolment.hpp"
#include "protocol/zmq_curve_keys.hpp"
#include "tests/attack/raw_peer.hpp"

namespace switchyard::attack {

struct HttpAnswer {
  int status = 0;  ///< 0: no connection
  std::string body;
};

/// What an enrolment token opens the door with.
struct TokenKeys {
  protocol::CurveKeyPair keys;
  std::string peer;  ///< as the audit calls who has them
};

/// The program switchyard-coordinator in a directory of its own, on loopback: what is attacked is what is shipped. From
/// construction to destruction it runs; one thread. Throws std::runtime_error when it does not start.
class Attacked {
 public:
  Attacked();
  ~Attacked();
  Attacked(const Attacked&) = delete;
  Attacked& operator=(const Attacked&) = delete;

  const protocol::Endpoint& endpoint() const { return endpoint_; }
  const std::string& server_key() const { return server_key_; }
  std::uint16_t http_port() const { return http_port_; }
  std::filesystem::path socket() const { return root_ / "run/switchyard/coordinator.sock"; }
  std::filesystem::path store() const { return root_ / "var/lib/switchyard/coordinator.db"; }
  /// All that it was given, and all that it writes.
  const std::filesystem::path& root() const { return root_; }
  std::filesystem::path log() const { return root_ / "log"; }
  std::string admin_token() const;

  /// Over the unix socket, as root.
  HttpAnswer ask(const std::string& method, const std::string& path, const std::string& body = {}) const;
  /// As JSON, page after page.
  std::string whole_audit() const;
  /// Throws when there is none.
  TokenKeys token(const std::string& host_pattern) const;
  protocol::CurveKeyPair token_keys(const std::string& host_pattern) const { return token(host_pattern).keys; }
  /// A host with a key of its own, through the front door.
  protocol::CurveKeyPair enrol(const std::string& host) const;
  RawPeer dial(const protocol::CurveKeyPair& keys, const std::string& routing_id = {}) const;
  /// On the bulk channel, which has a port of its own.
  RawPeer dial_bulk(const protocol::CurveKeyPair& keys) const;

  // --- the program's end ---
  void stop();
  /// Its exit status, or -1 when it still runs.
  int end_within(int ms);
  /// In the same directory, after stop().
  void start_again();
  /// The exit status of the same program, with these arguments, on the same directory.
  int run_beside(const std::vector<std::string>& arguments) const;

  // As the kernel counts.
  std::uint64_t memory_kib() const;
  std::int64_t cpu_ms() const;

 private:
  struct NewToken {
    protocol::Enrolment enrolment;
    std::string id;
  };

  void start();
  pid_t spawn(const std::vector<std::string>& more = {}) const;
  void wait_until_it_answers();
  NewToken new_token(const std::string& host_pattern) const;

  std::filesystem::path root_;
  protocol::Endpoint endpoint_;
  std::uint16_t http_port_ = 0;
  std::string server_key_;
  pid_t pid_ = -1;
};

/// One request and its answer on a connected socket, which is closed. Status 0 when nothing comes.
HttpAnswer converse(int connection, const std::string& method, const std::string& path, const std::string& headers,
                    const std::string& body, const std::string& content_type = "application/json");
/// -1 when nobody lets us in.
int connect_tcp(std::uint16_t port);
int connect_unix(const std::filesystem::path& socket);

}  // namespace switchyard::attack
