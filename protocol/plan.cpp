#include "protocol/plan.hpp"

#include <algorithm>
#include <set>

#include "common/crypto.hpp"
#include "common/error.hpp"
#include "common/hex.hpp"
#include "protocol/plan_fields.hpp"

namespace switchyard::protocol {
namespace {

using Why = std::optional<std::string>;

/// Room for the head of the frame and the signature.
constexpr std::size_t plan_overhead_bytes = 1024;

Why refuse_header(const PlanHeader& header) {
  if (header.slices.empty()) return "the plan names no host";
  if (header.slices.size() > limits::hosts_max) {
    return "the plan names more than " + std::to_string(limits::hosts_max) + " hosts";
  }
  const auto not_ascending = [](const SliceHash& a, const SliceHash& b) { return !(a.host < b.host); };
  if (std::adjacent_find(header.slices.begin(), header.slices.end(), not_ascending) != header.slices.end()) {
    return "the plan's hosts are doubled or not in order";
  }
  return std::nullopt;
}

Why refuse_component(const SliceComponent& component, std::set<StepId>& steps) {
  const std::string which = "component " + component.name;
  if (component.stages == 0) return which + " has no stage";
  for (const Step& step : component.steps) {
    if (!steps.insert(step.id).second) return which + " names the step " + step.id.value + " a second time";
    if (step.phase == Phase::swap && (step.stage == 0 || step.stage > component.stages)) {
      return which + ": step \"" + step.title + "\" belongs to stage " + std::to_string(step.stage) + " of " +
             std::to_string(component.stages);
    }
    if (step.attempts == 0 || step.timeout_ms == 0)
      return which + ": step \"" + step.title + "\" has no time or no attempt";
  }
  return std::nullopt;
}

Why refuse_slice(const PlanSlice& slice) {
  if (slice.components.empty()) return "the slice names no component";
  if (slice.components.size() > limits::components_max) {
    return "the slice names more than " + std::to_string(limits::components_max) + " components";
  }
  if (slice.confirm_ms == 0) return "the slice gives the dead-man no time";
  std::set<std::string> names;
  std::set<StepId> steps;
  for (const SliceComponent& component : slice.components) {
    if (!names.insert(component.name).second) return "component " + component.name + " is named twice";
    if (Why why = refuse_component(component, steps)) return why;
  }
  if (steps.size() > limits::steps_per_slice_max) {
    return "the slice has more than " + std::to_string(limits::steps_per_slice_max) + " steps";
  }
  return std::nullopt;
}

Why refuse_signed(const SignedPlan& plan, const HostId& self, std::string_view plan_public_key) {
  if (plan.header.size() + plan.slice.size() + plan_overhead_bytes > limits::control_frame_bytes_max) {
    return "the plan for " + self.value + " has " + std::to_string(plan.header.size() + plan.slice.size()) +
           " bytes and does not fit into a frame; deploy fewer components or hosts at once";
  }
  if (!verify_signature(plan_public_key, sha256(plan.header), plan.signature)) {
    return "the plan's signature is not by the pinned plan key";
  }
  const PlanHeader header = decode_header(plan.header);
  if (Why why = refuse_header(header)) return why;
  const auto mine = std::find_if(header.slices.begin(), header.slices.end(),
                                 [&](const SliceHash& slice) { return slice.host == self; });
  if (mine == header.slices.end()) return "the plan is not for host " + self.value;
  if (!equal_in_constant_time(mine->sha256, sha256(plan.slice))) return "the slice is not the one that was signed";
  const PlanSlice slice = decode_slice(plan.slice);
  if (slice.host != self) return "the slice is for host " + slice.host.value + ", not for " + self.value;
  if (slice.deployment != header.deployment) return "the slice belongs to another deployment than its plan";
  return refuse_slice(slice);
}

}  // namespace

std::string encode_header(const PlanHeader& header) { return pack(header); }
PlanHeader decode_header(std::string_view bytes) { return unpack<PlanHeader>(bytes); }
std::string encode_slice(const PlanSlice& slice) { return pack(slice); }
PlanSlice decode_slice(std::string_view bytes) { return unpack<PlanSlice>(bytes); }
std::string plan_hash(std::string_view header_bytes) { return sha256_hex(header_bytes); }

std::string sign_plan(std::string_view header_bytes, const SigningKeyPair& key) {
  return sign(key, sha256(header_bytes));
}

std::optional<std::string> refuse_plan(const SignedPlan& plan, const HostId& self, std::string_view plan_public_key) {
  try {
    return refuse_signed(plan, self, plan_public_key);
  } catch (const DecodeError& error) {
    // A plan that cannot be read is refused like any other: the answer is a message, not an operating error.
    return std::string("the plan cannot be read: ") + error.what();
  }
}

StepId make_step_id(const DeploymentId& deployment, const HostId& host, std::uint32_t index, std::uint32_t attempt) {
  Packer parts;
  parts.array(4);
  parts.text(deployment.value);
  parts.text(host.value);
  parts.unsigned_number(index);
  parts.unsigned_number(attempt);
  return StepId(to_hex(sha256(parts.take()).substr(0, 16)));
}

}  // namespace switchyard::protocol
