#include "agent/probes/command_probe.hpp"

#include "agent/probes/unit_run.hpp"

namespace switchyard::agent {

ProbeTry try_command(const protocol::CommandProbe& probe, std::uint32_t timeout_ms, ServiceManager& services,
                     const Clock& clock, const Pause& pause, const std::stop_token& stop) {
  return run_unit({.argv = probe.argv, .user = probe.user, .timeout_ms = timeout_ms}, services, clock, pause, stop);
}

}  // namespace switchyard::agent
