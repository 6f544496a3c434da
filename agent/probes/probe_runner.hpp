#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <stop_token>
#include <string>

#include "agent/probes/pause.hpp"
#include "agent/probes/probe.hpp"
#include "common/clock.hpp"

namespace switchyard::agent {

struct ProbeOutcome {
  bool passed = false;
  bool cancelled = false;
  std::string detail;  ///< the last try, or why the probe did not pass
  std::uint32_t tries = 0;
  std::size_t forgiven = 0;  ///< passed: ProbeTry::forgiven of the last try
  bool unknown = false;      ///< not passed: the last try found nothing out
};

/// One try of a probe: Prober::try_once; tests pass their own.
using TryProbe = std::function<ProbeTry(const protocol::ProbeSpec& spec, const std::stop_token& stop)>;

/// Tries a probe until its gate has a verdict, or a stop is asked for, or `deadline_boot_ms` (the step's own) has
/// passed. Blocking: for a worker thread.
ProbeOutcome run_probe(const protocol::ProbeSpec& spec, const TryProbe& try_once, const Clock& clock,
                       const Pause& pause, std::int64_t deadline_boot_ms, const std::stop_token& stop);

}  // namespace switchyard::agent
