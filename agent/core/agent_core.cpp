#include "agent/core/agent_core.hpp"

#include <algorithm>
#include <set>
#include <utility>

#include "common/ensure.hpp"
#include "common/limits.hpp"
#include "common/planted.hpp"

namespace switchyard::agent {

namespace {

/// Whoever reads this looks for what kept the coordinator away; what a service had to do with it is not known here.
constexpr const char* lease_over =
    "the coordinator had not confirmed it when the confirm time was over; was the coordinator away, or the network "
    "cut?";
/// A doubt, as a bad look is: until the first good one nobody commits on the word of a process that has seen nothing.
constexpr const char* not_looked_at = "not looked at yet since the agent began anew";

}  // namespace

AgentCore::AgentCore(CoreIdentity identity, Role role, const std::vector<JournalRecord>& journal)
    : identity_(std::move(identity)), role_(role) {
  for (const JournalRecord& record : journal) note(record);
}

Effects AgentCore::apply(const Event& event, std::int64_t now_boot_ms) {
  effects_ = {};
  now_ = now_boot_ms;
  const bool was_armed = armed();
  std::visit([this](const auto& happened) { on(happened); }, event);
  if (was_armed && !armed()) effects_.disarm_dead_man = true;
  return std::exchange(effects_, {});
}

// --- events
// ------------------------------------------------------------------------------------------------------------

void AgentCore::on(const Began& event) {
  boot_id_ = event.boot_id;
  std::vector<DeploymentId> open;
  for (const auto& [id, run] : deployments_) open.push_back(id);
  for (const DeploymentId& id : open) {
    DeploymentRun& run = deployments_.at(id);
    const bool rebooted = !PLANTED(reboot_goes_unnoticed) && !run.boot_id.empty() && run.boot_id != boot_id_;
    // What must be brought back has resumed when it is back, and not before: this process may end on the way.
    const bool bound = run.held && !(run.decided && !run.commit) && !run.committed;
    if (rebooted && role_ == Role::agent && !run.provisional() && !bound) note_resumed(run);
    if (run.provisional() && (rebooted || now_ >= run.deadline_boot_ms)) {
      decide_abort(run, rebooted ? "the host rebooted before the deployment was confirmed" : lease_over);
      run.revert_all = true;
      drive_revert(run);
    } else if (run.provisional()) {
      effects_.arm_dead_man = true;
      set_timer("deadman", run,
                PLANTED(deadline_begins_anew_with_the_process) ? run.slice.confirm_ms : run.deadline_boot_ms - now_);
      if (role_ == Role::agent) start_watches(run);
    } else if (run.decided && !run.commit) {
      // The coordinator names the components in their order; if it does not come, they are reverted all the same. After
      // a reboot nothing serves any more, so there is no order to wait for.
      if (rebooted) {
        run.revert_all = true;
        drive_revert(run);
      } else if (role_ == Role::agent) {
        set_timer("revert", run, run.slice.confirm_ms);
      }
    } else if (run.held && !run.decided) {
      if (rebooted && role_ != Role::dead_man && !PLANTED(held_is_not_brought_back_after_a_reboot)) restore(run);
      if (role_ == Role::agent) start_watches(run);
    } else if (run.decided && !run.committed && rebooted && role_ != Role::dead_man) {
      restore(run);  // its end goes on with the commit
    } else if (role_ != Role::agent) {
      continue;
    } else if (run.committed) {
      set_timer("retire", run, rebooted ? 0 : run.deadline_boot_ms - now_);
    } else if (run.decided && run.commit) {
      drive_commit(run);
    }
  }
}

/// Swapped components were healthy when that was written; after a restart their watches begin anew, and what the
/// process before this one saw last is not known.
void AgentCore::start_watches(DeploymentRun& run) {
  for (const protocol::SliceComponent& component : run.slice.components) {
    ComponentRun& state = run.components.at(component.name);
    if (state.stage == 0) continue;
    std::vector<protocol::ProbeSpec> probes = DeploymentRun::watched_probes(component, state.stage);
    const bool is_judged =
        std::any_of(probes.begin(), probes.end(), [](const protocol::ProbeSpec& probe) { return probe.critical; });
    if (is_judged) state.health_detail = not_looked_at;
    effects_.start_watches.push_back({run.slice.deployment, component.name, std::move(probes), true});
  }
}

void AgentCore::on(const MessageArrived& event) {
  if (event.epoch < max_epoch_ && !PLANTED(obeys_an_older_epoch))
    return;  // a coordinator that another one has replaced: no effect at all
  const bool overlooked = PLANTED(welcome_does_not_fence) && std::holds_alternative<protocol::Welcome>(event.message);
  if (event.epoch > max_epoch_ && !overlooked) {
    JournalRecord record;
    record.kind = RecordKind::epoch;
    record.epoch = event.epoch;
    PLANTED(epoch_is_not_written) ? note(record) : write(std::move(record));
  }
  std::visit([this](const auto& message) { on(message); }, event.message);
}

void AgentCore::on(const SessionBegan& event) {
  connection_ = event.connection;
  for (const auto& [id, run] : deployments_) {
    for (const protocol::StepEvent& step : run.unacknowledged) send(step);
    // What was said of its health on the way from one connection to the next was lost.
    if (!run.armed || run.decided) continue;
    for (const auto& [name, component] : run.components) {
      if (component.stage > 0) send(protocol::Health{id, name, component.healthy, component.health_detail});
    }
  }
}

void AgentCore::on(const SessionEnded&) {}

void AgentCore::on(const StepFinished& event) {
  DeploymentRun* run = find(event.deployment);
  if (run == nullptr) return;
  for (auto& [name, component] : run->components) {
    Chain& chain = component.chain;
    if (!chain.running || chain.next >= chain.jobs.size()) continue;
    const Job job = chain.jobs[chain.next];
    const bool another = job.step->id != event.step || job.undo != event.undo;
    if (another && !PLANTED(step_results_end_the_wrong_chain)) continue;
    chain.running = false;
    JournalRecord record;
    record.kind = RecordKind::result;
    record.deployment = event.deployment;
    record.component = name;
    record.step = event.step;
    record.undo = event.undo;
    record.result = event.result;
    write(std::move(record));
    protocol::StepEvent progress{event.deployment, event.step, name, event.result, event.undo};
    if (run->unacknowledged.size() < limits::steps_per_slice_max) run->unacknowledged.push_back(progress);
    send(std::move(progress));
    if (chain.stopping) {
      chain = {};
      if (run->decided && !run->commit) drive_revert(*run);
    } else if (event.result.state == protocol::StepState::done || event.result.state == protocol::StepState::skipped) {
      ++chain.next;
      chain.tries = 0;
      run_next(*run, name);
    } else {
      fail_chain(*run, name, job, event.result);
    }
    return;
  }
}

void AgentCore::on(const TimerFired& event) {
  const std::size_t colon = event.timer.find(':');
  const std::size_t second = event.timer.find(':', colon + 1);
  const std::string what = event.timer.substr(0, colon);
  DeploymentRun* run =
      find(DeploymentId(event.timer.substr(colon + 1, second == std::string::npos ? second : second - colon - 1)));
  if (run == nullptr) return;
  if (what == "deadman") {
    if (!run->provisional()) return;
    if (now_ < run->deadline_boot_ms) {
      set_timer("deadman", *run, run->deadline_boot_ms - now_);
      return;
    }
    decide_abort(*run, lease_over);
    run->revert_all = true;
    drive_revert(*run);
  } else if (what == "revert") {
    if (!run->decided || run->commit) return;
    run->revert_all = true;
    drive_revert(*run);
  } else if (what == "again") {
    if (run->decided && !run->commit) drive_revert(*run);
  } else if (what == "retire") {
    if (run->committed) drive_retire(*run);
  } else if (what == "retry" && second != std::string::npos) {
    run_next(*run, event.timer.substr(second + 1));
  }
}

void AgentCore::on(const JournalGrew& event) {
  if (event.whole) forget_noted(event.records);
  for (const JournalRecord& record : event.records) note(record);
  // The other writer may have closed deployments; what it left half done is taken up when its time has passed.
  for (auto& [id, run] : deployments_) {
    if (run.decided && !run.commit) {
      stop_chains(run);
      set_timer("revert", run, run.slice.confirm_ms);
    } else if (run.committed) {
      set_timer("retire", run, run.deadline_boot_ms - now_);
    }
  }
}

void AgentCore::on(const HealthChanged& event) {
  DeploymentRun* run = find(event.deployment);
  if (run == nullptr || !run->armed || run->committed || run->decided) return;
  const auto found = run->components.find(event.component);
  if (found == run->components.end()) return;
  found->second.healthy = event.healthy;
  found->second.health_detail = event.detail;
  send(protocol::Health{event.deployment, event.component, event.healthy, event.detail});
}

void AgentCore::on(const Resolved& event) {
  DeploymentRun* run = find(event.deployment);
  if (run == nullptr || run->decided || !run->held) return;
  if (event.commit) {
    JournalRecord record;
    record.kind = RecordKind::decision;
    record.deployment = event.deployment;
    record.commit = true;
    record.text = "resolved on the host: " + event.reason;
    write(std::move(record));
    drive_commit(*run);
  } else {
    decide_abort(*run, "resolved on the host: " + event.reason);
    run->revert_all = true;
    drive_revert(*run);
  }
}

// --- journal
// -----------------------------------------------------------------------------------------------------------

void AgentCore::write(JournalRecord record) {
  note(record);
  effects_.writes.push_back(std::move(record));
}

void AgentCore::note(const JournalRecord& record) {
  switch (record.kind) {
    case RecordKind::epoch:
      max_epoch_ = std::max(max_epoch_, record.epoch);
      return;
    case RecordKind::fence:
      if (record.component.empty()) return closed_.forget_up_to(record.epoch);
      plan_seq_[record.component] = std::max(plan_seq_[record.component], record.epoch);
      return;
    case RecordKind::plan:
      note_plan(record);
      return;
    default:
      break;
  }
  DeploymentRun* run = find(record.deployment);
  if (run == nullptr) {
    // A closed deployment that a compaction kept in one record.
    if (record.kind == RecordKind::retired) close(record, protocol::AgentState::committed);
    if (record.kind == RecordKind::reverted) close(record, protocol::AgentState::reverted);
    return;
  }
  run->records.push_back(record);
  switch (record.kind) {
    case RecordKind::intent:
    case RecordKind::result:
    case RecordKind::staged:
    case RecordKind::swapped:
      note_component(*run, record);
      return;
    case RecordKind::armed:
      run->armed = true;
      [[fallthrough]];
    case RecordKind::extended:
      run->deadline_boot_ms = record.deadline_boot_ms;
      run->boot_id = record.boot_id;
      return;
    case RecordKind::held:
      run->held = true;
      return;
    case RecordKind::decision:
      ENSURE(!run->decided || run->commit == record.commit);
      run->decided = true;
      run->commit = record.commit;
      run->why = record.text;
      return;
    case RecordKind::committed:
      run->committed = true;
      run->deadline_boot_ms = record.deadline_boot_ms;
      run->boot_id = record.boot_id;
      return;
    case RecordKind::stuck:
      run->stuck = true;
      return;
    case RecordKind::resumed:
      run->boot_id = record.boot_id;
      if (!run->armed && !PLANTED(reboot_keeps_what_is_staged)) {
        for (auto& [name, component] : run->components) component.staged = false;  // started units did not survive
      }
      return;
    case RecordKind::reverted:
      if (record.component.empty()) {
        run->reverted = true;
        close(record, protocol::AgentState::reverted);
      } else {
        note_component(*run, record);
      }
      return;
    case RecordKind::retired:
      if (!record.component.empty()) {
        note_component(*run, record);
        return;
      }
      run->retired = true;
      close(record, protocol::AgentState::committed);
      return;
    case RecordKind::epoch:
    case RecordKind::fence:
    case RecordKind::plan:
      return;
  }
}

/// Before the whole journal is noted once more. Of an open deployment the facts stay as they are, since noting a fact
/// twice changes nothing; what would grow is emptied, and what the journal no longer speaks of is over.
void AgentCore::forget_noted(const std::vector<JournalRecord>& journal) {
  std::set<DeploymentId> present;
  for (const JournalRecord& record : journal) present.insert(record.deployment);
  std::erase_if(deployments_, [&](const auto& entry) { return !present.contains(entry.first); });
  for (auto& [id, run] : deployments_) run.records.clear();
  closed_.clear();
}

void AgentCore::note_plan(const JournalRecord& record) {
  if (DeploymentRun* known = find(record.deployment)) {
    if (known->records.empty()) known->records.push_back(record);  // the whole journal is noted once more
    return;
  }
  DeploymentRun run;
  run.slice = protocol::decode_slice(record.plan.slice);
  run.plan_seq = protocol::decode_header(record.plan.header).plan_seq;
  run.plan_hash = protocol::plan_hash(record.plan.header);
  run.boot_id = record.boot_id;
  run.records.push_back(record);
  for (const protocol::SliceComponent& component : run.slice.components) {
    run.components[component.name];
    plan_seq_[component.name] = std::max(plan_seq_[component.name], run.plan_seq);
  }
  deployments_.emplace(record.deployment, std::move(run));
}

void AgentCore::note_component(DeploymentRun& run, const JournalRecord& record) {
  const auto found = run.components.find(record.component);
  if (found == run.components.end()) return;
  ComponentRun& component = found->second;
  if (record.kind == RecordKind::intent) {
    if (!record.undo) component.touched.insert(record.step);
    if (record.undo) run.stuck = false;
  } else if (record.kind == RecordKind::result) {
    const bool ok =
        record.result.state == protocol::StepState::done || record.result.state == protocol::StepState::skipped;
    if (record.undo && ok) {
      component.touched.erase(record.step);
      component.completed.erase(record.step);
    } else if (ok) {
      component.completed.insert(record.step);
    }
  } else if (record.kind == RecordKind::staged) {
    component.staged = true;
  } else if (record.kind == RecordKind::swapped) {
    component.stage = record.stage;
  } else if (record.kind == RecordKind::reverted) {
    component.reverted = true;
    component.stage = 0;
  } else if (record.kind == RecordKind::retired) {
    component.retired = true;
  }
}

void AgentCore::close(const JournalRecord& record, protocol::AgentState state) {
  protocol::DeploymentReport report;
  report.deployment = record.deployment;
  report.state = state;
  std::uint64_t plan_seq = record.epoch;
  const auto found = deployments_.find(record.deployment);
  if (found != deployments_.end()) {
    const protocol::DeploymentReport last = found->second.report(now_);
    report.components = last.components;
    report.why = last.why;
    plan_seq = found->second.plan_seq;
    deployments_.erase(found);
  }
  // An older agent's compaction has not kept the number: then it is one of those that were seen.
  if (plan_seq == 0 && state == protocol::AgentState::committed) plan_seq = newest_plan_seq();
  closed_.add(std::move(report), plan_seq);
}

std::uint64_t AgentCore::newest_plan_seq() const {
  std::uint64_t newest = 0;
  for (const auto& [component, seq] : plan_seq_) newest = std::max(newest, seq);
  return newest;
}

// --- views
// -------------------------------------------------------------------------------------------------------------

std::vector<protocol::DeploymentReport> AgentCore::reports(std::int64_t now_boot_ms) const {
  std::vector<protocol::DeploymentReport> all = closed_.reports();
  for (const auto& [id, run] : deployments_) all.push_back(run.report(now_boot_ms));
  return all;
}

bool AgentCore::armed() const {
  return std::any_of(deployments_.begin(), deployments_.end(),
                     [](const auto& entry) { return entry.second.provisional(); });
}

bool AgentCore::idle() const {
  if (armed()) return false;
  for (const auto& [id, run] : deployments_) {
    for (const auto& [name, component] : run.components) {
      if (component.chain.activity != Activity::none) return false;
    }
  }
  return true;
}

std::vector<JournalRecord> AgentCore::snapshot() const {
  std::vector<JournalRecord> records;
  JournalRecord epoch;
  epoch.kind = RecordKind::epoch;
  epoch.epoch = max_epoch_;
  if (!PLANTED(compaction_loses_the_epoch)) records.push_back(epoch);
  for (const auto& [component, seq] : plan_seq_) {
    JournalRecord fence;
    fence.kind = RecordKind::fence;
    fence.component = component;
    fence.epoch = seq;
    records.push_back(fence);
  }
  const std::vector<JournalRecord> closed = closed_.records();
  if (!PLANTED(compaction_forgets_what_is_closed)) records.insert(records.end(), closed.begin(), closed.end());
  if (PLANTED(compaction_loses_open_deployments)) return records;
  for (const auto& [id, run] : deployments_) records.insert(records.end(), run.records.begin(), run.records.end());
  return records;
}

DeploymentRun* AgentCore::find(const DeploymentId& id) {
  const auto found = deployments_.find(id);
  return found == deployments_.end() ? nullptr : &found->second;
}

void AgentCore::set_timer(const std::string& name, const DeploymentRun& run, std::int64_t ms,
                          const std::string& component) {
  std::string timer = name + ":" + run.slice.deployment.str();
  if (!component.empty()) timer += ":" + component;
  effects_.timers.push_back({std::move(timer), std::max<std::int64_t>(ms, 0)});
}

}  // namespace switchyard::agent
