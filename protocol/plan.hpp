#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/crypto.hpp"
#include "protocol/step.hpp"

/// What the coordinator plans and the agents verify. The plan hash is SHA-256 of the encoded PlanHeader; the header
/// lists the hash of every agent's slice, so one signature over the hash covers everything, and an agent needs no other
/// host's slice to check its own.
namespace switchyard::protocol {

struct SliceHash {
  HostId host;
  std::string sha256;  ///< 32 raw bytes, of the encoded slice
  bool operator==(const SliceHash&) const = default;
};

struct PlanHeader {
  DeploymentId deployment;
  std::uint64_t plan_seq = 0;  ///< grows with every plan of this coordinator's store; an agent refuses an older one
  std::string environment;
  std::string name;                    ///< metadata.name of the manifest
  std::int64_t not_after_wall_ms = 0;  ///< checked when a plan is accepted; never blocks ABORT, COMMIT or a revert
  std::vector<SliceHash> slices;       ///< sorted by host
  std::string order;  ///< 32 raw bytes: SHA-256 of the order, the pauses and the terms, which no agent needs to know
  bool operator==(const PlanHeader&) const = default;
};

/// One component on one host.
struct SliceComponent {
  std::string name;
  ReleaseId release;  ///< what shall serve
  std::string slot;   ///< where: blue, green, main
  std::string unit;   ///< the new slot's unit
  OldState old;       ///< what a revert goes back to
  std::uint32_t stages = 1;
  std::vector<Step> steps;       ///< all phases, in order
  std::vector<ProbeSpec> watch;  ///< looked at while all of the traffic goes to it and nothing is decided
  bool operator==(const SliceComponent&) const = default;
};

struct PlanSlice {
  DeploymentId deployment;
  HostId host;
  std::vector<SliceComponent> components;  ///< in dependency order; reverted in the exact reverse
  std::uint32_t confirm_ms = 30'000;       ///< the dead-man's budget, of every arming and extension
  std::uint32_t keep_old_ms = 600'000;
  bool operator==(const PlanSlice&) const = default;
};

struct SignedPlan {
  std::string header;     ///< encoded PlanHeader
  std::string slice;      ///< encoded PlanSlice
  std::string signature;  ///< Ed25519 over SHA-256(header)
  bool operator==(const SignedPlan&) const = default;
};

std::string encode_header(const PlanHeader& header);
PlanHeader decode_header(std::string_view bytes);
std::string encode_slice(const PlanSlice& slice);
PlanSlice decode_slice(std::string_view bytes);
/// 64 hexadecimal digits.
std::string plan_hash(std::string_view header_bytes);

/// The signature that refuse_plan() expects.
std::string sign_plan(std::string_view header_bytes, const SigningKeyPair& key);

/// Checks signature, slice hash, host, size limits and names. Nothing when all is well, else why not.
std::optional<std::string> refuse_plan(const SignedPlan& plan, const HostId& self, std::string_view plan_public_key);

/// First 16 bytes of SHA-256 over the parts, as 32 hexadecimal digits.
StepId make_step_id(const DeploymentId& deployment, const HostId& host, std::uint32_t index, std::uint32_t attempt);

}  // namespace switchyard::protocol
