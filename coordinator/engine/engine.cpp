#include "coordinator/engine/engine.hpp"

#include <algorithm>
#include <utility>

#include "common/ensure.hpp"
#include "common/limits.hpp"
#include "common/planted.hpp"
#include "coordinator/engine/knowledge.hpp"
#include "coordinator/engine/pauses.hpp"
#include "coordinator/engine/ready_nodes.hpp"
#include "coordinator/engine/requests.hpp"

namespace switchyard::engine {
namespace {

using model::Decision;
using model::DeploymentState;

/// The lease is renewed three times within its life, so that two renewals may be lost.
constexpr std::int64_t lease_renewals = 3;
/// A host that stays silent this many confirm times after an abort makes the deployment stuck (it goes on being asked).
constexpr std::int64_t stuck_after_confirm_times = 4;
/// With the node's index.
const std::string pause_timer = "pause:";

/// In a host's own words: it will not revert by itself any more.
bool has_held(const HostRun& host) { return host.held || (PLANTED(commits_what_has_swapped) && !host.stage.empty()); }

/// One event's work: the run, the effects that gather, and the small verbs that both need.
class Turn {
 public:
  Turn(DeploymentRun& run, Effects& effects) : run_(run), effects_(effects) {}

  void on(const Started&);
  void on(const Restarted&);
  void on(const AgentSaid& event);
  void on(const AgentConnected& event);
  void on(const AgentLost& event);
  void on(const TimerFired& event);
  void on(const CancelRequested& event);
  void on(const ResumeRequested&);
  void on(const Promoted&);
  void on(const HostGone& event);

  /// Leaves states whose end has come, then asks what is to be asked.
  void settle();

 private:
  DeploymentState state() const { return run_.row.state; }
  bool undecided() const { return !run_.decision && state() != DeploymentState::draft; }
  void enter(DeploymentState state, const std::string& why = {});
  void note(const HostId& host, std::string what, std::string state, std::string text);
  void timer(const std::string& name, std::int64_t ms) { effects_.timers.push_back({name, ms}); }
  void renew_deadline();
  void fail(const HostId& host, const std::string& why);
  void decide(Decision decision, const std::string& why);
  void learn(const HostId& host, const Learned& learned);
  void finish_rejoining();
  void enter_pauses();
  void pause_is_over(std::size_t index);
  bool leave_state();
  bool end_revert();
  void ask();
  void finish(DeploymentState state);
  template <class Predicate>
  bool all(Predicate predicate) const {
    return std::all_of(run_.hosts.begin(), run_.hosts.end(),
                       [&](const auto& entry) { return predicate(entry.second); });
  }

