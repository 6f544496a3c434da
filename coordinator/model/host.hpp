#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "common/ids.hpp"
#include "protocol/step.hpp"

namespace switchyard::model {

/// A host of the fleet: its agent's key is its identity. A removed name stays as a tombstone and is never bound again
/// by a token.
struct HostRow {
  HostId id;
  std::string public_key;  ///< Z85; empty: known by name, not yet enrolled
  bool revoked = false;
  bool removed = false;
  std::map<std::string, std::string> labels;
  std::int64_t enrolled_wall_ms = 0;
  std::int64_t last_seen_wall_ms = 0;
  std::string agent_version;
  std::string only_token;  ///< id of the token that alone may enrol it: its machine was replaced; empty: any
  bool operator==(const HostRow&) const = default;
};

/// A one-use right to enrol. Only the public half of the key derived from the token is kept.
struct TokenRow {
  std::string id;          ///< 16 hexadecimal digits, for people
  std::string public_key;  ///< Z85 of the derived CURVE key; knows nothing of the token
  std::string
      host_pattern;  ///< the only name (or `prefix-*`) that it may enrol; empty: any; `=name`: gives it a new key
  std::int64_t expires_wall_ms = 0;
  std::int64_t used_wall_ms = 0;
  HostId used_by;
  bool operator==(const TokenRow&) const = default;
};

/// What was last committed for a component on a host.
struct ServingRow {
  HostId host;
  std::string environment;
  std::string component;
  protocol::OldState serving;
  protocol::OldState previous;
  DeploymentId deployment;
  std::string version;
  bool operator==(const ServingRow&) const = default;
};

}  // namespace switchyard::model
