#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "common/file_system.hpp"
#include "common/ids.hpp"
#include "protocol/endpoint.hpp"

namespace switchyard::agent {

/// What enrolment gave this host: its name, whom it trusts, and where that is. Kept beside the keys in the state
/// directory, 0600, written once. `plan_public_key` and `server_public_key` are pinned: nothing over the network
/// changes them.
struct AgentIdentity {
  HostId host;
  std::vector<protocol::Endpoint> endpoints;
  std::string server_public_key;  ///< Z85
  std::string plan_public_key;    ///< 32 raw bytes
};

/// Nothing when the host is not enrolled. Throws InputError when the file is damaged.
std::optional<AgentIdentity> load_identity(const FileSystem& files, const std::filesystem::path& state);
void save_identity(FileSystem& files, const std::filesystem::path& state, const AgentIdentity& identity);

}  // namespace switchyard::agent
