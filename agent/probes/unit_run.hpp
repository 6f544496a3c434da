#pragma once

#include <cstdint>
#include <functional>
#include <stop_token>
#include <string>
#include <vector>

#include "agent/probes/pause.hpp"
#include "agent/probes/probe.hpp"
#include "agent/system/service_manager.hpp"
#include "common/clock.hpp"

namespace switchyard::agent {

/// A program of a check: run in a transient unit of its own, since the agent's sandbox neither can change the user nor
/// shows what the service sees, and since systemd ends the whole process group at the deadline, even without the agent.
struct UnitRun {
  std::vector<std::string> argv;  ///< the first an absolute path
  std::string user;               ///< empty: nobody
  std::uint32_t timeout_ms = 0;
  int standard_input = -1, standard_output = -1;
  /// Called after each look, and once more when the unit has ended. Not empty: why the run is over before its end.
  std::function<std::string()> meanwhile = {};
};

/// ok: the program ended with status 0. Blocking; any thread. Throws SysError when the bus fails.
ProbeTry run_unit(const UnitRun& run, ServiceManager& services, const Clock& clock, const Pause& pause,
                  const std::stop_token& stop);

}  // namespace switchyard::agent
