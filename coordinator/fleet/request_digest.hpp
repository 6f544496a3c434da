#pragma once

#include <string>

#include "coordinator/fleet/operations.hpp"

/// What a request with an idempotency key asks for, as 64 hexadecimal digits: equal for the same request sent again.
/// File names and reasons are words for people and do not count.
namespace switchyard::fleet {

std::string digest_of(const DeployRequest& request);
std::string digest_of(const RollbackRequest& request);
std::string digest_of(const RestoreRequest& request);

/// Beside the row of the key itself: that it was used for a request of this digest. No key of a client has a `#`.
std::string key_with_digest(const std::string& key, const std::string& digest);

}  // namespace switchyard::fleet
