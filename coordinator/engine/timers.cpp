#include "coordinator/engine/timers.hpp"

#include "common/limits.hpp"
#include "coordinator/engine/knowledge.hpp"
#include "coordinator/engine/pauses.hpp"

namespace switchyard::engine {
namespace {

using model::Decision;
using model::DeploymentState;

/// A host that stays silent this many confirm times after an abort makes the deployment stuck (it goes on being asked).
constexpr std::int64_t stuck_after_confirm_times = 4;
/// With the node's index.
const std::string pause_prefix = "pause:";
/// With the host.
const std::string resend_prefix = "resend:";
/// With the host.
const std::string missed_prefix = "missed:";

void deadline_is_over(Turn& turn) {
  DeploymentRun& run = turn.run();
  if (turn.state() == DeploymentState::preparing)
    return turn.fail({}, "preparing took longer than allowed: " + laggards(run));
  if (turn.state() == DeploymentState::swapping) {
    // Nothing is at work, since a canary or a batch is being watched.
    if (run.begun.empty() && any_rests(run)) return turn.renew_deadline();
    return turn.fail({}, "no progress while swapping: " + laggards(run));
  }
  if (turn.state() == DeploymentState::holding)
    return turn.fail({}, "not every host came back after the swap: " + laggards(run));
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
  if (turn.state() == DeploymentState::watching && turn.run().watch_over)
    turn.decide(Decision::abort, "not healthy at the end of the watch: " + doubts(turn.run()));
}

void rejoin_is_over(Turn& turn) {
  if (turn.run().rejoining)
    turn.decide(Decision::abort, "after a restart these hosts were not heard of in time: " + laggards(turn.run()));
}

void lease_is_over(Turn& turn) {
  const DeploymentRun& run = turn.run();
  const bool leased =
      turn.undecided() && (turn.state() == DeploymentState::swapping || turn.state() == DeploymentState::holding ||
                           turn.state() == DeploymentState::paused);
  if (!leased) return;
  for (const auto& [id, host] : run.hosts) {
    if (host.connected && serves_new(host) && !host.held) turn.send(id, protocol::Extend{run.row.id});
  }
  turn.renew_lease();
}

void revert_is_over(Turn& turn) {
  DeploymentRun& run = turn.run();
  if (turn.state() != DeploymentState::aborting) return;
  if (run.revert_overdue)
    return turn.enter(DeploymentState::stuck, run.row.reason + "; not reverted yet: " + laggards(run));
  run.revert_overdue = true;
  turn.timer("revert", run.plan.settings.confirm_ms * (stuck_after_confirm_times - 1));
}

/// Only good looks let it go on, as at the end of the watch.
void pause_is_over(Turn& turn, std::size_t index) {
  DeploymentRun& run = turn.run();
  if (turn.state() != DeploymentState::swapping || index >= run.plan.nodes.size() || !rests(run, index)) return;
  Pause& pause = run.pauses[index];
  if (const std::string open = unknowns(run); !open.empty()) {
    if (pause == Pause::last_look) return turn.fail({}, "not known to be healthy at the end of a pause: " + open);
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
  turn.fail(id, "was lost after its switch, and not heard of for " +
                    std::to_string(turn.run().plan.settings.confirm_ms / 1'000) +
                    " s: by now it has gone back by itself");
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
  if (timer.starts_with(pause_prefix)) return pause_is_over(turn, std::stoul(timer.substr(pause_prefix.size())));
  if (timer.starts_with(missed_prefix)) return host_is_missed(turn, HostId(timer.substr(missed_prefix.size())));
  if (timer.starts_with(resend_prefix)) return answer_is_overdue(turn, HostId(timer.substr(resend_prefix.size())));
}

}  // namespace switchyard::engine
