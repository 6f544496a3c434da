#include "coordinator/planner/component_change.hpp"

#include <algorithm>
#include <utility>

#include "common/limits.hpp"
#include "coordinator/planner/slot_place.hpp"
#include "coordinator/planner/traffic_plan.hpp"

namespace switchyard::planner {

namespace {

using protocol::Action;
using protocol::EnsureUnit;
using protocol::OldKind;
using protocol::Phase;
using protocol::UnitEnablement;
using protocol::UnitState;

EnsureUnit started(const std::string& unit) { return {unit, UnitState::started, UnitEnablement::unchanged}; }
EnsureUnit started_after(const ComponentChange& change) {
  EnsureUnit start = started(change.after.unit);
  if (change.after_port != 0) start.port = change.after_port;
  start.cpu_quota_us = change.cpu_quota_us;
  start.memory_max_bytes = change.memory_max_bytes;
  return start;
}
EnsureUnit stopped(const std::string& unit) { return {unit, UnitState::stopped, UnitEnablement::unchanged}; }

std::string target_name(const protocol::OldState& state) {
  switch (state.kind) {
    case OldKind::absent:
      return "nothing";
    case OldKind::legacy:
      return "what ran before";
    case OldKind::release:
      return state.slot;
  }
  return {};
}

protocol::EnsureLink link_to(const std::string& path, const protocol::OldState& state) {
  if (state.kind != OldKind::release) return {path, "", true};
  // Relative, so that the tree can be looked at from elsewhere.
  return {path, "releases/" + state.release.str(), false};
}

protocol::Restore restored(const protocol::Snapshot& snapshot) {
  return {snapshot.component, snapshot.name, snapshot.files};
}

class StepList {
 public:
  explicit StepList(const ComponentChange& change) : change_(change) {}

  void prepare();
  void swap();
  void commit();
  void retire();
  std::vector<protocol::Step> take() { return std::move(steps_); }

 private:
  protocol::Step& add(Phase phase, std::string title, Action action) {
    protocol::Step step;
    step.phase = phase;
    step.stage = phase == Phase::swap ? stage_ : 0;
    step.title = std::move(title);
    step.action = std::move(action);
    step.timeout_ms = change_.step_timeout_ms;
    if (phase == Phase::prepare) step.attempts = change_.prepare_attempts;
    if (phase == Phase::commit || phase == Phase::retire) step.attempts = limits::attempts_after_decision;
    return steps_.emplace_back(std::move(step));
  }

  void add_stop(Phase phase, const std::string& unit, std::optional<Action> undo) {
    protocol::Step& step = add(phase, "stop " + unit, stopped(unit));
    // Its undo, a start, has the same limit.
    step.timeout_ms = std::max(change_.step_timeout_ms, change_.stop_timeout_ms + limits::unit_grace_ms);
    step.undo = std::move(undo);
  }

  void add_probes(Phase phase, const std::vector<protocol::ProbeSpec>& probes, const std::string& where) {
    for (const protocol::ProbeSpec& spec : probes) {
      protocol::Step& step = add(phase, "check " + spec.name + where, protocol::Probe{spec});
      // The probe tries again by itself until its deadline; the step's own limit lies behind that.
      step.attempts = 1;
      step.timeout_ms = spec.deadline_ms + spec.timeout_ms + limits::unit_grace_ms;
    }
  }

  protocol::VerifyOld verify_before() const;
  std::optional<Action> drain_of(const protocol::OldState& state, std::uint16_t port) const;
  void add_drain(Phase phase, const protocol::OldState& state, std::uint16_t port);
  void start_after(Phase phase);
  void add_runs(Phase phase);
  void add_hooks(protocol::HookPhase when, Phase phase);
  void add_rollback_hooks(protocol::HookPhase when, Phase phase);
  void add_files();
  void add_weights();

