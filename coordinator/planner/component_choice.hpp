#pragma once

#include <string>
#include <vector>

#include "coordinator/model/manifest.hpp"
#include "coordinator/planner/deployment_planner.hpp"

/// Some components of a manifest alone (`--components a,b`): what is deployed, and what must serve beside it. Pure.
namespace switchyard::planner {

/// A component that is left out, and that a chosen one needs, itself or through others.
struct OutsideDependency {
  std::string of;               ///< the chosen component
  model::Component dependency;  ///< as the manifest has it
  bool operator==(const OutsideDependency&) const = default;
};

struct ChosenComponents {
  model::Manifest manifest;  ///< of the chosen ones; their order among themselves is kept
  std::vector<OutsideDependency> outside;
};

/// No names: all of them. Throws InputError for a name that the manifest has not, with the nearest one, and for a
/// chosen component that cannot follow the strategy that is asked for by option.
ChosenComponents choose_components(const model::Manifest& manifest, const std::vector<std::string>& names);

/// What to ask about the dependencies that are left out, on the hosts where the manifest has them.
InventoryQuestions inventory_questions(const std::vector<OutsideDependency>& outside);

/// Throws InputError for the first that is not there or is down on a host, as that host's agent says, HostAwayError
/// when that host does not answer and `unreachable` allows none to be away.
void check_outside_dependencies(const model::Manifest& manifest, const std::vector<OutsideDependency>& outside,
                                const PlanningFacts& facts);

}  // namespace switchyard::planner
