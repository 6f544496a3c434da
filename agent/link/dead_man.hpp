#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "agent/core/agent_core.hpp"
#include "agent/core/event.hpp"
#include "agent/executors/executors.hpp"
#include "agent/link/agent_config.hpp"
#include "agent/link/agent_identity.hpp"
#include "common/clock.hpp"
#include "common/secret_mask.hpp"

namespace switchyard::agent {

/// What the dead-man needs of its host.
struct DeadManHost {
  Executors& executors;
  const Clock& clock;
  std::string boot_id;
  std::int64_t grace_ms = 0;  ///< that the agent, if it lives, has to act at the deadline itself
  Role role = Role::dead_man;
  /// What stands in the journal, before anything is done.
  std::function<void(const std::vector<JournalRecord>&)> journal_read = {};
};

/// The dead-man's whole life: reads the journal, waits for the deadline of what is provisional, reads again, reverts
/// what is past it (or what a reboot left provisional), and leaves when nothing is armed. Needs no network and no
/// agent. As Role::resume it restores what is held, too. `resolve`: root's decision for a held deployment, carried out
/// first. Throws Error.
void be_dead_man(const std::filesystem::path& state, const AgentIdentity& identity, const DeadManHost& host,
                 const std::optional<Resolved>& resolve);
/// The same with the real host's tools.
void run_dead_man(const AgentConfig& config, const AgentIdentity& identity, Role role,
                  const std::optional<Resolved>& resolve, SecretMask& mask);

}  // namespace switchyard::agent