  const ComponentChange& change_;
  std::vector<protocol::Step> steps_;
  std::uint32_t stage_ = 1;  ///< of the swap, at which the list is
};

protocol::VerifyOld StepList::verify_before() const {
  protocol::VerifyOld verify;
  verify.component = change_.component;
  verify.expected = change_.before;
  // Without a unit only the switch, `current` and the bytes are compared.
  if (!change_.before_runs) verify.expected.unit.clear();
  if (change_.to_before) verify.traffic = *change_.to_before;
  return verify;
}

/// Nothing when no traffic comes through a switch, or the port is unknown.
std::optional<Action> StepList::drain_of(const protocol::OldState& state, std::uint16_t port) const {
  if (port == 0 || !change_.to_after) return std::nullopt;
  protocol::Drain drain{change_.component, port, change_.drain_ms, "", "", ""};
  if (change_.to_after->kind == protocol::SwitchKind::haproxy) {
    drain.haproxy_socket = change_.to_after->haproxy_socket;
    drain.haproxy_backend = change_.to_after->haproxy_backend;
    for (const protocol::SwitchTarget& target : change_.to_after->targets) {
      if (target.slot == state.slot) drain.haproxy_server = target.server;
    }
  }
  return drain;
}

void StepList::add_drain(Phase phase, const protocol::OldState& state, std::uint16_t port) {
  std::optional<Action> drain = drain_of(state, port);
  if (!drain) return;
  add(phase, "drain " + target_name(state), std::move(*drain)).timeout_ms = change_.drain_ms + limits::unit_grace_ms;
}

/// Starts the new side, waits until it is healthy by itself, and looks whether a switch to it would work.
void StepList::start_after(Phase phase) {
  if (!change_.after.unit.empty()) {
    protocol::Step& start = add(phase, "start " + change_.after.unit, started_after(change_));
    start.undo = stopped(change_.after.unit);
  }
  add_probes(phase, change_.probes.slot, "");
  if (change_.to_after) {
    protocol::Step& check = add(phase, "check that the switch to " + target_name(change_.after) + " works",
                                protocol::CheckSwitch{*change_.to_after});
    check.attempts = 1;
    // On the way back, after the traffic is switched and before the slot is stopped: what the new slot was given while
    // it served is finished first.
    if (change_.drains_on_the_way_back) check.undo = drain_of(change_.after, change_.after_port);
    check.timeout_ms = std::max(change_.step_timeout_ms, change_.drain_ms + limits::unit_grace_ms);
  }
}

void StepList::add_runs(Phase phase) {
  for (const RunChange& run : change_.runs) {
    if (run.phase != phase) continue;
    protocol::Step& step = add(phase, "run " + run.name, run.command);
    // What may have run is run again by a new deployment only.
    step.attempts = 1;
    step.timeout_ms = run.timeout_ms;
    if (run.undo) step.undo = *run.undo;
  }
}

void StepList::add_hooks(protocol::HookPhase when, Phase phase) {
  for (const HookChange& change : change_.hooks) {
    if (change.hook.phase != when) continue;
    protocol::Step& step =
        add(phase, "hook " + change.hook.name + " (" + std::string(protocol::hook_phase_name(when)) + ")", change.hook);
    step.attempts = 1;
    step.timeout_ms = change.timeout_ms;
    if (change.undo) step.undo = *change.undo;
  }
}

/// The hook is the undo of a step that does nothing, so that whoever goes back calls it, also a host on its own. Undos
/// run in reverse order.
void StepList::add_rollback_hooks(protocol::HookPhase when, Phase phase) {
  for (auto change = change_.hooks.rbegin(); change != change_.hooks.rend(); ++change) {
    if (change->hook.phase != when) continue;
    protocol::Hook nothing = change->hook;
    nothing.command = {};
    nothing.config.clear();
    protocol::Step& step =
        add(phase, "keep hook " + change->hook.name + " (" + std::string(protocol::hook_phase_name(when)) + ") ready",
            std::move(nothing));
    step.attempts = 1;
    step.timeout_ms = change->timeout_ms;
    step.undo = change->hook;
  }
}

/// Behind the stop of what serves, which may write its files once more at its end; before the start of what comes. On
/// the way back from a restart that holds too: the files are as they were before the old service reads them.
void StepList::add_files() {
  if (!change_.snapshot) return;
  if (change_.restore) {
    add(Phase::swap, "restore files of " + change_.component, *change_.restore).undo = restored(*change_.snapshot);
  } else if (!change_.to_after) {
    // It is there: made again it changes nothing.
    add(Phase::swap, "keep files of " + change_.component + " ready", *change_.snapshot).undo =
        restored(*change_.snapshot);
  }
}

/// Each share of the traffic is a stage. The stable port leads to both releases meanwhile, so that the new one is asked
/// at its own.
void StepList::add_weights() {
  for (const std::uint32_t weight : change_.weights) {
    const std::string title = "switch " + std::to_string(weight) + " % of " + change_.component + " to ";
    protocol::Step& step = add(Phase::swap, title + target_name(change_.after),
                               traffic_between(*change_.to_before, change_.after.slot, weight));
    step.undo = *change_.to_before;
    std::vector<protocol::ProbeSpec> probes;
    for (const protocol::ProbeSpec& probe : change_.probes.slot) {
      if (probe.tier.value_or(0) == 0) probes.push_back(confirmation(probe));
    }
    add_probes(Phase::swap, probes, " with " + std::to_string(weight) + " %");
    ++stage_;
  }
}

void StepList::prepare() {
  using protocol::HookPhase;
  // The first step of all is the last to be undone.
  if (!change_.goes_back) add_rollback_hooks(HookPhase::post_rollback, Phase::prepare);
  add_hooks(HookPhase::pre_validation, Phase::prepare);
  const auto verify = [this] { add(Phase::prepare, "verify what serves", verify_before()).attempts = 1; };
  if (!change_.repairs_before) verify();
  add_hooks(HookPhase::post_validation, Phase::prepare);
  if (change_.snapshot) {
    add(Phase::prepare, "save files of " + change_.component, *change_.snapshot).undo = restored(*change_.snapshot);
  }
  add_hooks(HookPhase::pre_prepare, Phase::prepare);
  if (change_.release) {
    add(Phase::prepare, "provide release " + short_id(change_.release->artifact.release), *change_.release);
  }
  if (change_.repairs_before) verify();
  if (change_.empty_slot) {
    // A slot that is kept warm for a rollback would go on with the old code when its unit is merely "started".
    add_drain(Phase::prepare, change_.after, change_.after_port);
    add_stop(Phase::prepare, change_.after.unit, std::nullopt);
  }
  for (const FileChange& file : change_.files) {
    const std::size_t slash = file.wanted.path.rfind('/');
    add(Phase::prepare, "write " + file.wanted.path.substr(slash + 1), file.wanted).undo = file.before;
  }
  // After the unit file, which names it: so it is never taken for one that nobody uses. It needs no undo: nothing reads
  // it but that unit, and it is removed with the next deployment that stays.
  if (change_.configuration) {
    add(Phase::prepare, "provide configuration " + change_.configuration->digest.substr(0, 12), *change_.configuration);
  }
  const bool start_now = change_.to_after && !change_.start_in_swap && change_.after.kind != OldKind::absent;
  if (start_now) start_after(Phase::prepare);
  add_runs(Phase::prepare);
  add_hooks(HookPhase::post_prepare, Phase::prepare);
}

void StepList::swap() {
  using protocol::HookPhase;
  if (change_.goes_back) {
    add_hooks(HookPhase::pre_rollback, Phase::swap);
  } else {
    add_rollback_hooks(HookPhase::pre_rollback, Phase::swap);
  }
  add_hooks(HookPhase::pre_switch, Phase::swap);
  const bool restart = !change_.to_after;
  const bool nothing_after = change_.after.kind == OldKind::absent;
  if (restart && !change_.before.unit.empty()) add_stop(Phase::swap, change_.before.unit, started(change_.before.unit));
  add_files();
  if (!nothing_after && (restart || change_.start_in_swap)) start_after(Phase::swap);
  add_weights();
  if (change_.to_after) {
    protocol::Step& step =
        add(Phase::swap, "switch " + change_.component + " to " + target_name(change_.after), *change_.to_after);
    step.undo = *change_.to_before;
  }
  const protocol::EnsureLink link = link_to(change_.current_link, change_.after);
  const std::string link_title = link.absent ? "remove current" : "point current to " + short_id(change_.after.release);
  add(Phase::swap, link_title, link).undo = link_to(change_.current_link, change_.before);
  add_hooks(HookPhase::post_switch, Phase::swap);
  add_runs(Phase::swap);
  add_hooks(HookPhase::pre_verify, Phase::swap);
  if (!nothing_after) add_probes(Phase::swap, change_.probes.stable, " through the stable port");
  if (nothing_after && !restart && !change_.before.unit.empty()) {
    add_stop(Phase::swap, change_.before.unit, started(change_.before.unit));
  }
  if (change_.read_back) {
    protocol::VerifyOld verify;
    verify.component = change_.component;
    verify.expected = change_.after;
    if (change_.to_after) verify.traffic = *change_.to_after;
    add(Phase::swap, "verify what serves now", verify);
  }
  add_hooks(HookPhase::post_verify, Phase::swap);
  // Afterwards the host votes, and has given up its right to object.
  add_hooks(HookPhase::pre_commit, Phase::swap);
}

void StepList::commit() {
  const std::string& after = change_.after.unit;
  const std::string& before = change_.before.unit;
  if (!after.empty())
    add(Phase::commit, "enable " + after, EnsureUnit{after, UnitState::unchanged, UnitEnablement::enabled});
  if (!before.empty()) {
    add(Phase::commit, "disable " + before, EnsureUnit{before, UnitState::unchanged, UnitEnablement::disabled});
  }
  add_hooks(protocol::HookPhase::post_commit, Phase::commit);
  if (change_.goes_back) add_hooks(protocol::HookPhase::post_rollback, Phase::commit);
}

void StepList::retire() {
  const bool still_runs = change_.to_after && change_.after.kind != OldKind::absent;
  if (still_runs && !change_.before.unit.empty()) {
    add_drain(Phase::retire, change_.before, change_.before_port);
    add_stop(Phase::retire, change_.before.unit, std::nullopt);
  }
  if (change_.prune) add(Phase::retire, "remove old releases", *change_.prune);
}

}  // namespace

std::uint32_t stages_of(const ComponentChange& change) { return static_cast<std::uint32_t>(change.weights.size()) + 1; }

std::vector<protocol::Step> steps_of(const ComponentChange& change) {
  StepList list(change);
  list.prepare();
  list.swap();
  list.commit();
  list.retire();
  return list.take();
}

bool has_downtime(const ComponentChange& change) { return !change.to_after && change.before.kind != OldKind::absent; }

}  // namespace switchyard::planner
