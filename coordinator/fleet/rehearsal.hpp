#pragma once

#include <string>

#include "coordinator/fleet/operations.hpp"

namespace switchyard::fleet {

inline constexpr const char* rehearsed_code = "rehearsed";

/// The answer to a caller who only rehearses, given where the operation would change something for the first time. It
/// is a refusal to those that pass it on, since nothing was done; it becomes status 200 in the end. `would`: half a
/// sentence, `the key of host web-1 would be revoked`.
inline Refusal rehearsed(std::string would) { return {200, rehearsed_code, std::move(would), {}}; }

}  // namespace switchyard::fleet
