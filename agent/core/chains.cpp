#include <algorithm>

#include "agent/core/agent_core.hpp"
#include "common/ensure.hpp"
#include "common/limits.hpp"
#include "common/planted.hpp"

namespace switchyard::agent {
namespace {

std::vector<Job> undo_jobs(const protocol::SliceComponent& plan, const ComponentRun& component, protocol::Phase phase) {
  std::vector<Job> jobs;
  for (auto step = plan.steps.rbegin(); step != plan.steps.rend(); ++step) {
    const auto& begun = PLANTED(undoes_only_what_is_done) ? component.completed : component.touched;
    if (step->phase == phase && step->undo && begun.contains(step->id)) jobs.push_back({&*step, true});
  }
  std::stable_partition(jobs.begin(), jobs.end(),
                        [](const Job& job) { return protocol::is_undone_first(*job.step->undo); });
  if (PLANTED(undoes_steps_in_their_order)) std::reverse(jobs.begin(), jobs.end());
  return jobs;
}

std::vector<Job> jobs_of(const protocol::SliceComponent& plan, protocol::Phase phase) {
  std::vector<Job> jobs;
  for (const protocol::Step& step : plan.steps) {
    if (step.phase == phase) jobs.push_back({&step, false});
  }
  return jobs;
}

}  // namespace

void AgentCore::begin_chain(DeploymentRun& run, const std::string& component, Activity activity, std::vector<Job> jobs,
                            std::uint32_t stage) {
  Chain& chain = run.components.at(component).chain;
  ENSURE(!chain.running);
  chain = {};
  chain.activity = activity;
  chain.stage = stage;
  chain.jobs = std::move(jobs);
  run_next(run, component);
}

void AgentCore::run_next(DeploymentRun& run, const std::string& component) {
  ComponentRun& state = run.components.at(component);
  Chain& chain = state.chain;
  if (chain.activity == Activity::none || chain.running) return;
  if (chain.next >= chain.jobs.size()) return end_chain(run, component);
  const Job& job = chain.jobs[chain.next];
  const protocol::Step& step = *job.step;
  RunStep order;
  order.deployment = run.slice.deployment;
  order.step = step.id;
  order.undo = job.undo;
  order.component = component;
  order.title = job.undo ? "undo: " + step.title : step.title;
  order.action = job.undo ? *step.undo : step.action;
  order.timeout_ms = step.timeout_ms;
  // No effect of a swap may come after the dead-man's hour: its steps end before it.
  if (chain.activity == Activity::swapping && !PLANTED(steps_of_a_swap_may_end_late)) {
    order.timeout_ms =
        static_cast<std::uint32_t>(std::clamp<std::int64_t>(run.deadline_boot_ms - now_, 0, step.timeout_ms));
    order.not_after_boot_ms = run.deadline_boot_ms;
  }
  order.attempts = step.attempts;
  order.on_unknown = step.on_unknown;
  order.recovered = !job.undo && state.touched.contains(step.id) && !PLANTED(what_may_have_run_is_not_told);
  JournalRecord intent;
  intent.kind = RecordKind::intent;
  intent.deployment = run.slice.deployment;
  intent.component = component;
  intent.step = step.id;
  intent.undo = job.undo;
  if (!PLANTED(intent_is_not_written)) write(std::move(intent));
  chain.running = true;
  protocol::StepEvent started{run.slice.deployment, step.id, component, {}, job.undo};
  started.result.state = protocol::StepState::started;
  send(std::move(started));
  effects_.runs.push_back(std::move(order));
}

void AgentCore::end_chain(DeploymentRun& run, const std::string& component) {
  ComponentRun& state = run.components.at(component);
  const Chain chain = std::exchange(state.chain, {});
  const DeploymentId id = run.slice.deployment;
  JournalRecord record;
  record.deployment = id;
  record.component = component;
  switch (chain.activity) {
    case Activity::none:
      return;
    case Activity::preparing:
      record.kind = RecordKind::staged;
      write(std::move(record));
      return send(protocol::Staged{id, component, 0});
    case Activity::swapping: {
      record.kind = RecordKind::swapped;
      record.stage = chain.stage;
      write(std::move(record));
      if (chain.stage == 1) {  // later stages are watched already, and what was seen holds
        state.healthy = true;  // the last steps of a swap are its probes
        state.health_detail.clear();
      }
      send(protocol::Swapped{id, component, chain.stage, run.report(now_).remaining_ms});
      const protocol::SliceComponent* plan = run.component_plan(component);
      if (chain.stage == 1 || chain.stage == plan->stages) {
        effects_.start_watches.push_back({id, component, DeploymentRun::watched_probes(*plan, chain.stage)});
      }
      if (run.swapped()) {
        run.swapped_connection = connection_;
        effects_.redial = true;
      }
      return;
    }
    case Activity::committing:
      state.commit_done = true;
      return drive_commit(run);
    case Activity::reverting:
      record.kind = RecordKind::reverted;
      write(std::move(record));
      send(protocol::Reverted{id, component, false, run.why});
      return drive_revert(run);
    case Activity::discarding:
      state.discarded = true;
      return drive_revert(run);
    case Activity::retiring:
      return retire_component(run, component, "keep_old is over");
    case Activity::restoring:
      if (role_ == Role::agent && !run.restoring()) note_resumed(run);
      if (run.decided && run.commit) drive_commit(run);
      if (run.decided && !run.commit) drive_revert(run);
      return;
  }
}

void AgentCore::fail_chain(DeploymentRun& run, const std::string& component, const Job& job,
                           const protocol::StepResult& result) {
  ComponentRun& state = run.components.at(component);
  Chain& chain = state.chain;
  const DeploymentId id = run.slice.deployment;
  switch (chain.activity) {
    case Activity::none:
      return;
    case Activity::preparing:
    case Activity::swapping:
      chain = {};
      return send(protocol::Failed{id, job.step->id, component, result.code, job.step->title + ": " + result.detail});
    case Activity::committing:
    case Activity::restoring:
      ++chain.tries;
      return set_timer("retry", run, limits::step_retry_ms, component);
    case Activity::retiring:
      // An old slot that does not go away must not keep the deployment open for ever: it is reported and left.
      if (++chain.tries < limits::undo_tries_max) return set_timer("retry", run, limits::step_retry_ms, component);
      chain.tries = 0;
      ++chain.next;
      return run_next(run, component);
    case Activity::reverting:
    case Activity::discarding: {
      if (++chain.tries < limits::undo_tries_max) return set_timer("retry", run, limits::step_retry_ms, component);
      chain = {};
      JournalRecord record;
      record.kind = RecordKind::stuck;
      record.deployment = id;
      record.component = component;
      record.step = job.step->id;
      record.text = result.detail;
      write(std::move(record));
      // Who is cut off by the very release that does not go away is asked by nobody: it tries again by itself.
      set_timer("again", run, limits::stuck_again_ms);
      return send(
          protocol::Stuck{id, job.step->id, result.code, component + ": " + job.step->title + ": " + result.detail});
    }
  }
}

void AgentCore::stop_chains(DeploymentRun& run) {
  for (auto& [name, component] : run.components) {
    Chain& chain = component.chain;
    if (chain.activity == Activity::reverting || chain.activity == Activity::discarding) continue;
    if (!chain.running) {
      chain = {};
      continue;
    }
    // The step's worker may be in the middle of its effect: its end is waited for before anything is undone.
    chain.stopping = true;
    effects_.cancels.push_back({run.slice.deployment, chain.jobs[chain.next].step->id});
  }
}

void AgentCore::decide_abort(DeploymentRun& run, const std::string& why) {
  // I3: a vote that was given is taken back only by the coordinator's word or by root on the host.
  ENSURE(!run.decided);
  JournalRecord record;
  record.kind = RecordKind::decision;
  record.deployment = run.slice.deployment;
  record.commit = false;
  record.text = why;
  write(std::move(record));
  effects_.stop_watches.push_back({run.slice.deployment});
  stop_chains(run);
}

void AgentCore::drive_revert(DeploymentRun& run) {
  const bool busy = std::any_of(run.components.begin(), run.components.end(),
                                [](const auto& entry) { return entry.second.chain.activity != Activity::none; });
  if (busy) return;  // one component at a time, and never beside a step that is still at work
  // Exact reverse order of the swap.
  if (PLANTED(reverts_in_the_order_of_the_swap)) std::reverse(run.slice.components.begin(), run.slice.components.end());
  for (auto plan = run.slice.components.rbegin(); plan != run.slice.components.rend(); ++plan) {
    ComponentRun& component = run.components.at(plan->name);
    if (component.reverted || !(run.revert_all || component.revert_wanted)) continue;
    std::vector<Job> jobs = undo_jobs(*plan, component, protocol::Phase::swap);
    if (PLANTED(keeps_serving_new_when_old_is_reported)) jobs.clear();
    return begin_chain(run, plan->name, Activity::reverting, std::move(jobs));
  }
  const bool all = std::all_of(run.components.begin(), run.components.end(),
                               [](const auto& entry) { return entry.second.reverted; });
  if (!all) return;
  for (auto plan = run.slice.components.rbegin(); plan != run.slice.components.rend(); ++plan) {
    ComponentRun& component = run.components.at(plan->name);
    if (component.discarded || PLANTED(prepare_is_not_undone)) continue;
    return begin_chain(run, plan->name, Activity::discarding, undo_jobs(*plan, component, protocol::Phase::prepare));
  }
  const DeploymentId id = run.slice.deployment;
  send(protocol::Reverted{id, {}, true, run.why});
  JournalRecord record;
  record.kind = RecordKind::reverted;
  record.deployment = id;
  write(std::move(record));  // closes the deployment: `run` is gone
}

void AgentCore::drive_commit(DeploymentRun& run) {
  for (const protocol::SliceComponent& plan : run.slice.components) {
    ComponentRun& component = run.components.at(plan.name);
    if (component.chain.activity != Activity::none) return;
    if (component.commit_done || PLANTED(commit_steps_are_left_out)) continue;
    return begin_chain(run, plan.name, Activity::committing, jobs_of(plan, protocol::Phase::commit));
  }
  if (run.committed) return;
  JournalRecord record;
  record.kind = RecordKind::committed;
  record.deployment = run.slice.deployment;
  record.boot_id = boot_id_;
  record.deadline_boot_ms = now_ + run.slice.keep_old_ms;
  write(std::move(record));
  effects_.stop_watches.push_back({run.slice.deployment});
  set_timer("retire", run, run.slice.keep_old_ms);
  send(protocol::Committed{run.slice.deployment});
}

void AgentCore::drive_retire(DeploymentRun& run) {
  std::vector<std::string> names;
  for (const protocol::SliceComponent& plan : run.slice.components) {
    const ComponentRun& component = run.components.at(plan.name);
    if (!component.retired && component.chain.activity == Activity::none) names.push_back(plan.name);
  }
  const DeploymentId id = run.slice.deployment;
  for (const std::string& name : names) {
    DeploymentRun* open = find(id);  // the last component's end closes the deployment
    if (open == nullptr) return;
    begin_chain(*open, name, Activity::retiring, jobs_of(*open->component_plan(name), protocol::Phase::retire));
  }
}

void AgentCore::retire_component(DeploymentRun& run, const std::string& component, const std::string& why) {
  ComponentRun& state = run.components.at(component);
  ENSURE(!state.chain.running);
  state.chain = {};
  JournalRecord record;
  record.kind = RecordKind::retired;
  record.deployment = run.slice.deployment;
  record.component = component;
  record.text = why;
  write(record);
  const bool all =
      std::all_of(run.components.begin(), run.components.end(), [](const auto& entry) { return entry.second.retired; });
  if (!all) return;
  record.component.clear();
  write(std::move(record));  // closes the deployment: `run` is gone
}

void AgentCore::note_resumed(DeploymentRun& run) {
  JournalRecord record;
  record.kind = RecordKind::resumed;
  record.deployment = run.slice.deployment;
  record.boot_id = boot_id_;
  write(std::move(record));
}

void AgentCore::restore(DeploymentRun& run) {
  for (const protocol::SliceComponent& plan : run.slice.components) {
    std::vector<Job> jobs;
    for (const protocol::Step& step : plan.steps) {
      // Not the stop by which PREPARE emptied the slot: another process of this program may have brought it back
      // already.
      const auto* unit = std::get_if<protocol::EnsureUnit>(&step.action);
      const bool starts =
          step.phase == protocol::Phase::prepare && unit != nullptr && unit->state != protocol::UnitState::stopped;
      // Of a canary only where it has arrived: on the way there it shared the traffic with a slot that need not run any
      // more.
      const bool arrives = step.stage == plan.stages || unit != nullptr;
      const bool swaps = step.phase == protocol::Phase::swap && arrives && !protocol::runs_once(step.action);
      if (starts || swaps) jobs.push_back({&step, false});
    }
    begin_chain(run, plan.name, Activity::restoring, std::move(jobs));
  }
}

}  // namespace switchyard::agent
