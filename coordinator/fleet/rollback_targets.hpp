#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "coordinator/fleet/health_score.hpp"
#include "coordinator/fleet/operations.hpp"
#include "coordinator/fleet/serving_history.hpp"
#include "coordinator/planner/deployment_planner.hpp"

/// Which versions one can go back to, and which of them is the last stable one. Reads the store; changes nothing.
/// Throws StoreError.
namespace switchyard::fleet {

/// Of this environment and name; empty: of any.
std::vector<Lineage> lineages(const store::StateStore& store, CommittedPlans& plans, const std::string& environment,
                              const std::string& name, std::int64_t now_wall_ms);

/// What to ask the hosts, to learn where the releases of these lie.
planner::InventoryQuestions presence_questions(const store::StateStore& store, const std::vector<Lineage>& all);
/// Fills in where they lie.
void note_presence(const std::map<HostId, std::vector<protocol::ComponentFact>>& answers, std::vector<Lineage>& all);

/// The deployment whose release is to serve again.
struct ChosenTarget {
  model::DeploymentRow row;
  /// Where to undo does not lead there: what is to be deployed anew, from that deployment's manifest. Nothing: that
  /// deployment was not about the place.
  std::map<Place, std::optional<ReleaseId>> anew = {};
  /// To undo leads there everywhere.
  bool inverse() const { return anew.empty(); }
};

/// What is undone: the deployment, as it stands, without those hosts that are left out; of it these components, or all.
struct Undoing {
  const model::DeploymentRow& row;
  const model::Plan& standing;
  const std::vector<std::string>& components;
};
/// Of the lineage of what is undone, by its version or its id. A refusal says what there is.
Answer<ChosenTarget> choose_target(const store::StateStore& store, CommittedPlans& plans, const Undoing& undoing,
                                   const std::string& version, std::int64_t now_wall_ms);

}  // namespace switchyard::fleet
