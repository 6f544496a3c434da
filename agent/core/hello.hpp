#pragma once

#include <cstdint>
#include <string>

#include "agent/core/agent_core.hpp"
#include "protocol/message.hpp"

/// What an agent says first on every connection. Pure. Every agent says it by these functions, those of tests included,
/// so that none of them leaves out what another says.
namespace switchyard::agent {

/// Who speaks, and what is not in its journal.
struct Introduction {
  std::string agent_version;
  std::string boot_id;
  std::string audit_head;  ///< the newest that the coordinator told; empty: none
};

protocol::Hello make_hello(Introduction introduction, const AgentCore& core, std::int64_t now_boot_ms);
/// Of an agent without a core, whose journal cannot be read (SAFE mode).
protocol::Hello make_hello(Introduction introduction);

}  // namespace switchyard::agent
