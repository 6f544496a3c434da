#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "common/file_system.hpp"
#include "common/ids.hpp"
#include "protocol/coordinator_keys.hpp"
#include "protocol/endpoint.hpp"

namespace switchyard::agent {

/// What enrolment gave this host: its name, whom it trusts, and where that is. Kept beside the keys in the state
/// directory, 0600. `plan_public_key` and `server_public_key` are pinned: nothing over the network changes them but the
/// coordinator that has them, by announcing the next ones and then using them (trusted_keys.hpp).
struct AgentIdentity {
  HostId host;
  std::vector<protocol::Endpoint> endpoints;
  std::string server_public_key;  ///< Z85
  std::string plan_public_key;    ///< 32 raw bytes
  /// Announced by the coordinator, and good beside the two above. In a file of their own, next-keys.yaml, which an
  /// older agent passes over.
  std::optional<protocol::CoordinatorKeys> next_keys = {};
};

/// Nothing when the host is not enrolled. Throws InputError when the file is damaged.
std::optional<AgentIdentity> load_identity(const FileSystem& files, const std::filesystem::path& state);
/// Both files: whoever is interrupted in between has one key too many, and none too few.
void save_identity(FileSystem& files, const std::filesystem::path& state, const AgentIdentity& identity);

}  // namespace switchyard::agent
