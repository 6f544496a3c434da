#pragma once

#include <optional>

#include "agent/core/event.hpp"
#include "agent/link/agent_config.hpp"
#include "agent/link/agent_identity.hpp"

namespace switchyard::agent {

/// The dead-man's whole life: reads the journal, waits for the deadline of what is provisional, reads again, reverts
/// what is past it (or what a reboot left provisional), restores what is held, and leaves when nothing is armed. Needs
/// no network and no agent. `resolve`: root's decision for a held deployment, carried out first. Throws Error.
void run_dead_man(const AgentConfig& config, const AgentIdentity& identity, const std::optional<Resolved>& resolve);

}  // namespace switchyard::agent
