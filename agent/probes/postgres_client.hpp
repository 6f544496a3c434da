#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "agent/probes/deadline_socket.hpp"

namespace switchyard::agent {

/// As much of PostgreSQL's protocol (3.0) as a check needs: sign in without a password or by SCRAM-SHA-256, and ask
/// queries, of which at most one value is wanted. Passwords are never said, so `password` and `md5` in pg_hba.conf are
/// refused. One thread; failures are texts for people.
class PostgresClient {
 public:
  explicit PostgresClient(DeadlineSocket socket) : socket_(std::move(socket)) {}

  /// Before anything else is said. Empty when all goes by TLS from here on, else why not.
  std::string start_tls(TlsSession session);
  /// Empty when signed in, else why not.
  std::string sign_in(const std::string& user, const std::string& database, const std::optional<std::string>& password);
  /// Empty when it was answered without an error, else why not.
  std::string ask(const std::string& query);
  /// The first value of the first row; empty when there is no row, or it is NULL. Nothing, and `why`, on an error.
  std::optional<std::string> ask_value(const std::string& query, std::string& why);

 private:
  struct Message {
    char type = 0;
    std::string body;
  };
  std::optional<Message> receive(std::string& why);
  bool send(char type, const std::string& body, std::string& why);
  std::string prove(const Message& methods, const std::optional<std::string>& password);
  std::string await_ready(std::optional<std::string>* first_row = nullptr);

  DeadlineSocket socket_;
  std::string pending_;
};

}  // namespace switchyard::agent
