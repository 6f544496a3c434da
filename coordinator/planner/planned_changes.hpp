#pragma once

#include <string>
#include <vector>

#include "coordinator/model/manifest.hpp"
#include "coordinator/model/plan.hpp"
#include "coordinator/planner/deployment_planner.hpp"

/// What a plan changes on each host against what runs there now. Pure.
namespace switchyard::planner {

struct Difference {
  std::string what;     ///< release, slot, unit, link, file, traffic
  std::string subject;  ///< which unit, link, file or port; empty for release and slot
  std::string from;     ///< what is there now
  std::string to;
  bool operator==(const Difference&) const = default;
};

/// One component on one host. Nothing changes where there is no difference.
struct PlannedChange {
  HostId host;
  std::string component;
  std::string serves;  ///< what runs there now, for people; "not known: ..." where the host does not answer
  bool known = true;   ///< the host has answered
  std::vector<Difference> differences;
  bool operator==(const PlannedChange&) const = default;
};

/// For every component of the manifest on each of its hosts, by host: also where nothing changes.
std::vector<PlannedChange> planned_changes(const model::Manifest& manifest, const PlanningFacts& facts,
                                           const model::Plan& plan);

/// Hosts on which the same changes are named together.
std::string changes_text(const std::vector<PlannedChange>& changes);

}  // namespace switchyard::planner
