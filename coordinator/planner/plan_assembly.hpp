#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "coordinator/model/plan.hpp"
#include "coordinator/planner/component_change.hpp"
#include "coordinator/planner/deployment_planner.hpp"

namespace switchyard::planner {

/// Collects the changes of a plan, host by host, and gives every step its id.
class PlanAssembly {
 public:
  explicit PlanAssembly(const PlanningFacts& facts) : facts_(facts) {}

  /// Call in dependency order: a host's components are swapped in this order and reverted in the reverse.
  void add(const HostId& host, const ComponentChange& change);

  /// Fills in everything but the signature. Throws InputError when the plan is larger than a host can take.
  model::Plan finish(const std::string& name, const std::string& environment, std::vector<model::PlanNode> nodes,
                     const model::PlanSettings& settings);

 private:
  const PlanningFacts& facts_;
  std::map<HostId, protocol::PlanSlice> slices_;
  std::map<HostId, std::uint32_t> numbers_;
};

}  // namespace switchyard::planner
