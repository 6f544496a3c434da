#pragma once

#include <compare>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "coordinator/model/deployment.hpp"
#include "coordinator/model/plan.hpp"
#include "protocol/message.hpp"

/// The engine's state of one deployment: the durable row, its plan, and what is known of each host. Only the row and
/// the decision outlive a restart; the rest is learned again from the agents' journals.
namespace switchyard::engine {

/// A question to a host, named: what it is about. See requests.hpp.
struct Request {
  enum class Kind : std::uint8_t { query, plan, prepare, swap, hold, commit, abort, abort_component, abort_all };
  Kind kind = Kind::query;
  std::string component;
  std::uint32_t stage = 0;
  auto operator<=>(const Request&) const = default;
};

/// What one host's agent has said. Facts only grow within one life of the coordinator.
struct HostRun {
  bool connected = false;
  std::uint64_t session = 0;          ///< of the present connection; grows with each
  std::uint64_t swapped_session = 0;  ///< the connection on which its last SWAPPED came: HOLD needs a younger one
  bool heard = false;                 ///< something was heard of it since the (re)start
  bool plan_acknowledged = false;
  bool swap_asked = false;                     ///< a SWAP may have reached it
  std::set<std::string> staged;                ///< components
  std::map<std::string, std::uint32_t> stage;  ///< component -> stages swapped
  bool held = false;
  bool committed = false;
  bool had_prepared = false;  ///< its journal holds this deployment, or did
  bool reverted_all = false;
  bool stuck = false;  ///< an undo failed there; it is tried anew at each question
  protocol::AgentState reported = protocol::AgentState::idle;
  /// Why its word that there is nothing to revert proves nothing: it had prepared this deployment and has lost its
  /// journal, or has forgotten how the deployment ended. What it serves, nobody knows. Empty: its word counts.
  std::string amnesia;
  std::set<std::string> reverted;             ///< components
  std::map<StepId, std::int64_t> undoing;     ///< undos that it is at, and how long each may take (revert_budget.hpp)
  std::string trouble;                        ///< the last failure, for people
  std::map<std::string, std::string> doubts;  ///< component -> what its last look found, where that was not good
  // requests
  std::set<Request> asked;  ///< what is outstanding on the present connection
  bool resend_timer = false;
  unsigned resends = 0;
};

/// Where a node stands whose successors wait (PlanNode::pauses). Not durable: after a restart a pause begins anew.
enum class Pause : std::uint8_t {
  running,    ///< its time, in which the node is watched
  last_look,  ///< its time is over, and one more good look is waited for
  ripe,       ///< a person has to promote it
  over,
};

struct DeploymentRun {
  model::DeploymentRow row;
  model::Plan plan;
  std::uint64_t plan_seq = 0;  ///< the plan's number
  std::optional<model::Decision> decision;
  std::map<HostId, HostRun> hosts;      ///< participants: all of the plan but the deferred and the gone
  bool rejoining = false;               ///< after a restart: every participant must be heard before anything goes on
  bool revert_overdue = false;          ///< hosts that do not answer no longer hold up the revert of the others
  bool watch_over = false;              ///< the watch window has passed, and the commit waits for good last looks
  std::set<std::size_t> begun;          ///< nodes at work in the present phase
  std::set<std::size_t> last_batch;     ///< aborting: nodes whose end is waited for (last_batch.hpp)
  std::map<std::size_t, Pause> pauses;  ///< of swapped nodes
};

/// A deployment that was just planned, or was read from the store after a restart.
DeploymentRun make_run(model::DeploymentRow row, model::Plan plan, std::optional<model::Decision> decision);

/// The switch has begun, so that every participant had prepared: also to be said of a run that is taken up again, when
/// its history says so.
void note_switching(DeploymentRun& run);

}  // namespace switchyard::engine
