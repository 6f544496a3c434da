#pragma once

#include <string>

#include "coordinator/fleet/operations.hpp"
#include "coordinator/model/policies.hpp"
#include "coordinator/store/state_store.hpp"

/// The policies of an environment's file come with the request of whoever reads that file, and he could leave it out,
/// or change it. So the coordinator remembers, per environment, what was asked for when such a file was last committed.
/// A request may ask for more. With less, or without the file, what is remembered goes on holding until a deployment is
/// committed that lifts it: of an administrator of the environment, or approved. Loop thread; throws StoreError.
namespace switchyard::fleet {

model::Policies remembered_policies(const store::StateStore& store, const std::string& environment);

/// What is remembered and the file of this request does not ask for; nothing of a request without the file.
model::Policies lifted_by(const store::StateStore& store, const std::string& environment,
                          const model::Configuration& configuration);
/// "it lifts `require_mfa` of `production`"; empty: it lifts nothing.
std::string lift_text(const model::Policies& lifts, const std::string& environment);

/// What is remembered from the commit of `row` on, with its audit row and line of history. Only what was let through as
/// lifted when it was started (`source.lifts`) is: another deployment may have asked for more meanwhile.
store::Transaction policy_writes(const store::StateStore& store, const model::DeploymentRow& row,
                                 const store::PutSource& source);

}  // namespace switchyard::fleet
