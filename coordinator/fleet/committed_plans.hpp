#pragma once

#include <cstddef>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "common/limits.hpp"
#include "coordinator/planner/what_runs.hpp"
#include "coordinator/store/state_store.hpp"

namespace switchyard::fleet {

/// A component on a host.
using Place = std::pair<HostId, std::string>;

/// What a deployment brought to a place.
struct Brought {
  std::string slot;
  ReleaseId release;  ///< empty: a rollback gave the place back to what ran before Switchyard, or to nothing
  std::optional<planner::Running> runs;  ///< nothing: its plan does not say
};

/// Of a deployment that was carried out, what one has to know to say what served where.
struct CommittedPlan {
  std::map<Place, Brought> brought;
  std::map<Place, ReleaseId> about;  ///< by its manifest, also where it found nothing to change; of a deploy only
  bool watched = false;              ///< it had a watch window
  std::size_t hosts = 0;
};

/// Reads plans and manifests and remembers what is asked of them again and again: neither ever changes. What would be
/// too much is read anew the next time. Owned by the Fleet, loop thread only. Throws StoreError.
class CommittedPlans {
 public:
  explicit CommittedPlans(const store::StateStore& store, std::size_t places_max = limits::known_places_max)
      : store_(store), places_max_(places_max) {}

  /// nullptr: its plan is not known, as of one that was recovered from the hosts' journals. Shared, since what is
  /// remembered may be forgotten while somebody still looks at it.
  std::shared_ptr<const CommittedPlan> find(const DeploymentId& id);

 private:
  std::shared_ptr<const CommittedPlan> read(const DeploymentId& id) const;

  const store::StateStore& store_;
  std::size_t places_max_;
  std::size_t places_ = 0;  ///< that are remembered
  std::map<DeploymentId, std::shared_ptr<const CommittedPlan>> known_;
};

}  // namespace switchyard::fleet
