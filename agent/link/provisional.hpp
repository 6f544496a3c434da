#pragma once

#include <cstdint>
#include <map>
#include <string>

#include "agent/core/agent_core.hpp"
#include "protocol/message.hpp"

namespace switchyard::agent {

/// Components of which it is not decided yet what will serve: a deployment has switched them, or is taking them back.
/// What is read back there now may be gone in a moment, so that no plan may rest on it. The value says why, for people.
using Provisional = std::map<std::string, std::string>;

Provisional provisional_components(const AgentCore& core, std::int64_t now_boot_ms);
/// Says so in the facts of these components. A problem that was found already stays.
void mark_provisional(const Provisional& provisional, protocol::InventoryReply& reply);

}  // namespace switchyard::agent
