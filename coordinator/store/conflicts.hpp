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
inline ConflictError api_token_exists(const std::string& id) {
  return ConflictError("there is an API token " + id + " already");
}
inline ConflictError api_token_gone(const std::string& id) {
  return ConflictError("API token " + id + " is unknown or revoked already");
}
inline ConflictError approval_decided(const DeploymentId& deployment) {
  return ConflictError("the approval of deployment " + deployment.str() + " is decided already");
}
inline ConflictError secret_moved(const std::string& name) {
  return ConflictError("the secret " + name + " was changed by somebody else meanwhile; look at `switchyard secrets " +
                       "list`, and do it again");
}
inline ConflictError code_used(const std::string& person) {
  return ConflictError("the code of " + person + " was used already");
}
inline ConflictError check_gone(const DropCheck& wanted) {
  return ConflictError("there is no health check " + wanted.name + " in " + wanted.environment);
}
inline ConflictError snapshot_exists(const SnapshotId& id) {
  return ConflictError("there is a snapshot " + id.str() + " already");
}
inline ConflictError snapshot_gone(const SnapshotId& id) {
  return ConflictError("there is no snapshot " + id.str() + " any more");
}
inline ConflictError key_used(const DeploymentId& deployment) {
  return ConflictError("the idempotency key belongs to deployment " + deployment.str());
}

}  // namespace switchyard::store