  DeploymentRun& run_;
  Effects& effects_;
};

// --- events
// ------------------------------------------------------------------------------------------------------------

void Turn::on(const Started&) {
  ENSURE(state() == DeploymentState::approved);
  enter(DeploymentState::preparing);
}

void Turn::on(const Restarted&) {
  if (run_.decision) {
    // A recorded decision is carried out, whatever else is known.
    enter(*run_.decision == Decision::commit && !PLANTED(aborts_a_commit_after_a_restart) ? DeploymentState::committing
                                                                                          : DeploymentState::aborting,
          run_.row.reason);
    return;
  }
  ++run_.row.resumed;
  effects_.save = true;
  if (run_.plan.settings.on_restart == model::OnRestart::abort) {
    decide(Decision::abort, "the coordinator was restarted (on_restart: abort)");
    return;
  }
  if (state() == DeploymentState::approved) return enter(DeploymentState::preparing);
  note({}, "state", std::string(model::state_name(state())),
       "the coordinator was restarted; asking every host where it stands");
  run_.rejoining = true;
  timer("rejoin", run_.plan.settings.confirm_ms);
  timer("lease", run_.plan.settings.confirm_ms / lease_renewals);
}

void Turn::on(const AgentSaid& event) {
  const auto found = run_.hosts.find(event.host);
  if (found == run_.hosts.end() || event.session != found->second.session) return;
  if (const auto* step = std::get_if<protocol::StepEvent>(&event.message)) {
    effects_.timeline.push_back(step_entry(run_.plan, event.host, *step));
    if (step->result.state != protocol::StepState::started) {
      effects_.sends.push_back(
          {event.host, protocol::StepEventAck{run_.row.id, step->step, step->result.state, step->undo}});
    }
    renew_deadline();
    return;
  }
  learn(event.host, learn_from(found->second, event.session, event.message));
}

void Turn::on(const AgentConnected& event) {
  const auto found = run_.hosts.find(event.host);
  if (found == run_.hosts.end()) return;
  HostRun& host = found->second;
  host.connected = true;
  host.session = event.session;
  host.asked.clear();
  host.resends = 0;
  learn(event.host, learn_from_report(host, event.session, event.report));
  // The lease ran on while this coordinator was away.
  const bool provisional =
      event.report.state == protocol::AgentState::swapping || event.report.state == protocol::AgentState::swapped;
  if (run_.rejoining && provisional) effects_.sends.push_back({event.host, protocol::Extend{run_.row.id}});
}

void Turn::on(const AgentLost& event) {
  const auto found = run_.hosts.find(event.host);
  if (found == run_.hosts.end() || found->second.session != event.session) return;
  found->second.connected = false;
  found->second.asked.clear();
  // An agent that has swapped its last component drops the connection itself, to vote over a younger one.
  const bool on_purpose = found->second.swapped_session == event.session;
  note(event.host, "host", on_purpose ? "dialling" : "lost",
       on_purpose ? "dials anew, to prove that the host is still reachable" : "the connection was lost");
}

void Turn::on(const TimerFired& event) {
  if (event.timer == "deadline") {
    if (state() == DeploymentState::preparing) return fail({}, "preparing took longer than allowed: " + laggards(run_));
    if (state() == DeploymentState::swapping) {
      // Nothing is at work, since a canary or a batch is being watched.
      if (run_.begun.empty() && any_rests(run_)) return renew_deadline();
      return fail({}, "no progress while swapping: " + laggards(run_));
    }
    if (state() == DeploymentState::holding)
      return fail({}, "not every host came back after the swap: " + laggards(run_));
  } else if (event.timer == "watch") {
    if (state() != DeploymentState::watching || run_.watch_over) return;
    run_.watch_over = true;  // settle() commits, unless a last look was not good
    timer("last_look", limits::last_look_ms_max);
    if (const std::string open = doubts(run_); !open.empty())
      note({}, "state", std::string(model::state_name(state())), "waiting for one more look: " + open);
  } else if (event.timer == "last_look") {
    if (state() == DeploymentState::watching && run_.watch_over)
      decide(Decision::abort, "not healthy at the end of the watch: " + doubts(run_));
  } else if (event.timer == "rejoin") {
    if (run_.rejoining)
      decide(Decision::abort, "after a restart these hosts were not heard of in time: " + laggards(run_));
  } else if (event.timer == "lease") {
    const bool leased = undecided() && (state() == DeploymentState::swapping || state() == DeploymentState::holding ||
                                        state() == DeploymentState::paused);
    if (!leased) return;
    for (const auto& [id, host] : run_.hosts) {
      const bool live =
          std::any_of(host.stage.begin(), host.stage.end(), [](const auto& entry) { return entry.second > 0; });
      if (host.connected && live && !host.held) effects_.sends.push_back({id, protocol::Extend{run_.row.id}});
    }
    timer("lease", run_.plan.settings.confirm_ms / lease_renewals);
  } else if (event.timer == "revert") {
    if (state() == DeploymentState::aborting && !run_.revert_overdue) {
      run_.revert_overdue = true;
      timer("revert", run_.plan.settings.confirm_ms * (stuck_after_confirm_times - 1));
    } else if (state() == DeploymentState::aborting) {
      enter(DeploymentState::stuck, run_.row.reason + "; not reverted yet: " + laggards(run_));
    }
  } else if (event.timer.starts_with(pause_timer)) {
    pause_is_over(std::stoul(event.timer.substr(pause_timer.size())));
  } else if (event.timer.starts_with("resend:")) {
    const auto found = run_.hosts.find(HostId(event.timer.substr(7)));
    if (found == run_.hosts.end()) return;
    found->second.resend_timer = false;
    found->second.asked.clear();  // settle() asks everything again
    ++found->second.resends;
  }
}

void Turn::on(const CancelRequested& event) {
  if (undecided()) decide(Decision::abort, "cancelled: " + event.reason);
}

void Turn::on(const ResumeRequested&) {
  if (state() != DeploymentState::paused) return;
  run_.begun.clear();
  std::erase_if(run_.pauses, [](const auto& entry) { return entry.second != Pause::over; });  // they begin anew
  for (auto& [id, host] : run_.hosts) host.trouble.clear();
  const bool staged = std::all_of(run_.plan.nodes.begin(), run_.plan.nodes.end(),
                                  [&](const auto& node) { return node_staged(run_, node); });
  enter(staged ? DeploymentState::swapping : DeploymentState::preparing, "resumed");
}

void Turn::on(const Promoted&) {
  if (state() != DeploymentState::swapping) return;
  for (const std::size_t index : end_pauses(run_)) {
    timer(pause_timer + std::to_string(index), -1);
    note({}, "state", std::string(model::state_name(state())), node_text(run_, index) + ": promoted");
  }
  renew_deadline();
}

void Turn::on(const HostGone& event) {
  if (run_.hosts.erase(event.host) == 0) return;
  run_.row.gone.push_back(event.host);
  effects_.save = true;
  note(event.host, "host", "gone", "declared gone; the result counts the others");
}

// --- knowledge
// ---------------------------------------------------------------------------------------------------------

void Turn::learn(const HostId& host, const Learned& learned) {
  for (const std::string& news : learned.news)
    note(host, "host", std::string(protocol::agent_state_name(run_.hosts.at(host).reported)), news);
  if (learned.progress) {
    renew_deadline();
    run_.hosts.at(host).resends = 0;
  }
  if (learned.trouble.empty()) return;
  run_.hosts.at(host).trouble = learned.trouble;
  // The order of a revert follows from what every host has swapped. Until that is known the doubt is enough: it lets no
  // commit through.
  if (learned.ill && run_.rejoining) return;
  if (learned.stuck && (state() == DeploymentState::aborting || state() == DeploymentState::stuck)) {
    if (state() == DeploymentState::aborting) enter(DeploymentState::stuck, host.str() + ": " + learned.trouble);
    return;
  }
  if (undecided() && state() != DeploymentState::paused) fail(host, learned.trouble);
}

void Turn::fail(const HostId& host, const std::string& why) {
  const std::string text = host.empty() ? why : host.str() + ": " + why;
  const bool may_pause = state() == DeploymentState::preparing || state() == DeploymentState::swapping ||
                         state() == DeploymentState::holding;
  const bool lost_ground =
      std::any_of(run_.hosts.begin(), run_.hosts.end(), [](const auto& entry) { return has_reverted(entry.second); });
  if (!run_.plan.settings.rollback_on_failure && may_pause && !lost_ground && !run_.rejoining) {
    enter(DeploymentState::paused, text);
  } else {
    decide(Decision::abort, text);
  }
}

void Turn::decide(Decision decision, const std::string& why) {
  ENSURE(!run_.decision);
  // I2: the commit row implies that every participant's journal holds HELD.
  if (decision == Decision::commit) ENSURE(all(has_held));
  run_.decision = decision;
  run_.rejoining = false;
  effects_.decided = !PLANTED(decision_is_not_stored);
  effects_.decision = decision;
  enter(decision == Decision::commit ? DeploymentState::committing : DeploymentState::aborting, why);
}

void Turn::enter(DeploymentState next, const std::string& why) {
  run_.row.state = next;
  if (!why.empty()) run_.row.reason = why;
  effects_.save = true;
  run_.begun.clear();
  run_.watch_over = false;
  note({}, "state", std::string(model::state_name(next)), why);
  const model::PlanSettings& settings = run_.plan.settings;
  if (next == DeploymentState::preparing) timer("deadline", settings.prepare_ms);
  if (next == DeploymentState::swapping) note_switching(run_);
  if (next == DeploymentState::swapping) timer("lease", settings.confirm_ms / lease_renewals);
  if (next == DeploymentState::swapping || next == DeploymentState::holding) timer("deadline", settings.confirm_ms);
  if (next == DeploymentState::watching) timer("watch", settings.watch_ms);
  if (next == DeploymentState::aborting) timer("revert", settings.confirm_ms);
}

/// Swapping and holding are bounded by the time without progress; preparing by its whole time.
void Turn::renew_deadline() {
  if (state() == DeploymentState::swapping || state() == DeploymentState::holding)
    timer("deadline", run_.plan.settings.confirm_ms);
}

void Turn::note(const HostId& host, std::string what, std::string state, std::string text) {
  model::TimelineEntry entry;
  entry.host = host;
  entry.what = std::move(what);
  entry.state = std::move(state);
  entry.text = std::move(text);
  effects_.timeline.push_back(std::move(entry));
}

// --- progress
// ----------------------------------------------------------------------------------------------------------

void Turn::settle() {
  // What is proven nowhere is not committed: there would be nobody who runs it.
  if (run_.hosts.empty() && undecided()) decide(Decision::abort, "every host of it was declared gone");
  if (run_.rejoining) finish_rejoining();
  if (state() == DeploymentState::swapping && !run_.rejoining) enter_pauses();
  while (leave_state()) {
  }
  ask();
}

void Turn::finish_rejoining() {
  if (!all([](const HostRun& host) { return host.heard; })) return;
  run_.rejoining = false;
  if (state() == DeploymentState::paused) return;
  const bool lost_ground =
      std::any_of(run_.hosts.begin(), run_.hosts.end(), [](const auto& entry) { return has_reverted(entry.second); });
  if (lost_ground) return decide(Decision::abort, "a host had reverted by itself while the coordinator was away");
  const bool staged = std::all_of(run_.plan.nodes.begin(), run_.plan.nodes.end(),
                                  [&](const auto& node) { return node_staged(run_, node); });
  const bool begun = std::any_of(run_.hosts.begin(), run_.hosts.end(), [](const auto& entry) {
    return std::any_of(entry.second.stage.begin(), entry.second.stage.end(),
                       [](const auto& stage) { return stage.second > 0; });
  });
  if (!staged && begun) return decide(Decision::abort, "a host lost its staged release while the coordinator was away");
  enter(staged ? DeploymentState::swapping : DeploymentState::preparing, "resumed after a restart of the coordinator");
}

void Turn::enter_pauses() {
  for (const std::size_t index : begin_pauses(run_)) {
    const model::PlanNode& node = run_.plan.nodes[index];
    timer(pause_timer + std::to_string(index), node.pause_ms);
    note({}, "state", std::string(model::state_name(state())),
         node_text(run_, index) + ": watched for " + std::to_string(node.pause_ms / 1'000) + " s");
  }
}

/// Only good looks let it go on, as at the end of the watch.
void Turn::pause_is_over(std::size_t index) {
  if (state() != DeploymentState::swapping || index >= run_.plan.nodes.size() || !rests(run_, index)) return;
  Pause& pause = run_.pauses[index];
  if (const std::string open = doubts(run_); !open.empty()) {
    if (pause == Pause::last_look) return fail({}, "not healthy at the end of a pause: " + open);
    pause = Pause::last_look;
    timer(pause_timer + std::to_string(index), limits::last_look_ms_max);
    return note({}, "state", std::string(model::state_name(state())), "waiting for one more look: " + open);
  }
  pause = run_.plan.nodes[index].promoted_by_hand ? Pause::ripe : Pause::over;
  note({}, "state", std::string(model::state_name(state())),
       node_text(run_, index) + (pause == Pause::ripe ? ": goes on when it is promoted" : ": goes on"));
  renew_deadline();
}

/// When every host has gone back, or cannot any more.
bool Turn::end_revert() {
  // A host that was never told to swap serves what it served; what PREPARE left there is undone when it comes back.
  const bool over = all([](const HostRun& host) {
    return host.reverted_all || host.lost_journal || (!host.connected && !host.swap_asked) ||
           PLANTED(rolled_back_when_one_has_reverted);
  });
  if (!over) return false;
  const auto lost =
      std::find_if(run_.hosts.begin(), run_.hosts.end(), [](const auto& entry) { return entry.second.lost_journal; });
  if (lost == run_.hosts.end()) {
    finish(DeploymentState::rolled_back);
    return true;
  }
  if (state() == DeploymentState::stuck) return false;
  enter(DeploymentState::stuck, lost->first.str() + ": " + lost->second.trouble);
  return true;
}

/// One transition, if its time has come.
bool Turn::leave_state() {
  if (run_.rejoining) return false;
  const std::vector<model::PlanNode>& nodes = run_.plan.nodes;
  const auto every = [&](bool (*done)(const DeploymentRun&, const model::PlanNode&)) {
    return std::all_of(nodes.begin(), nodes.end(), [&](const model::PlanNode& node) { return done(run_, node); });
  };
  switch (state()) {
    case DeploymentState::preparing:
      if (!every(node_staged) || !all([](const HostRun& host) { return host.plan_acknowledged; })) return false;
      enter(DeploymentState::swapping);
      return true;
    case DeploymentState::swapping:
      if (!every(node_swapped) || any_rests(run_)) return false;
      enter(DeploymentState::holding);
      return true;
    case DeploymentState::holding:
      if (!all(has_held)) return false;
      enter(DeploymentState::watching);
      if (run_.plan.settings.watch_ms == 0) decide(Decision::commit, {});
      return true;
    case DeploymentState::committing:
      if (!all([](const HostRun& host) { return host.committed || PLANTED(done_when_one_has_committed); }))
        return false;
      finish(DeploymentState::done);
      return true;
    case DeploymentState::aborting:
    case DeploymentState::stuck:
      return end_revert();
    case DeploymentState::watching:
      // A host is believed when it takes back its vote, and must not end the coordinator by it.
      for (const auto& [id, host] : run_.hosts) {
        if (has_held(host)) continue;
        fail(id, "had given up its right to go back, and now says that it is " +
                     std::string(protocol::agent_state_name(host.reported)));
        return true;
      }
      if (!run_.watch_over || !doubts(run_).empty()) return false;
      decide(Decision::commit, {});
      return true;
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

void Turn::finish(DeploymentState state) {
  enter(state);
  effects_.finished = true;
  for (auto& [id, host] : run_.hosts) host.asked.clear();
}

void Turn::ask() {
  std::map<HostId, std::set<Request>> wanted = open_requests(run_);
  for (auto& [id, host] : run_.hosts) {
    std::set<Request>& requests = wanted[id];
    if (!host.connected) continue;
    for (const Request& request : requests) {
      if (host.asked.contains(request)) continue;
      if (request.kind == Request::Kind::swap) host.swap_asked = !PLANTED(forgets_whom_it_told_to_swap);
      effects_.sends.push_back({id, request_message(run_, id, request)});
    }
    host.asked = std::move(requests);
    if (!host.asked.empty() && !host.resend_timer) {
      host.resend_timer = true;
      const std::int64_t pause = std::min(limits::resend_ms_max, limits::resend_ms_min << std::min(host.resends, 5u));
      timer("resend:" + id.str(), pause);
    }
  }
}

}  // namespace

std::optional<protocol::Message> settle_stray(const protocol::DeploymentReport& report,
                                              std::optional<Decision> decision) {
  using protocol::AgentState;
  if (report.state == AgentState::idle || report.state == AgentState::reverted) return std::nullopt;
  if (report.state == AgentState::committed) return std::nullopt;
  if (decision == Decision::commit && !PLANTED(stray_that_holds_is_aborted)) {
    if (report.state == AgentState::held) return protocol::Commit{report.deployment};
    // Every host that was counted had said HELD, so this one was declared gone. It has to let go of its components:
    // what was committed without it comes with a deployment of its own.
    return protocol::Abort{report.deployment, {}, true, "this deployment was committed without this host"};
  }
  return protocol::Abort{report.deployment, {}, true, "this deployment was rolled back while the host was away"};
}

namespace {

bool is_among(const std::vector<HostId>& hosts, const HostId& host) {
  return std::find(hosts.begin(), hosts.end(), host) != hosts.end();
}

}  // namespace

DeploymentRun make_run(model::DeploymentRow row, model::Plan plan, std::optional<Decision> decision) {
  DeploymentRun run;
  run.row = std::move(row);
  run.plan = std::move(plan);
  run.decision = decision;
  for (const auto& [host, slice] : run.plan.slices) {
    if (is_among(run.row.deferred, host) || is_among(run.row.gone, host)) continue;
    // The row is durable before the first message of its state: before `swapping` no host can have been told to swap.
    run.hosts[host].swap_asked = !PLANTED(forgets_whom_it_told_to_swap) && run.row.state > DeploymentState::preparing;
  }
  return run;
}

void note_switching(DeploymentRun& run) {
  for (auto& [id, host] : run.hosts) host.had_prepared = true;
}

Effects apply(DeploymentRun& run, const Event& event) {
  Effects effects;
  if (model::is_final(run.row.state)) return effects;
  Turn turn(run, effects);
  std::visit([&](const auto& happened) { turn.on(happened); }, event);
  turn.settle();
  return effects;
}

}  // namespace switchyard::engine
