#pragma once

#include <optional>
#include <string>
#include <vector>

#include "common/clock.hpp"
#include "coordinator/fleet/agent_registry.hpp"
#include "coordinator/fleet/deployment_runs.hpp"
#include "coordinator/fleet/operations.hpp"
#include "coordinator/store/state_store.hpp"

namespace switchyard::fleet {

/// What stands in the way of a rollback: convergences that still bring hosts to what it undoes. Nobody asked for them,
/// so that they give way; but one that is decided commits, and its host has to go back with the others. Made and
/// dropped within one call; loop thread. The constructor throws StoreError.
class WayBack {
 public:
  struct Parts {
    store::StateStore& store;
    DeploymentRuns& runs;
    const AgentRegistry& registry;
    const Clock& clock;
  };
  /// Of the rollback of `undone`, of only these components unless they are none.
  WayBack(const Parts& parts, const DeploymentId& undone, const std::vector<std::string>& components);

  /// While one is about to commit on a host that answers: in a moment that host goes along. One that does not answer
  /// holds up nobody: it is owed what the others go back to.
  std::optional<Refusal> refuse() const;
  /// Takes the others back, durably, before anything of the rollback is written. Throws StoreError.
  void clear();
  /// Of a plan that was refused for what is locked: a machine that was replaced serves nothing yet, and must first be
  /// where the others are. Taken back it would stand in the way for longer. `locked` itself where somebody else holds
  /// it.
  Refusal explain(Refusal locked) const;

 private:
  Parts parts_;
  DeploymentId undone_;
  std::vector<model::DeploymentRow> convergences_;
};

}  // namespace switchyard::fleet
