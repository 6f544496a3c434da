#include "agent/probes/probe.hpp"

#include <algorithm>
#include <utility>
#include <variant>

#include "agent/probes/command_probe.hpp"
#include "agent/probes/custom_probe.hpp"
#include "common/error.hpp"
#include "common/limits.hpp"

namespace switchyard::agent {
namespace {

template <class... Cases>
struct Overloaded : Cases... {
  using Cases::operator()...;
};
template <class... Cases>
Overloaded(Cases...) -> Overloaded<Cases...>;

}  // namespace

Prober::Prober(ServiceManager& services, const Clock& clock, const SecretMask& mask)
    : Prober(services, clock, mask, real_pause()) {}
Prober::Prober(ServiceManager& services, const Clock& clock, const SecretMask& mask, Pause pause)
    : Prober(services, clock, mask, std::move(pause), {}) {}
Prober::Prober(ServiceManager& services, const Clock& clock, const SecretMask& mask, Pause pause,
               std::filesystem::path credentials)
    : services_(services), clock_(clock), mask_(mask), pause_(std::move(pause)), credentials_(std::move(credentials)) {}

ProbeTry Prober::try_once(const protocol::ProbeSpec& spec, const std::stop_token& stop) {
  const std::int64_t began_ms = clock_.boot_ms();
  ProbeTry tried;
  try {
    tried = std::visit(
        Overloaded{
            [&](const protocol::HttpProbe& probe) { return try_http(probe, spec.timeout_ms, stop); },
            [&](const protocol::TcpProbe& probe) { return try_tcp(probe, spec.timeout_ms, stop); },
            [&](const protocol::CommandProbe& probe) {
              return try_command(probe, spec.timeout_ms, services_, clock_, pause_, stop);
            },
            [&](const protocol::FileSystemProbe& probe) { return try_file_system(probe); },
            [&](const protocol::UnitProbe& probe) { return try_unit(probe, services_); },
            [&](const protocol::CustomProbe& probe) {
              return try_custom(probe, spec, services_, clock_, pause_, stop);
            },
            [&](const protocol::DatabaseProbe& probe) {
              return try_database(probe, credentials_, spec.timeout_ms, stop);
            },
            [&](const protocol::QueueProbe& probe) { return try_queue(probe, credentials_, spec.timeout_ms, stop); },
            [&](const protocol::StorageProbe& probe) {
              return try_storage(probe, credentials_, clock_.wall_ms(), spec.timeout_ms, stop);
            },
            [&](const protocol::ResourcesProbe& probe) { return try_resources(probe, pause_, stop); },
            [&](const protocol::SmokeProbe& probe) { return try_smoke(probe, spec.timeout_ms, stop); },
        },
        spec.kind);
  } catch (const Error& error) {
    // To a deployment "cannot be probed" and "is not healthy" are the same answer.
    tried = not_known(error.what());
  }
  tried.duration_ms = static_cast<std::uint32_t>(std::max<std::int64_t>(clock_.boot_ms() - began_ms, 0));
  mask_.apply(tried.detail);
  mask_.apply(tried.details);
  if (tried.detail.size() > limits::excerpt_bytes_max) tried.detail.resize(limits::excerpt_bytes_max);
  return tried;
}

ProbeTry try_unit(const protocol::UnitProbe& probe, ServiceManager& services) {
  const UnitStatus status = services.status(probe.unit);
  ProbeTry tried;
  tried.ok = status.active_state == "active";
  tried.detail = probe.unit + " is " + status.active_state + " (" + status.sub_state + ")";
  tried.identity = std::to_string(status.main_pid) + " " + status.invocation_id;
  tried.good_for_ms = status.active_for_ms;
  return tried;
}

}  // namespace switchyard::agent
