#pragma once

#include <string>

#include "agent/core/agent_core.hpp"

namespace switchyard::agent {

/// The kernel's name for this boot: a deadline of another boot has passed.
std::string read_boot_id();

/// No deployment is between its first effect and its decision: a new program may take over the journal.
bool restart_is_safe(const AgentCore& core);

}  // namespace switchyard::agent
