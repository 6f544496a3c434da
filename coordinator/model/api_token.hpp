#pragma once

#include <cstdint>
#include <string>

#include "coordinator/access/principal.hpp"

namespace switchyard::model {

/// A right to use the API, for one principal. The token itself is shown once and kept nowhere. Not to be confused with
/// TokenRow, by which a host enrols.
struct ApiTokenRow {
  std::string id;      ///< 12 hexadecimal digits, the first of the digest: what the audit calls it
  std::string digest;  ///< SHA-256 of the token, 64 hexadecimal digits
  std::string name;    ///< whose it is; tokens of one name are one person's
  access::Kind kind = access::Kind::person;
  access::Role role = access::Role::viewer;
  std::string environment;  ///< or access::every_environment
  std::string created_by;
  std::int64_t created_wall_ms = 0;
  std::int64_t expires_wall_ms = 0;
  std::int64_t revoked_wall_ms = 0;  ///< 0: not revoked
  bool operator==(const ApiTokenRow&) const = default;
};

}  // namespace switchyard::model
