#pragma once

#include <cstdint>
#include <stop_token>

#include "agent/probes/pause.hpp"
#include "agent/probes/probe.hpp"
#include "agent/system/service_manager.hpp"
#include "common/clock.hpp"

namespace switchyard::agent {

/// The command ends with status 0; its output is nobody's. Blocking; any thread. Throws SysError when the bus fails.
ProbeTry try_command(const protocol::CommandProbe& probe, std::uint32_t timeout_ms, ServiceManager& services,
                     const Clock& clock, const Pause& pause, const std::stop_token& stop);

}  // namespace switchyard::agent
