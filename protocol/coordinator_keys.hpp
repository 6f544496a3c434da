#pragma once

#include <string>
#include <string_view>

#include "common/crypto.hpp"
#include "protocol/message.hpp"

/// The two keys by which agents know their coordinator, and how they learn of the next two: from the coordinator that
/// they know, signed with the plan key that they have pinned. Who has stolen the bus's key alone can announce nothing.
/// See docs/adr/0009. Pure.
namespace switchyard::protocol {

struct CoordinatorKeys {
  std::string server_public_key;  ///< CURVE, 40 characters of Z85
  std::string plan_public_key;    ///< Ed25519, 32 raw bytes
  bool operator==(const CoordinatorKeys&) const = default;
};

/// 32 raw bytes that stand for both.
std::string keys_digest(const CoordinatorKeys& keys);
/// Twelve hexadecimal digits, for people: what `switchyard keys show` and the agents' logs call a pair.
std::string keys_name(const CoordinatorKeys& keys);

/// `present`: the plan key that the agents have pinned.
NextKeys announce_keys(const CoordinatorKeys& next, const SigningKeyPair& present);
/// Well formed, and signed by the plan key in force.
bool is_announced(const NextKeys& next, std::string_view present_plan_public_key);

}  // namespace switchyard::protocol
