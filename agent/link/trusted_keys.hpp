#pragma once

#include <optional>
#include <string_view>

#include "agent/link/agent_identity.hpp"
#include "protocol/message.hpp"

namespace switchyard::agent {

/// What the host trusts after its coordinator has announced its next keys; nothing when the announcement is not signed
/// with the plan key that the host has pinned. Pure.
std::optional<AgentIdentity> with_announced(const AgentIdentity& identity, const protocol::NextKeys& announced);

/// What the host trusts when the keys of that digest are in force. Nothing when that changes nothing: only keys that
/// were announced before take the place of the pinned ones. Pure.
std::optional<AgentIdentity> with_in_force(const AgentIdentity& identity, std::string_view digest);

/// The keys with which a coordinator may answer, the pinned one first.
std::vector<std::string> trusted_server_keys(const AgentIdentity& identity);

/// Whether a process that was built with `identity` would find a coordinator that has put these announced keys into
/// force, and take its plans. Pure.
bool dials_with(const AgentIdentity& identity, const protocol::CoordinatorKeys& announced);

}  // namespace switchyard::agent
