#pragma once

#include <string>

#include "agent/core/agent_core.hpp"

namespace switchyard::agent {

/// A name for this boot: a deadline of another boot has passed. It is the kernel's, and when the first process began:
/// in a container, a service in a sandbox sees the machine's boot id, which outlives the container's boots.
std::string read_boot_id();

/// The same from the texts of /proc/sys/kernel/random/boot_id and /proc/1/stat. Throws DecodeError.
std::string boot_id_of(const std::string& kernel_id, const std::string& first_process);

/// No deployment is between its first effect and its decision: a new program may take over the journal.
bool restart_is_safe(const AgentCore& core);

}  // namespace switchyard::agent
