#pragma once

#include <optional>
#include <string>
#include <vector>

#include "coordinator/fleet/agent_registry.hpp"
#include "coordinator/fleet/operations.hpp"

/// What a rollback reaches, and leaves: hosts, components, and whether anything serves after it. None of these changes
/// anything; those that read the store throw StoreError.
namespace switchyard::fleet {

/// What was asked for of a rollback that waits for approval.
RollbackRequest request_of(const model::DeploymentRow& draft, const model::ApprovalRow& asked);

/// A host may be left out (`--without`) only while it takes part and does not answer: one that answers goes along.
std::optional<Refusal> refuse_without(const store::StateStore& store, const AgentRegistry& registry,
                                      const RollbackRequest& request, const model::DeploymentRow& row);

/// Before the first deployment of a component nothing ran: to undo it takes the service away, which a person has to
/// mean. `plan`: the rollback's. What fails is taken back by itself without this question.
std::optional<Refusal> refuse_to_nothing(const RollbackRequest& request, const model::Plan& plan);

/// Components of the undone deployment that a rollback of only some leaves as they are; none for any other row.
std::vector<std::string> kept_by_rollback(const store::StateStore& store, const model::DeploymentRow& rollback);

}  // namespace switchyard::fleet
