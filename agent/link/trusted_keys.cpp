#include "agent/link/trusted_keys.hpp"

namespace switchyard::agent {

std::optional<AgentIdentity> with_announced(const AgentIdentity& identity, const protocol::NextKeys& announced) {
  if (!protocol::is_announced(announced, identity.plan_public_key)) return std::nullopt;
  AgentIdentity trusting = identity;
  trusting.next_keys = {announced.server_public_key, announced.plan_public_key};
  return trusting;
}

std::optional<AgentIdentity> with_in_force(const AgentIdentity& identity, std::string_view digest) {
  if (!identity.next_keys || digest != protocol::keys_digest(*identity.next_keys)) return std::nullopt;
  AgentIdentity trusting = identity;
  trusting.server_public_key = identity.next_keys->server_public_key;
  trusting.plan_public_key = identity.next_keys->plan_public_key;
  trusting.next_keys.reset();
  return trusting;
}

std::vector<std::string> trusted_server_keys(const AgentIdentity& identity) {
  std::vector<std::string> keys = {identity.server_public_key};
  if (identity.next_keys) keys.push_back(identity.next_keys->server_public_key);
  return keys;
}

bool dials_with(const AgentIdentity& identity, const protocol::CoordinatorKeys& announced) {
  return identity.next_keys == announced;
}

}  // namespace switchyard::agent
