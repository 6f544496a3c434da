#pragma once

#include <optional>
#include <string>

#include "agent/link/agent_config.hpp"
#include "agent/link/agent_identity.hpp"
#include "common/ids.hpp"
#include "protocol/message.hpp"

namespace switchyard::agent {

struct AgentStatus {
  std::string text;   ///< for people, or one JSON object
  bool idle = false;  ///< no deployment is between its first effect and its decision
};

/// What the journal says, and how the agent stands with its coordinator; read without disturbing the agent. Throws
/// Error.
AgentStatus read_status(const AgentConfig& config, const AgentIdentity& identity, bool json);

/// How a deployment stands on this host; nothing when the journal does not know it. Throws Error.
std::optional<protocol::AgentState> read_state(const AgentConfig& config, const AgentIdentity& identity,
                                               const DeploymentId& deployment);

}  // namespace switchyard::agent
