#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "coordinator/model/deployment.hpp"
#include "coordinator/model/plan.hpp"

/// The engine's state of one deployment: the durable row, its plan, and what is known of each host. Only `row` and the
/// decision outlive a restart; the rest is learned again from the agents' journals.
namespace switchyard::engine {

struct HostRun {
  bool connected = false;
  std::uint64_t session = 0;       ///< of the present connection
  std::uint64_t swapped_session = 0;  ///< the connection on which its last SWAPPED came: HOLD needs a younger one
  bool plan_acknowledged = false;
  std::set<std::string> staged;             ///< components
  std::map<std::string, std::uint32_t> stage;  ///< component -> stages swapped
  bool held = false;
  bool committed = false;
  std::set<std::string> reverted;  ///< components
  bool reverted_all = false;
  bool known = false;  ///< its state was heard since the (re)start
  protocol::AgentState reported = protocol::AgentState::idle;
  std::string trouble;  ///< last failure, for people
  unsigned resends = 0;
};

struct DeploymentRun {
  model::DeploymentRow row;
  model::Plan plan;
  std::optional<model::Decision> decision;
  std::map<HostId, HostRun> hosts;  ///< participants: all of the plan but the deferred and the gone
};

}  // namespace switchyard::engine
