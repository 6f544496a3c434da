#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <stop_token>
#include <string>

#include "agent/probes/postgres_client.hpp"
#include "protocol/step.hpp"

namespace switchyard::agent {

/// Signed in to a database as a check says, or why not. One thread.
struct DatabaseSession {
  std::optional<PostgresClient> client;
  std::optional<std::string> password;  ///< that it let us in with
  std::string why;                      ///< names the database
  bool unknown = false;                 ///< something is missing on this host; nothing is known of the database
};

/// `the database shop on db.example.com port 5432`
std::string database_text(const protocol::DatabaseProbe& probe);

/// All that is said to the session later has to be over by the same deadline.
DatabaseSession sign_in_to(const protocol::DatabaseProbe& probe, const std::filesystem::path& credentials,
                           std::uint32_t timeout_ms, const std::stop_token& stop);

}  // namespace switchyard::agent
