#pragma once

#include <cstddef>
#include <list>
#include <optional>

#include "common/limits.hpp"
#include "coordinator/model/checks_report.hpp"
#include "coordinator/store/state_store.hpp"

namespace switchyard::fleet {

/// What became of the health checks of deployments that are over. The whole timeline is read for it, so the last few
/// are remembered, as long as neither the row nor the timeline has changed since: a host's line may come late. Owned by
/// the Fleet, loop thread only. Throws StoreError.
class CheckOutcomes {
 public:
  explicit CheckOutcomes(const store::StateStore& store, std::size_t kept_max = limits::check_outcomes_kept)
      : store_(store), kept_max_(kept_max) {}

  /// Nothing of one that is not over.
  std::optional<model::ChecksReport> find(const model::DeploymentRow& row, const model::Plan& plan);

 private:
  struct Known {
    model::DeploymentRow row;
    std::size_t lines = 0;  ///< of the timeline, that it was made of
    std::optional<model::ChecksReport> report;
  };
  Known read(const model::DeploymentRow& row, const model::Plan& plan) const;
  bool is_as_it_was(const Known& known, const model::DeploymentRow& row) const;

  const store::StateStore& store_;
  std::size_t kept_max_;
  std::list<Known> known_;  ///< looked at last first
};

}  // namespace switchyard::fleet
