#include "coordinator/fleet/rollback_rules.hpp"

namespace switchyard::fleet {

bool says_why(const std::string& reason) { return reason.find_first_not_of(" \t\r\n") != std::string::npos; }

std::optional<Refusal> refuse_rollback(const RollbackRequest& request, const model::DeploymentRow& row,
                                       const model::Plan* plan) {
  if (row.kind == model::DeploymentKind::converge) {
    return Refusal{409,
                   "converged",
                   "deployment " + row.id.str() + " only brought a host to what " + row.rollback_of.str() +
                       " had brought to the others; roll " + row.rollback_of.str() + " back, and it goes along",
                   {{"deployment", row.rollback_of.str()}}};
  }
  if (row.state == model::DeploymentState::rolled_back) {
    return Refusal{409, "rolled_back", "deployment " + row.id.str() + " was rolled back already", {}};
  }
  if (row.state == model::DeploymentState::rejected) {
    return Refusal{409, "rejected", "deployment " + row.id.str() + " was rejected, and has changed nothing", {}};
  }
  if (!says_why(request.reason)) {
    return Refusal{400,
                   "reason_needed",
                   "the rollback of deployment " + row.id.str() +
                       " does not say why, and the audit keeps that of each: give `reason`, with the command line "
                       "--reason \"checkout is too slow\"",
                   {{"deployment", row.id.str()}}};
  }
  if (row.state != model::DeploymentState::done) {
    return Refusal{409,
                   "not_finished",
                   "deployment " + row.id.str() + " is " + std::string(model::state_name(row.state)) +
                       "; cancel it with `switchyard deploy cancel`, which brings the old release back",
                   {}};
  }
  if (plan != nullptr && plan->slices.empty() && row.deferred.empty()) {
    return Refusal{409,
                   "changed_nothing",
                   "deployment " + row.id.str() +
                       " changed nothing, since what it wanted served already, so that there is nothing to roll back",
                   {}};
  }
  if (plan == nullptr) {
    return Refusal{409,
                   "no_plan",
                   "deployment " + row.id.str() +
                       " was recovered from the hosts' journals, and what it changed is not known any more; deploy the "
                       "release that you want from its manifest",
                   {}};
  }
  return std::nullopt;
}

}  // namespace switchyard::fleet
