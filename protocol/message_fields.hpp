#pragma once

#include "common/limits_snapshots.hpp"
#include "protocol/message.hpp"
#include "protocol/plan_fields.hpp"

/// The structs of message.hpp on the wire. The numbers are for ever.
namespace switchyard::protocol {

constexpr bool is_known(AgentState value) { return value <= AgentState::safe; }
constexpr bool is_known(CheckState value) { return value <= CheckState::unknown; }

template <class Archive>
void fields(Archive& archive, Like<ComponentReport> auto& report) {
  archive.required_name(1, report.component);
  archive(2, report.staged);
  archive(3, report.stage);
  archive(4, report.serving_release);
  archive.name(5, report.serving_slot);
}
template <class Archive>
void fields(Archive& archive, Like<DeploymentReport> auto& report) {
  archive.required(1, report.deployment);
  archive(2, report.state);
  archive(3, report.components);
  archive(4, report.remaining_ms);
  archive(5, report.forgotten);
  archive.excerpt(6, report.why);
}

// --- session (frozen: these read and write the same in every version)
// --------------------------------------------------

template <class Archive>
void fields(Archive& archive, Like<Hello> auto& hello) {
  archive(1, hello.protocol_min);
  archive(2, hello.protocol_max);
  archive(3, hello.features);
  archive(4, hello.agent_version);
  archive(5, hello.boot_id);
  archive(6, hello.max_epoch);
  archive(7, hello.audit_head);
  archive(8, hello.open);
  archive(9, hello.forgotten_plan_seq);
}
template <class Archive>
void fields(Archive& archive, Like<Welcome> auto& welcome) {
  archive(1, welcome.protocol);
  archive(2, welcome.features);
  archive.required(3, welcome.host);
  archive(4, welcome.audit_head);
  archive.bytes(5, welcome.keys, 32);
}
template <class Archive>
void fields(Archive& archive, Like<Refuse> auto& refuse) {
  archive(1, refuse.code);
  archive.excerpt(2, refuse.text);
}
template <class Archive>
void fields(Archive& archive, Like<Ping> auto& ping) {
  archive(1, ping.sent_ms);
  archive(2, ping.audit_head);
}
template <class Archive>
void fields(Archive& archive, Like<Pong> auto& pong) {
  archive(1, pong.sent_ms);
  archive(2, pong.audit_head);
}

// --- enrolment
// -----------------------------------------------------------------------------------------------------------

template <class Archive>
void fields(Archive& archive, Like<Enrol> auto& enrol) {
  archive.required_name(1, enrol.name);
  archive(2, enrol.public_key);
  archive(3, enrol.agent_version);
}
template <class Archive>
void fields(Archive& archive, Like<Enrolled> auto& enrolled) {
  archive.required(1, enrolled.host);
  archive.bytes(2, enrolled.plan_public_key, 32);
}

template <class Archive>
void fields(Archive& archive, Like<NextKeys> auto& next) {
  archive(1, next.server_public_key);
  archive.bytes(2, next.plan_public_key, 32);
  archive.bytes(3, next.signature, 64);
}
template <class Archive>
void fields(Archive& archive, Like<KeysNoted> auto& noted) {
  archive.bytes(1, noted.digest, 32);
}

// --- deployments
// ---------------------------------------------------------------------------------------------------------

template <class Archive>
void fields(Archive& archive, Like<Plan> auto& plan) {
  archive(1, plan.plan);
}
template <class Archive>
void fields(Archive& archive, Like<PlanAck> auto& ack) {
  archive.required(1, ack.deployment);
  archive(2, ack.plan_hash);
}
template <class Archive>
void fields(Archive& archive, Like<Prepare> auto& prepare) {
  archive.required(1, prepare.deployment);
  archive.required_name(2, prepare.component);
}
template <class Archive>
void fields(Archive& archive, Like<Staged> auto& staged) {
  archive.required(1, staged.deployment);
  archive.required_name(2, staged.component);
  archive(3, staged.free_bytes);
}
template <class Archive>
void fields(Archive& archive, Like<Swap> auto& swap) {
  archive.required(1, swap.deployment);
  archive.required_name(2, swap.component);
  archive(3, swap.stage);
}
template <class Archive>
void fields(Archive& archive, Like<Swapped> auto& swapped) {
  archive.required(1, swapped.deployment);
  archive.required_name(2, swapped.component);
  archive(3, swapped.stage);
  archive(4, swapped.remaining_ms);
}
template <class Archive>
void fields(Archive& archive, Like<Hold> auto& hold) {
  archive.required(1, hold.deployment);
}
template <class Archive>
void fields(Archive& archive, Like<Held> auto& held) {
  archive.required(1, held.deployment);
}
template <class Archive>
void fields(Archive& archive, Like<Commit> auto& commit) {
  archive.required(1, commit.deployment);
}
template <class Archive>
void fields(Archive& archive, Like<Committed> auto& committed) {
  archive.required(1, committed.deployment);
}
template <class Archive>
void fields(Archive& archive, Like<Abort> auto& abort) {
  archive.required(1, abort.deployment);
  archive.name(2, abort.component);
  archive(3, abort.all);
  archive.excerpt(4, abort.reason);
  archive(5, abort.plan_seq);
}
template <class Archive>
void fields(Archive& archive, Like<Reverted> auto& reverted) {
  archive.required(1, reverted.deployment);
  archive.name(2, reverted.component);
  archive(3, reverted.complete);
  archive.excerpt(4, reverted.why);
}
template <class Archive>
void fields(Archive& archive, Like<Stuck> auto& stuck) {
  archive.required(1, stuck.deployment);
  archive(2, stuck.step);
  archive(3, stuck.code);
  archive.excerpt(4, stuck.detail);
}
template <class Archive>
void fields(Archive& archive, Like<Failed> auto& failed) {
  archive.required(1, failed.deployment);
  archive(2, failed.step);
  archive.name(3, failed.component);
  archive(4, failed.code);
  archive.excerpt(5, failed.detail);
}
template <class Archive>
void fields(Archive& archive, Like<Extend> auto& extend) {
  archive.required(1, extend.deployment);
}
template <class Archive>
void fields(Archive& archive, Like<Extended> auto& extended) {
  archive.required(1, extended.deployment);
  archive(2, extended.remaining_ms);
}
template <class Archive>
void fields(Archive& archive, Like<StepEvent> auto& event) {
  archive.required(1, event.deployment);
  archive.required(2, event.step);
  archive.name(3, event.component);
  archive(4, event.result);
  archive(5, event.undo);
}
template <class Archive>
void fields(Archive& archive, Like<StepEventAck> auto& ack) {
  archive.required(1, ack.deployment);
  archive.required(2, ack.step);
  archive(3, ack.state);
  archive(4, ack.undo);
}
template <class Archive>
void fields(Archive& archive, Like<Health> auto& health) {
  archive.required(1, health.deployment);
  archive.required_name(2, health.component);
  archive(3, health.healthy);
  archive.excerpt(4, health.detail);
}
template <class Archive>
void fields(Archive& archive, Like<Query> auto& query) {
  archive.required(1, query.deployment);
  archive(2, query.plan_seq);
}
template <class Archive>
void fields(Archive& archive, Like<Report> auto& report) {
  archive(1, report.report);
}

// --- inventory
// -----------------------------------------------------------------------------------------------------------

template <class Archive>
void fields(Archive& archive, Like<ReleaseFact> auto& fact) {
  archive.required(1, fact.release);
  archive(2, fact.complete);
}
template <class Archive>
void fields(Archive& archive, Like<ComponentFact> auto& fact) {
  archive.required_name(1, fact.component);
  archive(2, fact.serving);
  archive(3, fact.unit_state);
  archive(4, fact.releases);
  archive(5, fact.problem);
  archive(6, fact.enablement);
  archive(7, fact.configuration);
}
template <class Archive>
void fields(Archive& archive, Like<InventoryQuestion> auto& question) {
  archive.required_name(1, question.component);
  archive(2, question.stable_port);
  archive.unit(3, question.legacy_unit);
  archive(4, question.traffic);
  archive.unit(5, question.unit);
}
template <class Archive>
void fields(Archive& archive, Like<Inventory> auto& inventory) {
  archive(1, inventory.request);
  archive(2, inventory.questions);
}
template <class Archive>
void fields(Archive& archive, Like<InventoryReply> auto& reply) {
  archive(1, reply.request);
  archive(2, reply.components);
  archive(3, reply.free_bytes);
}

// --- checks
// --------------------------------------------------------------------------------------------------------------

template <class Archive>
void fields(Archive& archive, Like<RunChecks> auto& run) {
  archive.bytes(1, run.order, limits::check_order_bytes_max);
  archive.bytes(2, run.signature, 64);
}
template <class Archive>
void fields(Archive& archive, Like<CheckResult> auto& result) {
  archive(1, result.check);
  archive(2, result.state);
  archive(3, result.duration_ms);
  archive.excerpt(4, result.detail);
  archive.excerpts(5, result.details);
  archive(6, result.tries);
}
template <class Archive>
void fields(Archive& archive, Like<ChecksRun> auto& run) {
  archive(1, run.request);
  archive(2, run.results);
  archive.excerpt(3, run.refused);
}
template <class Archive>
void fields(Archive& archive, Like<SaveFiles> auto& save) {
  archive.bytes(1, save.order, limits::save_order_bytes_max);
  archive.bytes(2, save.signature, 64);
}
template <class Archive>
void fields(Archive& archive, Like<SchemaFact> auto& fact) {
  archive.required_name(1, fact.name);
  archive.excerpt(2, fact.server_version);
  archive.excerpt(3, fact.dump_version);
  archive(4, fact.sha256);
  archive(5, fact.bytes);
  archive.excerpt(6, fact.migration);
  archive.excerpt(7, fact.file);
  archive.excerpt(8, fact.why_not);
}
template <class Archive>
void fields(Archive& archive, Like<FileSaveResult> auto& result) {
  archive.required_name(1, result.component);
  archive(2, result.done);
  archive(3, result.present);
  archive(4, result.absent);
  archive(5, result.code);
  archive.excerpt(6, result.detail);
  archive(7, result.schemas);
}
template <class Archive>
void fields(Archive& archive, Like<FilesSaved> auto& saved) {
  archive(1, saved.request);
  archive(2, saved.results);
  archive.excerpt(3, saved.refused);
}

// --- bulk
// ----------------------------------------------------------------------------------------------------------------

template <class Archive>
void fields(Archive& archive, Like<BlobGet> auto& get) {
  archive.required(1, get.release);
  archive(2, get.manifest);
  archive(3, get.offset);
  archive(4, get.length);
}
template <class Archive>
void fields(Archive& archive, Like<Blob> auto& blob) {
  archive.required(1, blob.release);
  archive(2, blob.manifest);
  archive(3, blob.offset);
  archive.bytes(4, blob.bytes, limits::chunk_bytes_max);
  archive(5, blob.missing);
}

}  // namespace switchyard::protocol
