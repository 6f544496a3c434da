#pragma once

#include <string>
#include <variant>
#include <vector>

#include "protocol/message.hpp"

/// What can happen to one deployment.
namespace switchyard::engine {

/// The first event of a deployment whose row, plan and locks are durable in state `approved`.
struct Started {};
/// The first event after a coordinator restart, for every unfinished deployment.
struct Restarted {};
/// A typed message from a host's agent, on its session `session` (grows with each connection of that host).
struct AgentSaid {
  HostId host;
  std::uint64_t session = 0;
  protocol::Message message;
};
/// A host's agent is connected and welcomed; `report` is what its HELLO says of this deployment (idle if nothing).
struct AgentConnected {
  HostId host;
  std::uint64_t session = 0;
  protocol::DeploymentReport report;
};
struct AgentLost {
  HostId host;
  std::uint64_t session = 0;
};
struct TimerFired {
  std::string timer;  ///< as named by SetTimer
};
/// A person (or the planner, on their behalf) wants it undone. Without effect after the decision.
struct CancelRequested {
  std::string reason;
};
/// A person wants it to stand still where it is: nothing more is begun, nothing is undone. Without effect when it
/// stands still already, after the decision, and while the hosts are asked where they stand after a restart.
struct HoldRequested {
  std::string reason;
};
/// From `paused`: try the failed nodes again, or go on with what was held.
struct ResumeRequested {};
/// A person has seen enough of the pauses that are on: what waits for them goes on.
struct Promoted {};
/// `deploy resolve --host H --gone`: the host is no longer counted.
struct HostGone {
  HostId host;
};

using Event = std::variant<Started, Restarted, AgentSaid, AgentConnected, AgentLost, TimerFired, CancelRequested,
                           HoldRequested, ResumeRequested, Promoted, HostGone>;

}  // namespace switchyard::engine
