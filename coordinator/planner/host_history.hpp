#pragma once

#include <string>

#include "coordinator/planner/deployment_planner.hpp"

namespace switchyard::planner {

/// What is remembered of earlier deployments of one component on one host. References into the facts.
class HostHistory {
 public:
  HostHistory(const PlanningFacts& facts, const HostId& host, const std::string& component);

  /// The newest deployment of this release into this slot; nullptr if it is not known.
  const protocol::SliceComponent* find(const std::string& slot, const ReleaseId& release) const;
  /// What served when this one came: brought by the last older deployment into the slot that it found serving. nullptr
  /// if that is not known, or is something else than it found.
  const protocol::SliceComponent* before(const protocol::SliceComponent& done) const;
  /// What the newest deployment left there; its release is empty when that was nothing. nullptr if there was none.
  const protocol::SliceComponent* newest() const { return entries_.empty() ? nullptr : entries_.front(); }
  /// What the unit file of the slot holds: written by the last deployment into it. nullptr if it is not known.
  const protocol::EnsureFile* unit_file(const std::string& slot) const;

 private:
  std::vector<const protocol::SliceComponent*> entries_;  ///< newest first
};

/// nullptr if the component's steps write none.
const protocol::EnsureFile* find_unit_file(const protocol::SliceComponent& done);

/// What serves now, as the host's agent says; absent if the agent does not know the component. Nothing if the host did
/// not answer.
const std::vector<protocol::ComponentFact>* find_facts(const PlanningFacts& facts, const HostId& host);
protocol::ComponentFact fact_of(const std::vector<protocol::ComponentFact>& facts, const std::string& component);

}  // namespace switchyard::planner
