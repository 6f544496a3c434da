#pragma once

#include "protocol/plan.hpp"
#include "protocol/step_fields.hpp"

/// The structs of plan.hpp on the wire, in the store and in the agent's journal. The numbers are for ever.
namespace switchyard::protocol {

template <class Archive>
void fields(Archive& archive, Like<SliceHash> auto& slice) {
  archive.required(1, slice.host);
  archive.bytes(2, slice.sha256, 32);
}
template <class Archive>
void fields(Archive& archive, Like<PlanHeader> auto& header) {
  archive.required(1, header.deployment);
  archive(2, header.plan_seq);
  archive(3, header.environment);
  archive(4, header.name);
  archive(5, header.not_after_wall_ms);
  archive(6, header.slices);
  archive.bytes(7, header.order, 32);
}
template <class Archive>
void fields(Archive& archive, Like<SliceComponent> auto& component) {
  archive.required_name(1, component.name);
  archive(2, component.release);
  archive.name(3, component.slot);
  archive.unit(4, component.unit);
  archive(5, component.old);
  archive(6, component.stages);
  archive(7, component.steps);
  archive(8, component.watch);
}
template <class Archive>
void fields(Archive& archive, Like<PlanSlice> auto& slice) {
  archive.required(1, slice.deployment);
  archive.required(2, slice.host);
  archive(3, slice.components);
  archive(4, slice.confirm_ms);
  archive(5, slice.keep_old_ms);
}
template <class Archive>
void fields(Archive& archive, Like<SignedPlan> auto& plan) {
  archive.bytes(1, plan.header, limits::control_frame_bytes_max);
  archive.bytes(2, plan.slice, limits::control_frame_bytes_max);
  archive.bytes(3, plan.signature, 64);
}

}  // namespace switchyard::protocol
