#pragma once

#include <cstdint>
#include <stop_token>
#include <string>

#include "agent/probes/pause.hpp"
#include "agent/system/service_manager.hpp"
#include "common/clock.hpp"
#include "protocol/step.hpp"

namespace switchyard::agent {

/// What one try of a probe found.
struct ProbeTry {
  bool ok = false;
  std::string detail;  ///< what was seen: "status 503, expected 2xx"
  std::uint32_t duration_ms = 0;
  std::string identity;          ///< unit probes: the process that was seen; another one is not the same health
  std::int64_t good_for_ms = 0;  ///< unit probes: how long it has been good already, as systemd knows
};

/// A try that failed, and why.
inline ProbeTry not_ok(std::string detail) {
  return {.ok = false, .detail = std::move(detail), .duration_ms = 0, .identity = {}};
}

/// Tries probes of every kind, one at a time: connects, asks, reads, compares. A probe that fails is a value. Owned by
/// the composition root; may be used by several threads at once. Throws nothing of its own: what the system refuses
/// (no such user, no bus) is a failed try that says so.
class Prober {
 public:
  Prober(ServiceManager& services, const Clock& clock);
  Prober(ServiceManager& services, const Clock& clock, Pause pause);
  /// Takes at most `spec.timeout_ms`, apart from what systemd needs to answer.
  ProbeTry try_once(const protocol::ProbeSpec& spec, const std::stop_token& stop);

 private:
  ServiceManager& services_;
  const Clock& clock_;
  Pause pause_;
};

// One function per kind (commands: command_probe.hpp); each returns a try without its duration. `timeout_ms` bounds the
// whole try.
ProbeTry try_http(const protocol::HttpProbe& probe, std::uint32_t timeout_ms, const std::stop_token& stop);
ProbeTry try_tcp(const protocol::TcpProbe& probe, std::uint32_t timeout_ms, const std::stop_token& stop);
ProbeTry try_file_system(const protocol::FileSystemProbe& probe);
ProbeTry try_unit(const protocol::UnitProbe& probe, ServiceManager& services);

}  // namespace switchyard::agent
