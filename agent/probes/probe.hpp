#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <map>
#include <stop_token>
#include <string>

#include "agent/probes/pause.hpp"
#include "agent/system/service_manager.hpp"
#include "common/clock.hpp"
#include "common/secret_mask.hpp"
#include "protocol/step.hpp"

namespace switchyard::agent {

/// What one try of a probe found.
struct ProbeTry {
  bool ok = false;
  std::string detail;  ///< what was seen: "status 503, expected 2xx"
  std::uint32_t duration_ms = 0;
  std::string identity;          ///< unit probes: the process that was seen; another one is not the same health
  std::int64_t good_for_ms = 0;  ///< unit probes: how long it has been good already, as systemd knows
  bool unknown = false;          ///< not ok, and not known to be bad: nothing could be found out
  std::size_t forgiven = 0;      ///< of a suite that is ok: requests that failed, and were not worth its failure
  std::map<std::string, std::string> details = {};  ///< what an external program, or a suite, told beside it
};

/// A try that went well.
inline ProbeTry all_ok(std::string detail) {
  return {.ok = true, .detail = std::move(detail), .duration_ms = 0, .identity = {}};
}

/// A try that failed, and why.
inline ProbeTry not_ok(std::string detail) {
  return {.ok = false, .detail = std::move(detail), .duration_ms = 0, .identity = {}};
}

/// A try that found nothing out, and why: no success, but no evidence against anybody either.
inline ProbeTry not_known(std::string detail) {
  ProbeTry tried = not_ok(std::move(detail));
  tried.unknown = true;
  return tried;
}

/// Tries probes of every kind, one at a time: connects, asks, reads, compares. A probe that fails is a value. Owned by
/// the composition root; may be used by several threads at once. Throws nothing of its own: what the system refuses
/// (no such user, no bus) is a failed try that says so. What a try says is masked: it also leaves as health, and as
/// the answer to a check, past every step.
class Prober {
 public:
  Prober(ServiceManager& services, const Clock& clock, const SecretMask& mask);
  Prober(ServiceManager& services, const Clock& clock, const SecretMask& mask, Pause pause);
  /// `credentials`: the directory of what databases, queues and stores are signed in to with.
  Prober(ServiceManager& services, const Clock& clock, const SecretMask& mask, Pause pause,
         std::filesystem::path credentials);
  /// Takes at most `spec.timeout_ms`, apart from what systemd needs to answer.
  ProbeTry try_once(const protocol::ProbeSpec& spec, const std::stop_token& stop);

 private:
  ServiceManager& services_;
  const Clock& clock_;
  const SecretMask& mask_;
  Pause pause_;
  std::filesystem::path credentials_;
};

// One function per kind (commands: command_probe.hpp, external programs: custom_probe.hpp); each returns a try without
// its duration. `timeout_ms` bounds the whole try.
ProbeTry try_http(const protocol::HttpProbe& probe, std::uint32_t timeout_ms, const std::stop_token& stop);
ProbeTry try_tcp(const protocol::TcpProbe& probe, std::uint32_t timeout_ms, const std::stop_token& stop);
ProbeTry try_file_system(const protocol::FileSystemProbe& probe);
ProbeTry try_unit(const protocol::UnitProbe& probe, ServiceManager& services);
ProbeTry try_database(const protocol::DatabaseProbe& probe, const std::filesystem::path& credentials,
                      std::uint32_t timeout_ms, const std::stop_token& stop);
ProbeTry try_queue(const protocol::QueueProbe& probe, const std::filesystem::path& credentials,
                   std::uint32_t timeout_ms, const std::stop_token& stop);
ProbeTry try_storage(const protocol::StorageProbe& probe, const std::filesystem::path& credentials,
                     std::int64_t now_wall_ms, std::uint32_t timeout_ms, const std::stop_token& stop);
/// `proc`: where the kernel tells of the host.
ProbeTry try_resources(const protocol::ResourcesProbe& probe, const Pause& pause, const std::stop_token& stop,
                       const std::filesystem::path& proc = "/proc");
ProbeTry try_smoke(const protocol::SmokeProbe& probe, std::uint32_t timeout_ms, const std::stop_token& stop);

}  // namespace switchyard::agent
