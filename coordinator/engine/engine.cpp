#include "coordinator/engine/engine.hpp"

#include <algorithm>
#include <utility>

#include "common/ensure.hpp"
#include "common/planted.hpp"
#include "coordinator/engine/failures.hpp"
#include "coordinator/engine/knowledge.hpp"
#include "coordinator/engine/pauses.hpp"
#include "coordinator/engine/progress.hpp"
#include "coordinator/engine/ready_nodes.hpp"
#include "coordinator/engine/revert_budget.hpp"
#include "coordinator/engine/timers.hpp"
#include "coordinator/engine/turn.hpp"

namespace switchyard::engine {
namespace {

using model::Decision;
using model::DeploymentState;

void on(Turn& turn, const Started&) {
  ENSURE(turn.state() == DeploymentState::approved);
  turn.enter(DeploymentState::preparing);
}

void on(Turn& turn, const Restarted&) {
  DeploymentRun& run = turn.run();
  if (run.decision) {
    // A recorded decision is carried out, whatever else is known.
    return turn.enter(*run.decision == Decision::commit && !PLANTED(aborts_a_commit_after_a_restart)
                          ? DeploymentState::committing
                          : DeploymentState::aborting,
                      run.row.reason);
  }
  ++run.row.resumed;
  turn.effects().save = true;
  if (run.plan.settings.on_restart == model::OnRestart::abort)
    return turn.decide(Decision::abort, "the coordinator was restarted (on_restart: abort)");
  if (turn.state() == DeploymentState::approved) return turn.enter(DeploymentState::preparing);
  turn.note("the coordinator was restarted; asking every host where it stands");
  run.rejoining = true;
  turn.timer("rejoin", run.plan.settings.confirm_ms);
  turn.renew_lease();
}

/// A host that has forgotten what was decided to be committed: it had given up its right to go back before that was
/// decided, so that it can have ended it in one way only.
void take_for_committed(Turn& turn, const HostId& id) {
  HostRun& host = turn.run().hosts.at(id);
  host.amnesia.clear();
  host.trouble.clear();
  host.held = host.committed = true;
  turn.note(id, "host", "committed", "had held, and has ended it so long ago that it no longer remembers it");
}

/// What was heard of a host, and what follows from it at once.
void take_in(Turn& turn, const HostId& host, const Learned& learned) {
  DeploymentRun& run = turn.run();
  for (const std::string& news : learned.news)
    turn.note(host, "host", std::string(protocol::agent_state_name(run.hosts.at(host).reported)), news);
  if (learned.progress) {
    turn.renew_deadline();
    turn.renew_revert();
    run.hosts.at(host).resends = 0;
  }
  if (learned.trouble.empty()) return;
  run.hosts.at(host).trouble = learned.trouble;
  if (learned.forgotten && run.decision == Decision::commit) return take_for_committed(turn, host);
  // The other hosts must neither commit nor go back by a guess: what this one had done may be in force there.
  if (learned.forgotten && turn.undecided()) {
    note_failure(turn, host, learned.cause, learned.trouble, model::ErrorAction::abort);
    return turn.wait_for_a_person(host, learned.trouble);
  }
  // The order of a revert follows from what every host has swapped. Until that is known the doubt is enough: it lets no
  // commit through.
  if (learned.ill && run.rejoining) return;
  if (learned.stuck && (turn.state() == DeploymentState::aborting || turn.state() == DeploymentState::stuck)) {
    if (turn.state() == DeploymentState::aborting)
      turn.enter(DeploymentState::stuck, host.str() + ": " + learned.trouble);
    return;
  }
  if (turn.undecided() && turn.state() != DeploymentState::paused) turn.fail(host, learned.cause, learned.trouble);
}

void on(Turn& turn, const AgentSaid& event) {
  DeploymentRun& run = turn.run();
  const auto found = run.hosts.find(event.host);
  if (found == run.hosts.end() || event.session != found->second.session) return;
  if (const auto* step = std::get_if<protocol::StepEvent>(&event.message)) {
    turn.effects().timeline.push_back(step_entry(run.plan, event.host, *step));
    note_step_failure(turn, event.host, *step);
    note_undo(run, event.host, *step);
    if (step->result.state != protocol::StepState::started)
      turn.send(event.host, protocol::StepEventAck{run.row.id, step->step, step->result.state, step->undo});
    turn.renew_deadline();
    turn.renew_revert();
    return;
  }
  take_in(turn, event.host, learn_from(found->second, event.session, event.message));
}

void on(Turn& turn, const AgentConnected& event) {
  DeploymentRun& run = turn.run();
  const auto found = run.hosts.find(event.host);
  if (found == run.hosts.end()) return;
  HostRun& host = found->second;
  host.connected = true;
  host.session = event.session;
  host.asked.clear();
  host.resends = 0;
  if (serves_new(host)) turn.timer(missed_timer(event.host), -1);
  if (!host.undoing.empty()) turn.renew_revert();
  take_in(turn, event.host, learn_from_report(host, event.session, event.report));
  // The lease ran on while this coordinator was away.
  const bool provisional =
      event.report.state == protocol::AgentState::swapping || event.report.state == protocol::AgentState::swapped;
  if (run.rejoining && provisional) turn.send(event.host, protocol::Extend{run.row.id});
}

void on(Turn& turn, const AgentLost& event) {
  DeploymentRun& run = turn.run();
  const auto found = run.hosts.find(event.host);
  if (found == run.hosts.end() || found->second.session != event.session) return;
  found->second.connected = false;
  found->second.asked.clear();
  if (!found->second.undoing.empty()) turn.renew_revert();
  if (serves_new(found->second)) turn.timer(missed_timer(event.host), run.plan.settings.confirm_ms);
  // An agent that has swapped its last component drops the connection itself, to vote over a younger one.
  const bool on_purpose = found->second.swapped_session == event.session;
  turn.note(event.host, "host", on_purpose ? "dialling" : "lost",
            on_purpose ? "dials anew, to prove that the host is still reachable" : "the connection was lost");
}

void on(Turn& turn, const TimerFired& event) { time_is_over(turn, event.timer); }

void on(Turn& turn, const CancelRequested& event) {
  if (turn.undecided()) turn.decide(Decision::abort, "cancelled: " + event.reason);
}

void on(Turn& turn, const HoldRequested& event) {
  if (turn.run().rejoining || turn.state() == DeploymentState::paused) return;
  turn.wait_for_a_person({}, "held: " + event.reason);
}

void on(Turn& turn, const ResumeRequested&) {
  DeploymentRun& run = turn.run();
  if (turn.state() != DeploymentState::paused) return;
  run.begun.clear();
  std::erase_if(run.pauses, [](const auto& entry) { return entry.second != Pause::over; });  // they begin anew
  for (auto& [id, host] : run.hosts) host.trouble.clear();
  turn.enter(every_node(run, node_staged) ? DeploymentState::swapping : DeploymentState::preparing, "resumed");
}

void on(Turn& turn, const Promoted&) {
  if (turn.state() != DeploymentState::swapping) return;
  for (const std::size_t index : end_pauses(turn.run())) {
    turn.timer(pause_timer(index), -1);
    turn.note(node_text(turn.run(), index) + ": promoted");
  }
  turn.renew_deadline();
}

void on(Turn& turn, const HostGone& event) {
  DeploymentRun& run = turn.run();
  if (run.hosts.erase(event.host) == 0) return;
  run.row.gone.push_back(event.host);
  turn.effects().save = true;
  turn.note(event.host, "host", "gone", "declared gone; the result counts the others");
}

}  // namespace

Effects apply(DeploymentRun& run, const Event& event) {
  Effects effects;
  if (model::is_final(run.row.state)) return effects;
  Turn turn(run, effects);
  std::visit([&](const auto& happened) { on(turn, happened); }, event);
  settle(turn);
  return effects;
}

}  // namespace switchyard::engine
