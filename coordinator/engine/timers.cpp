#include "coordinator/engine/timers.hpp"

#include "common/limits.hpp"
#include "coordinator/engine/failures.hpp"
#include "coordinator/engine/knowledge.hpp"
#include "coordinator/engine/last_batch.hpp"
#include "coordinator/engine/pauses.hpp"

namespace switchyard::engine {
namespace {

using model::Decision;
using model::DeploymentState;

/// With the node's index.
const std::string pause_prefix = "pause:";
/// With the host.
const std::string resend_prefix = "resend:";
/// With the host.
const std::string missed_prefix = "missed:";

void deadline_is_over(Turn& turn) {
  DeploymentRun& run = turn.run();
  if (turn.state() == DeploymentState::preparing)
    return turn.fail({}, {"prepare_timeout"}, "preparing took longer than allowed: " + laggards(run));
  if (turn.state() == DeploymentState::swapping) {
    // Nothing is at work, since a canary or a batch is being watched.
    if (run.begun.empty() && any_rests(run)) return turn.renew_deadline();
    return turn.fail({}, {"swap_timeout"}, "no progress while swapping: " + laggards(run));
  }
  if (turn.state() == DeploymentState::holding)
    return turn.fail({}, {"hold_timeout"}, "not every host came back after the swap: " + laggards(run));
}

/// What follows commits, unless a last look was not good.
void watch_is_over(Turn& turn) {
  DeploymentRun& run = turn.run();
  if (turn.state() != DeploymentState::watching || run.watch_over) return;
  run.watch_over = true;
  turn.timer("last_look", limits::last_look_ms_max);
  if (const std::string open = doubts(run); !open.empty()) turn.note("waiting for one more look: " + open);
}

void last_look_is_over(Turn& turn) {
  if (turn.state() != DeploymentState::watching || !turn.run().watch_over) return;
  const std::string why = "not healthy at the end of the watch: " + doubts(turn.run());
  note_failure(turn, {}, {"unhealthy"}, why, model::ErrorAction::rollback);
  turn.decide(Decision::abort, why);
}

void rejoin_is_over(Turn& turn) {
  if (!turn.run().rejoining) return;
  const std::string why = "after a restart these hosts were not heard of in time: " + laggards(turn.run());
  note_failure(turn, {}, {"host_lost"}, why, model::ErrorAction::rollback);
  turn.decide(Decision::abort, why);
}

void lease_is_over(Turn& turn) {
  const DeploymentRun& run = turn.run();
  const bool leased =
      turn.undecided() && (turn.state() == DeploymentState::swapping || turn.state() == DeploymentState::holding ||
                           turn.state() == DeploymentState::paused);
  if (!leased && run.last_batch.empty()) return;
  for (const auto& [id, host] : run.hosts) {
    if (host.connected && serves_new(host) && !host.held) turn.send(id, protocol::Extend{run.row.id});
  }
  turn.renew_lease();
}

/// A person has to look; the hosts go on being asked.
void call_stuck(Turn& turn) {
  const DeploymentRun& run = turn.run();
  if (turn.state() != DeploymentState::aborting) return;
  turn.enter(DeploymentState::stuck, run.row.reason + "; not reverted yet: " + laggards(run));
}

void revert_is_over(Turn& turn) {
  DeploymentRun& run = turn.run();
  if (turn.state() != DeploymentState::aborting) return;
  if (run.revert_overdue) return call_stuck(turn);
  run.revert_overdue = true;
  turn.renew_revert();
}

/// Only good looks let it go on, as at the end of the watch.
void pause_is_over(Turn& turn, std::size_t index) {
  DeploymentRun& run = turn.run();
  if (turn.state() != DeploymentState::swapping || index >= run.plan.nodes.size() || !rests(run, index)) return;
  Pause& pause = run.pauses[index];
  if (const std::string open = unknowns(run); !open.empty()) {
    if (pause == Pause::last_look)
      return turn.fail({}, {"unhealthy"}, "not known to be healthy at the end of a pause: " + open);
    pause = Pause::last_look;
    turn.timer(pause_timer(index), limits::last_look_ms_max);
    return turn.note("waiting for one more look: " + open);
  }
  pause = run.plan.nodes[index].promoted_by_hand ? Pause::ripe : Pause::over;
  turn.note(node_text(run, index) + (pause == Pause::ripe ? ": goes on when it is promoted" : ": goes on"));
  turn.renew_deadline();
}

/// It serves the new release provisionally and was not told to go on for so long that it has gone back by itself.
void host_is_missed(Turn& turn, const HostId& id) {
  const auto found = turn.run().hosts.find(id);
  if (found == turn.run().hosts.end() || found->second.connected || found->second.held) return;
  if (turn.state() != DeploymentState::swapping || turn.run().rejoining) return;
  turn.fail(id, {"host_lost"},
            "was lost after its switch, and not heard of for " +
                std::to_string(turn.run().plan.settings.confirm_ms / 1'000) + " s: by now it has gone back by itself");
}

/// What follows asks everything again.
void answer_is_overdue(Turn& turn, const HostId& id) {
  const auto found = turn.run().hosts.find(id);
  if (found == turn.run().hosts.end()) return;
  found->second.resend_timer = false;
  found->second.asked.clear();
  ++found->second.resends;
}

}  // namespace

std::int64_t lease_period_ms(const model::PlanSettings& settings) {
  return settings.confirm_ms / limits::lease_renewals;
}

std::string pause_timer(std::size_t index) { return pause_prefix + std::to_string(index); }
std::string resend_timer(const HostId& host) { return resend_prefix + host.str(); }
std::string missed_timer(const HostId& host) { return missed_prefix + host.str(); }

void time_is_over(Turn& turn, const std::string& timer) {
  if (timer == "deadline") return deadline_is_over(turn);
  if (timer == "watch") return watch_is_over(turn);
  if (timer == "last_look") return last_look_is_over(turn);
  if (timer == "rejoin") return rejoin_is_over(turn);
  if (timer == "lease") return lease_is_over(turn);
  if (timer == "revert") return revert_is_over(turn);
  if (timer == "revert_end") return call_stuck(turn);
  if (timer == "batch") return last_batch_is_overdue(turn);
  if (timer.starts_with(pause_prefix)) return pause_is_over(turn, std::stoul(timer.substr(pause_prefix.size())));
  if (timer.starts_with(missed_prefix)) return host_is_missed(turn, HostId(timer.substr(missed_prefix.size())));
  if (timer.starts_with(resend_prefix)) return answer_is_overdue(turn, HostId(timer.substr(resend_prefix.size())));
}

}  // namespace switchyard::engine
