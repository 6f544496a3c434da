#pragma once

#include <map>
#include <set>
#include <string>
#include <utility>

#include "coordinator/engine/deployment_run.hpp"

namespace switchyard::fleet {

/// A step of a live deployment, as its agent last reported it.
struct StepNote {
  std::string title;
  std::string state;
  std::string detail;
};

/// A deployment that is under way: the engine's state of it, all of it durable, and what people are shown.
struct LiveDeployment {
  engine::DeploymentRun run;
  std::map<std::pair<HostId, std::string>, StepNote> steps;  ///< by host and component
  std::set<std::string> recorded;                            ///< step reports that are in the timeline, by step_key()
  /// Who came back and does not count any more, with what it said; told at the end how that was.
  std::map<HostId, protocol::DeploymentReport> apart;
};

/// Equal for a report that is sent again.
std::string step_key(const HostId& host, const protocol::StepEvent& step);

}  // namespace switchyard::fleet
