#include "coordinator/engine/progress.hpp"

#include <algorithm>
#include <utility>

#include "common/limits.hpp"
#include "common/planted.hpp"
#include "coordinator/engine/failures.hpp"
#include "coordinator/engine/knowledge.hpp"
#include "coordinator/engine/last_batch.hpp"
#include "coordinator/engine/pauses.hpp"
#include "coordinator/engine/ready_nodes.hpp"
#include "coordinator/engine/requests.hpp"
#include "coordinator/engine/timers.hpp"

namespace switchyard::engine {
namespace {

using model::Decision;
using model::DeploymentState;

/// A rollback that a person started with the strategy `manual`: he looks at what is prepared, and then has it go on.
bool holds_before_switch(const DeploymentRun& run) {
  return run.row.kind == model::DeploymentKind::rollback && run.row.state == DeploymentState::preparing &&
         run.plan.settings.rollback_strategy == model::RollbackStrategy::manual;
}

void finish_rejoining(Turn& turn) {
  DeploymentRun& run = turn.run();
  if (!turn.all_hosts([](const HostRun& host) { return host.heard; })) return;
  run.rejoining = false;
  if (turn.state() == DeploymentState::paused) return;
  if (lost_ground(run)) {
    const char* const why = "a host had reverted by itself while the coordinator was away";
    note_failure(turn, {}, {"reverted_alone"}, why, model::ErrorAction::rollback);
    return turn.decide(Decision::abort, why);
  }
  const bool staged = every_node(run, node_staged);
  const bool begun =
      std::any_of(run.hosts.begin(), run.hosts.end(), [](const auto& entry) { return serves_new(entry.second); });
  if (!staged && begun) {
    const char* const why = "a host lost its staged release while the coordinator was away";
    note_failure(turn, {}, {"host_lost"}, why, model::ErrorAction::rollback);
    return turn.decide(Decision::abort, why);
  }
  // Who wanted to be asked before the switch, and was not asked yet, is asked now.
  const bool asks = holds_before_switch(run) && !begun;
  turn.enter(staged && !asks ? DeploymentState::swapping : DeploymentState::preparing,
             "resumed after a restart of the coordinator");
}

void enter_pauses(Turn& turn) {
  DeploymentRun& run = turn.run();
  for (const std::size_t index : begin_pauses(run)) {
    const model::PlanNode& node = run.plan.nodes[index];
    turn.timer(pause_timer(index), node.pause_ms);
    turn.note(node_text(run, index) + ": watched for " + std::to_string(node.pause_ms / 1'000) + " s");
  }
}

/// When every host has gone back, or cannot any more.
bool end_revert(Turn& turn) {
  const DeploymentRun& run = turn.run();
  // A host that was never told to swap serves what it served; what PREPARE left there is undone when it comes back.
  const bool over = turn.all_hosts([](const HostRun& host) {
    return host.reverted_all || !host.amnesia.empty() ||
           (!host.connected && (!host.swap_asked || PLANTED(rolled_back_without_who_is_away))) ||
           PLANTED(rolled_back_when_one_has_reverted);
  });
  if (!over) return false;
  const auto lost =
      std::find_if(run.hosts.begin(), run.hosts.end(), [](const auto& entry) { return !entry.second.amnesia.empty(); });
  if (lost == run.hosts.end()) {
    turn.finish(DeploymentState::rolled_back);
    return true;
  }
  if (turn.state() == DeploymentState::stuck) return false;
  turn.enter(DeploymentState::stuck, lost->first.str() + ": " + lost->second.amnesia);
  return true;
}

bool end_watch(Turn& turn) {
  // A host is believed when it takes back its vote, and must not end the coordinator by it.
  for (const auto& [id, host] : turn.run().hosts) {
    if (has_held(host)) continue;
    turn.fail(id, {"vote_taken_back"},
              "had given up its right to go back, and now says that it is " +
                  std::string(protocol::agent_state_name(host.reported)));
    return true;
  }
  if (!turn.run().watch_over || !doubts(turn.run()).empty()) return false;
  turn.decide(Decision::commit, {});
  return true;
}

/// One transition, if its time has come.
bool leave_state(Turn& turn) {
  const DeploymentRun& run = turn.run();
  if (run.rejoining) return false;
  switch (turn.state()) {
    case DeploymentState::preparing:
      if (!every_node(run, node_staged)) return false;
      if (!turn.all_hosts([](const HostRun& host) { return host.plan_acknowledged; })) return false;
      if (holds_before_switch(run)) {
        turn.wait_for_a_person({}, "held: everything is prepared, and is switched when this is resumed");
      } else {
        turn.enter(DeploymentState::swapping);
      }
      return true;
    case DeploymentState::swapping:
      if (!every_node(run, node_swapped) || any_rests(run)) return false;
      turn.enter(DeploymentState::holding);
      return true;
    case DeploymentState::holding:
      if (!turn.all_hosts(has_held)) return false;
      turn.enter(DeploymentState::watching);
      if (run.plan.settings.watch_ms == 0) turn.decide(Decision::commit, {});
      return true;
    case DeploymentState::committing:
      if (!turn.all_hosts([](const HostRun& host) { return host.committed || PLANTED(done_when_one_has_committed); }))
        return false;
      turn.finish(DeploymentState::done);
      return true;
    case DeploymentState::aborting:
    case DeploymentState::stuck:
      return end_revert(turn);
    case DeploymentState::watching:
      return end_watch(turn);
    case DeploymentState::draft:
    case DeploymentState::approved:
    case DeploymentState::paused:
    case DeploymentState::done:
    case DeploymentState::rolled_back:
    case DeploymentState::rejected:
      return false;
  }
  return false;
}

/// A host on its way back that does not hear of us for the confirm time goes on alone, perhaps before its turn. So it
/// is asked three times within it, and two questions may be lost. One that is stuck tries anew at each, and is left
/// time.
std::int64_t resend_pause_ms(const DeploymentRun& run, const HostRun& host) {
  const std::int64_t pause = std::min(limits::resend_ms_max, limits::resend_ms_min << std::min(host.resends, 5u));
  if (run.decision != Decision::abort || host.stuck) return pause;
  return std::min(pause, std::max(limits::resend_ms_min, lease_period_ms(run.plan.settings)));
}

void ask(Turn& turn) {
  DeploymentRun& run = turn.run();
  std::map<HostId, std::set<Request>> wanted = open_requests(run);
  for (auto& [id, host] : run.hosts) {
    std::set<Request>& requests = wanted[id];
    if (!host.connected) continue;
    for (const Request& request : requests) {
      if (host.asked.contains(request)) continue;
      if (request.kind == Request::Kind::swap) host.swap_asked = !PLANTED(forgets_whom_it_told_to_swap);
      turn.send(id, request_message(run, id, request));
    }
    host.asked = std::move(requests);
    if (!host.asked.empty() && !host.resend_timer) {
      host.resend_timer = true;
      turn.timer(resend_timer(id), resend_pause_ms(run, host));
    }
  }
}

}  // namespace

void settle(Turn& turn) {
  const DeploymentRun& run = turn.run();
  // What is proven nowhere is not committed: there would be nobody who runs it.
  if (run.hosts.empty() && turn.undecided()) turn.decide(Decision::abort, "every host of it was declared gone");
  if (run.rejoining) finish_rejoining(turn);
  if (turn.state() == DeploymentState::swapping && !run.rejoining) enter_pauses(turn);
  settle_last_batch(turn);
  while (leave_state(turn)) {
  }
  ask(turn);
}

}  // namespace switchyard::engine
