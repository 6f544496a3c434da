#pragma once

#include "protocol/pack.hpp"
#include "protocol/step.hpp"

/// The structs of step.hpp on the wire and in the agent's journal. The numbers, and the order of the alternatives in
/// ProbeSpec::kind and Action, are for ever.
namespace switchyard::protocol {

constexpr bool is_known(UnitState value) { return value <= UnitState::restarted; }
constexpr bool is_known(UnitEnablement value) { return value <= UnitEnablement::disabled; }
constexpr bool is_known(SwitchKind value) { return value <= SwitchKind::haproxy; }
constexpr bool is_known(TlsMode value) { return value >= TlsMode::require && value <= TlsMode::verify_full; }
constexpr bool is_known(OldKind value) { return value <= OldKind::legacy; }
constexpr bool is_known(HookPhase value) { return value <= HookPhase::post_rollback; }
constexpr bool is_known(Phase value) { return value <= Phase::retire; }
constexpr bool is_known(OnUnknown value) { return value <= OnUnknown::retry; }
constexpr bool is_known(StepState value) { return value <= StepState::skipped; }

// --- probes
// --------------------------------------------------------------------------------------------------------------

template <class Archive>
void fields(Archive& archive, Like<HttpProbe> auto& probe) {
  archive(1, probe.url);
  archive(2, probe.expected_status);
  archive(3, probe.expected_body);
  archive(4, probe.headers);
}
template <class Archive>
void fields(Archive& archive, Like<TcpProbe> auto& probe) {
  archive(1, probe.host);
  archive(2, probe.port);
}
template <class Archive>
void fields(Archive& archive, Like<CommandProbe> auto& probe) {
  archive(1, probe.argv);
  archive(2, probe.user);
}
template <class Archive>
void fields(Archive& archive, Like<FileSystemProbe> auto& probe) {
  archive(1, probe.path);
  archive(2, probe.check_readable);
  archive(3, probe.check_writable);
  archive(4, probe.min_free_space_mb);
}
template <class Archive>
void fields(Archive& archive, Like<UnitProbe> auto& probe) {
  archive.unit(1, probe.unit);
}
template <class Archive>
void fields(Archive& archive, Like<CustomProbe> auto& probe) {
  archive(1, probe.argv);
  archive(2, probe.user);
  archive(3, probe.config);
}
template <class Archive>
void fields(Archive& archive, Like<TlsDemand> auto& demand) {
  archive(1, demand.mode);
  archive(2, demand.authorities);
}
template <class Archive>
void fields(Archive& archive, Like<DatabaseProbe> auto& probe) {
  archive(1, probe.host);
  archive(2, probe.port);
  archive(3, probe.user);
  archive(4, probe.database);
  archive(5, probe.query);
  archive.name(6, probe.credential);
  archive(7, probe.tls);
}
template <class Archive>
void fields(Archive& archive, Like<QueueProbe> auto& probe) {
  archive(1, probe.host);
  archive(2, probe.port);
  archive(3, probe.user);
  archive.name(4, probe.credential);
}
template <class Archive>
void fields(Archive& archive, Like<StorageProbe> auto& probe) {
  archive(1, probe.url);
  archive(2, probe.region);
  archive(3, probe.access_key);
  archive.name(4, probe.credential);
}
template <class Archive>
void fields(Archive& archive, Like<ResourcesProbe> auto& probe) {
  archive(1, probe.max_cpu_percent);
  archive(2, probe.min_free_memory_mb);
  archive(3, probe.min_free_space_mb);
  archive(4, probe.path);
}
template <class Archive>
void fields(Archive& archive, Like<SmokeRequest> auto& request) {
  archive(1, request.name);
  archive(2, request.method);
  archive(3, request.url);
  archive(4, request.headers);
  archive(5, request.body);
  archive(6, request.expected_status);
  archive(7, request.expected_body);
  archive(8, request.capture);
  archive(9, request.webhook_body);
  archive(10, request.webhook);
  archive(11, request.critical);
}
template <class Archive>
void fields(Archive& archive, Like<SmokeProbe> auto& probe) {
  archive(1, probe.requests);
  archive(2, probe.external);
}
template <class Archive>
void fields(Archive& archive, Like<ProbeSpec> auto& spec) {
  archive(1, spec.name);
  archive.required(2, spec.kind);
  archive(3, spec.timeout_ms);
  archive(4, spec.interval_ms);
  archive(5, spec.successes);
  archive(6, spec.min_healthy_ms);
  archive(7, spec.deadline_ms);
  archive(8, spec.critical);
  archive(9, spec.tier);
  archive(10, spec.retry_attempts);
}

// --- actions
// -------------------------------------------------------------------------------------------------------------

template <class Archive>
void fields(Archive& archive, Like<ArtifactRef> auto& artifact) {
  archive.required(1, artifact.release);
  archive(2, artifact.bytes);
  archive(3, artifact.unpacked_bytes);
}
template <class Archive>
void fields(Archive& archive, Like<EnsureRelease> auto& action) {
  archive.required_name(1, action.component);
  archive(2, action.artifact);
  archive(3, action.shared);
  archive(4, action.shared_owner);
}
/// The content may be any bytes: what an application reads as its configuration is not ours to judge.
template <class Archive>
void fields(Archive& archive, Like<EnsureFile> auto& action) {
  archive(1, action.path);
  archive.bytes(2, action.content, limits::pack_text_bytes_max);
  archive(3, action.mode);
  archive(4, action.owner);
  archive(5, action.absent);
}
template <class Archive>
void fields(Archive& archive, Like<EnsureConfiguration> auto& action) {
  archive.required_name(1, action.component);
  archive(2, action.digest);
  archive(3, action.file);
  archive(4, action.encrypted);
  archive.bytes(5, action.sealed, 2 * limits::configuration_bytes_max);
  archive(6, action.keys);
}
template <class Archive>
void fields(Archive& archive, Like<Snapshot> auto& action) {
  archive.required_name(1, action.component);
  archive.required_name(2, action.name);
  archive(3, action.files);
  archive.name(4, action.needed);
}
template <class Archive>
void fields(Archive& archive, Like<Restore> auto& action) {
  archive.required_name(1, action.component);
  archive.required_name(2, action.name);
  archive(3, action.files);
}
template <class Archive>
void fields(Archive& archive, Like<EnsureLink> auto& action) {
  archive(1, action.path);
  archive(2, action.target);
  archive(3, action.absent);
}
template <class Archive>
void fields(Archive& archive, Like<EnsureUnit> auto& action) {
  archive.unit(1, action.unit);
  archive(2, action.state);
  archive(3, action.enablement);
  archive(4, action.port);
  archive(5, action.cpu_quota_us);
  archive(6, action.memory_max_bytes);
}
template <class Archive>
void fields(Archive& archive, Like<SwitchTarget> auto& target) {
  archive.name(1, target.slot);
  archive(2, target.port);
  archive(3, target.weight);
  archive(4, target.server);
}
template <class Archive>
void fields(Archive& archive, Like<SwitchTraffic> auto& action) {
  archive.name(1, action.component);
  archive(2, action.kind);
  archive(3, action.stable_port);
  archive(4, action.haproxy_socket);
  archive(5, action.haproxy_backend);
  archive(6, action.targets);
  archive(7, action.local_only);
}
template <class Archive>
void fields(Archive& archive, Like<CheckSwitch> auto& action) {
  archive(1, action.intended);
}
template <class Archive>
void fields(Archive& archive, Like<Drain> auto& action) {
  archive.required_name(1, action.component);
  archive(2, action.port);
  archive(3, action.budget_ms);
  archive(4, action.haproxy_socket);
  archive(5, action.haproxy_backend);
  archive(6, action.haproxy_server);
}
template <class Archive>
void fields(Archive& archive, Like<Probe> auto& action) {
  archive(1, action.spec);
}
template <class Archive>
void fields(Archive& archive, Like<Run> auto& action) {
  archive(1, action.argv);
  archive(2, action.environment);
  archive(3, action.working_directory);
  archive(4, action.user);
  archive(5, action.migration);
}
template <class Archive>
void fields(Archive& archive, Like<Hook> auto& action) {
  archive.name(1, action.name);
  archive(2, action.phase);
  archive(3, action.command);
  archive(4, action.environment);
  archive(5, action.host);
  archive.name(6, action.component);
  archive(7, action.release);
  archive(8, action.previous_release);
  archive.name(9, action.slot);
  archive(10, action.port);
  archive(11, action.config);
  archive(12, action.critical);
}
template <class Archive>
void fields(Archive& archive, Like<Prune> auto& action) {
  archive.required_name(1, action.component);
  archive(2, action.keep);
  archive(3, action.protect);
}
template <class Archive>
void fields(Archive& archive, Like<OldState> auto& old) {
  archive(1, old.kind);
  archive.name(2, old.slot);
  archive(3, old.release);
  archive.unit(4, old.unit);
}
template <class Archive>
void fields(Archive& archive, Like<VerifyOld> auto& action) {
  archive.required_name(1, action.component);
  archive(2, action.expected);
  archive(3, action.traffic);
}

// --- steps
// ---------------------------------------------------------------------------------------------------------------

template <class Archive>
void fields(Archive& archive, Like<Step> auto& step) {
  archive.required(1, step.id);
  archive(2, step.phase);
  archive(3, step.stage);
  archive(4, step.title);
  archive.required(5, step.action);
  archive(6, step.undo);
  archive(7, step.timeout_ms);
  archive(8, step.attempts);
  archive(9, step.on_unknown);
}
template <class Archive>
void fields(Archive& archive, Like<StepResult> auto& result) {
  archive(1, result.state);
  archive(2, result.exit_status);
  archive(3, result.duration_ms);
  archive(4, result.changed);
  archive(5, result.code);
  archive.excerpt(6, result.detail);
  archive.excerpts(7, result.evidence);
}

}  // namespace switchyard::protocol
