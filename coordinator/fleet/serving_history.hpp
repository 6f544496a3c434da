#pragma once

#include <map>
#include <optional>
#include <vector>

#include "coordinator/fleet/committed_plans.hpp"
#include "coordinator/store/state_store.hpp"

namespace switchyard::fleet {

/// What served in a place, and the deployment that brought it there.
struct Served {
  DeploymentId deployment;
  Brought brought;
};
/// Nothing would be changed from one to the other. False where either is not known.
bool serves_the_same(const std::optional<Served>& one, const std::optional<Served>& other);

/// What a version stands for in a place.
struct VersionPlace {
  ReleaseId release;
  std::optional<Served> served;  ///< nothing: it was never brought there, or nobody remembers
};

/// What served where, and when, by the committed deployments: newer ones are looked at for what is, older ones for what
/// was. Made and dropped within one call; loop thread. Throws StoreError.
class ServingHistory {
 public:
  ServingHistory(const store::StateStore& store, CommittedPlans& plans);

  /// Newest first, as far back as anything is looked for.
  const std::vector<model::DeploymentRow>& rows() const { return rows_; }
  std::optional<Served> now(const Place& place) const;
  /// What `undone` found serving there. Nothing when that was no release, or nobody remembers.
  std::optional<Served> before(const DeploymentId& undone, const Place& place, const protocol::OldState& found) const;
  /// In every place that the committed deployment is about: also where an older one had brought the same already.
  std::map<Place, VersionPlace> of(const model::DeploymentRow& version) const;
  /// The newest deployment from a manifest of the same environment, older than `before`, that brought just that to any
  /// host.
  std::optional<model::DeploymentRow> origin(const model::DeploymentRow& before, const std::string& component,
                                             const Served& served) const;
  /// Something of ours was in that place when this deployment was committed.
  bool had_any(const DeploymentId& version, const Place& place) const;

 private:
  std::size_t index_of(const DeploymentId& id) const;
  /// Of the newest deployment that has the place, from that row on.
  std::optional<Served> brought_since(std::size_t row, const Place& place) const;
  std::optional<Served> unchanged(const model::DeploymentRow& version, const CommittedPlan& plan, const Place& place,
                                  const ReleaseId& wanted) const;

  CommittedPlans& plans_;
  std::vector<model::DeploymentRow> rows_;
  std::map<Place, model::ServingRow> serving_;
};

}  // namespace switchyard::fleet
