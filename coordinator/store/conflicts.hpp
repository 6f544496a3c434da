#pragma once

#include <string>

#include "coordinator/store/state_store.hpp"

/// The words of the conflicts, the same whatever the store.
namespace switchyard::store {

inline ConflictError plan_exists(const DeploymentId& deployment) {
  return ConflictError("deployment " + deployment.str() + " already has another plan");
}
inline ConflictError decided_otherwise(const DeploymentId& deployment) {
  return ConflictError("deployment " + deployment.str() + " is already decided otherwise");
}
inline ConflictError lock_held(const TakeLock& wanted, const DeploymentId& holder) {
  return ConflictError("component " + wanted.component + " on host " + wanted.host.str() +
                       " is being changed by deployment " + holder.str());
}
inline ConflictError token_unusable(const std::string& id) {
  return ConflictError("enrolment token " + id + " is unknown, used or expired");
}
inline ConflictError key_used(const DeploymentId& deployment) {
  return ConflictError("the idempotency key belongs to deployment " + deployment.str());
}

}  // namespace switchyard::store
