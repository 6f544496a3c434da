#pragma once

#include <cstdint>
#include <stop_token>

#include "agent/probes/pause.hpp"
#include "agent/probes/probe.hpp"
#include "agent/system/service_manager.hpp"
#include "common/clock.hpp"

namespace switchyard::agent {

/// Runs the command as the probe's user in a transient unit: the agent's own sandbox neither can change the user nor
/// shows what the service sees, and systemd ends the whole process group at the deadline, even without the agent.
/// Blocking; any thread. Throws SysError when the bus fails.
ProbeTry try_command(const protocol::CommandProbe& probe, std::uint32_t timeout_ms, ServiceManager& services,
                     const Clock& clock, const Pause& pause, const std::stop_token& stop);

}  // namespace switchyard::agent
