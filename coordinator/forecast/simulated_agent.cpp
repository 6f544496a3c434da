#include "coordinator/forecast/simulated_agent.hpp"

#include <algorithm>
#include <utility>

namespace switchyard::forecast {

using protocol::Phase;
using protocol::SliceComponent;

SimulatedAgent::SimulatedAgent(const protocol::PlanSlice& slice) : slice_(slice) {
  for (const SliceComponent& component : slice.components) parts_[component.name];
}

AgentTurn SimulatedAgent::take(std::int64_t now_ms) {
  now_ms_ = now_ms;
  return std::exchange(turn_, {});
}

AgentTurn SimulatedAgent::hear(const protocol::Message& message, std::int64_t now_ms) {
  now_ms_ = now_ms;
  std::visit([this](const auto& said) { on(said); }, message);
  return take(now_ms);
}

AgentTurn SimulatedAgent::step_ended(std::uint64_t ticket, const protocol::StepResult& result, std::int64_t now_ms) {
  now_ms_ = now_ms;
  const auto found = std::find_if(parts_.begin(), parts_.end(),
                                  [&](const auto& entry) { return entry.second.ticket == ticket && ticket != 0; });
  if (found == parts_.end()) return take(now_ms);
  auto& [name, part] = *found;
  const Job job = part.jobs[part.next];
  part.ticket = 0;
  const bool ok = result.state == protocol::StepState::done;
  if (job.undo && ok) part.touched.erase(job.step->id);
  unacknowledged_.push_back({slice_.deployment, job.step->id, name, result, job.undo});
  say(unacknowledged_.back());
  if (part.stopping) {
    part.work = Work::none;
    part.stopping = false;
    if (decided_ && !commit_) drive_revert();
  } else if (ok) {
    ++part.next;
    run_next(name);
  } else {
    fail_work(name, job, result);
  }
  return take(now_ms);
}

AgentTurn SimulatedAgent::try_again(const std::string& component, std::int64_t now_ms) {
  now_ms_ = now_ms;
  run_next(component);
  return take(now_ms);
}

AgentTurn SimulatedAgent::dialled_anew(std::int64_t now_ms) {
  ++connection_;
  for (const protocol::StepEvent& event : unacknowledged_) say(event);
  return take(now_ms);
}

AgentTurn SimulatedAgent::act_alone(std::int64_t now_ms) {
  now_ms_ = now_ms;
  const bool overdue = provisional() && now_ms >= deadline_ms_;
  if (overdue) decide_abort("the coordinator had not confirmed it when the confirm time was over");
  if (overdue || (decided_ && !commit_ && now_ms >= revert_ms_)) {
    revert_all_ = true;
    drive_revert();
  }
  return take(now_ms);
}

AgentTurn SimulatedAgent::leased_until(std::int64_t deadline_ms) {
  if (provisional() && deadline_ms > deadline_ms_) {
    deadline_ms_ = deadline_ms;
    turn_.alone_ms = deadline_ms;
  }
  return take(now_ms_);
}

// --- what the coordinator asks
// -----------------------------------------------------------------------------------------

void SimulatedAgent::on(const protocol::Plan& message) {
  accepted_ = true;
  say(protocol::PlanAck{slice_.deployment, protocol::plan_hash(message.plan.header)});
}

void SimulatedAgent::on(const protocol::Prepare& message) {
  const SliceComponent* planned = find(message.component);
  if (planned == nullptr) return tell_where_it_stands();
  const Part& part = parts_.at(message.component);
  if (!part.staged && (decided_ || held_ || armed_)) return tell_where_it_stands();
  if (part.staged) return say(protocol::Staged{slice_.deployment, message.component, 0});
  if (part.work != Work::none) return;
  std::vector<Job> jobs;
  for (const protocol::Step& step : planned->steps) {
    if (step.phase == Phase::prepare) jobs.push_back({&step, false});
  }
  begin(message.component, Work::preparing, std::move(jobs));
}

void SimulatedAgent::on(const protocol::Swap& message) {
  const SliceComponent* planned = find(message.component);
  if (planned == nullptr) return tell_where_it_stands();
  Part& part = parts_.at(message.component);
  const bool aborted = decided_ && !commit_;
  if (!aborted && part.stage >= message.stage) {
    return say(protocol::Swapped{slice_.deployment, message.component, message.stage, 0});
  }
  const bool in_order = part.staged && message.stage == part.stage + 1 && message.stage <= planned->stages;
  if (decided_ || held_ || !in_order) return tell_where_it_stands();
  if (part.work != Work::none) return;
  if (provisional() && now_ms_ >= deadline_ms_) return;
  arm();
  part.target = message.stage;
  std::vector<Job> jobs;
  for (const protocol::Step& step : planned->steps) {
    if (step.phase == Phase::swap && std::max(step.stage, 1u) == message.stage) jobs.push_back({&step, false});
  }
  begin(message.component, Work::swapping, std::move(jobs));
}

void SimulatedAgent::arm() {
  armed_ = true;
  deadline_ms_ = now_ms_ + slice_.confirm_ms;
  turn_.alone_ms = deadline_ms_;
}

void SimulatedAgent::on(const protocol::Hold&) {
  if (held_ && !(decided_ && !commit_)) return say(protocol::Held{slice_.deployment});
  if (decided_ || !armed_ || !swapped()) return tell_where_it_stands();
  if (now_ms_ >= deadline_ms_) return;
  if (connection_ <= swapped_connection_) {
    turn_.redials = true;
    return;
  }
  held_ = true;
  say(protocol::Held{slice_.deployment});
}

void SimulatedAgent::on(const protocol::Commit&) {
  if (committed_) return say(protocol::Committed{slice_.deployment});
  if (!held_ || (decided_ && !commit_)) return tell_where_it_stands();
  decided_ = commit_ = true;
  drive_commit();
}

void SimulatedAgent::on(const protocol::Abort& message) {
  if (decided_ && commit_) return tell_where_it_stands();
  if (!accepted_ || reverted_) {
    reverted_ = decided_ = true;
    return say(protocol::Reverted{slice_.deployment, {}, true, why_});
  }
  if (!decided_) decide_abort(message.reason);
  revert_all_ = revert_all_ || message.all;
  if (const auto named = parts_.find(message.component); named != parts_.end()) {
    named->second.revert_wanted = true;
    if (named->second.reverted) say(protocol::Reverted{slice_.deployment, message.component, false, why_});
  }
  revert_ms_ = now_ms_ + slice_.confirm_ms;
  turn_.alone_ms = revert_ms_;
  drive_revert();
}

void SimulatedAgent::on(const protocol::Extend&) {
  if (!provisional() || now_ms_ >= deadline_ms_) return tell_where_it_stands();
  arm();
  say(protocol::Extended{slice_.deployment, slice_.confirm_ms});
}

void SimulatedAgent::on(const protocol::Query&) { tell_where_it_stands(); }

void SimulatedAgent::on(const protocol::StepEventAck& message) {
  std::erase_if(unacknowledged_, [&](const protocol::StepEvent& event) {
    return event.step == message.step && event.result.state == message.state && event.undo == message.undo;
  });
}

void SimulatedAgent::tell_where_it_stands() {
  // What is closed is not reported any more, but answered as it ended.
  if (reverted_) return say(protocol::Reverted{slice_.deployment, {}, true, why_});
  say(protocol::Report{report()});
}

// --- steps, one after another
// ------------------------------------------------------------------------------------------

void SimulatedAgent::begin(const std::string& component, Work work, std::vector<Job> jobs) {
  Part& part = parts_.at(component);
  part.work = work;
  part.jobs = std::move(jobs);
  part.next = 0;
  run_next(component);
}

void SimulatedAgent::run_next(const std::string& component) {
  Part& part = parts_.at(component);
  if (part.work == Work::none || part.ticket != 0) return;
  if (part.next >= part.jobs.size()) return end_work(component);
  const Job& job = part.jobs[part.next];
  if (!job.undo) part.touched.insert(job.step->id);
  part.ticket = ++tickets_;
  protocol::StepEvent started{slice_.deployment, job.step->id, component, {}, job.undo};
  started.result.state = protocol::StepState::started;
  say(std::move(started));
  BegunStep begun{component, job.step, job.undo, part.ticket, {}};
  if (part.work == Work::swapping) begun.not_after_ms = deadline_ms_;
  turn_.begins.push_back(std::move(begun));
}

void SimulatedAgent::end_work(const std::string& component) {
  Part& part = parts_.at(component);
  switch (std::exchange(part.work, Work::none)) {
    case Work::none:
      return;
    case Work::preparing:
      part.staged = true;
      return say(protocol::Staged{slice_.deployment, component, 0});
    case Work::swapping:
      part.stage = part.target;
      say(protocol::Swapped{slice_.deployment, component, part.stage, 0});
      if (!swapped()) return;
      swapped_connection_ = connection_;
      turn_.redials = true;
      return;
    case Work::committing:
      part.committed = true;
      return drive_commit();
    case Work::reverting:
      part.reverted = true;
      part.stage = 0;
      say(protocol::Reverted{slice_.deployment, component, false, why_});
      return drive_revert();
    case Work::discarding:
      part.discarded = true;
      return drive_revert();
  }
}

void SimulatedAgent::fail_work(const std::string& component, const Job& job, const protocol::StepResult& result) {
  Part& part = parts_.at(component);
  if (part.work == Work::preparing || part.work == Work::swapping) {
    part.work = Work::none;
    return say(protocol::Failed{slice_.deployment, job.step->id, component, result.code,
                                job.step->title + ": " + result.detail});
  }
  // After the decision, and on the way back, it is tried until it works.
  turn_.retries.push_back(component);
}

void SimulatedAgent::decide_abort(const std::string& why) {
  decided_ = true;
  commit_ = false;
  why_ = why;
  for (auto& [name, part] : parts_) {
    if (part.work == Work::reverting || part.work == Work::discarding) continue;
    if (part.ticket == 0) {
      part.work = Work::none;
      continue;
    }
    part.stopping = true;
    const Job& job = part.jobs[part.next];
    turn_.stops.push_back({name, job.step, job.undo, part.ticket, {}});
  }
}

void SimulatedAgent::drive_revert() {
  const bool busy =
      std::any_of(parts_.begin(), parts_.end(), [](const auto& entry) { return entry.second.work != Work::none; });
  if (busy || reverted_) return;
  const auto undo_jobs = [](const SliceComponent& planned, const Part& part, Phase phase) {
    std::vector<Job> jobs;
    for (auto step = planned.steps.rbegin(); step != planned.steps.rend(); ++step) {
      if (step->phase == phase && step->undo && part.touched.contains(step->id)) jobs.push_back({&*step, true});
    }
    std::stable_partition(jobs.begin(), jobs.end(),
                          [](const Job& job) { return protocol::is_undone_first(*job.step->undo); });
    return jobs;
  };
  for (auto planned = slice_.components.rbegin(); planned != slice_.components.rend(); ++planned) {
    const Part& part = parts_.at(planned->name);
    if (part.reverted || !(revert_all_ || part.revert_wanted)) continue;
    return begin(planned->name, Work::reverting, undo_jobs(*planned, part, Phase::swap));
  }
  const bool all = std::all_of(parts_.begin(), parts_.end(), [](const auto& entry) { return entry.second.reverted; });
  if (!all) return;
  for (auto planned = slice_.components.rbegin(); planned != slice_.components.rend(); ++planned) {
    const Part& part = parts_.at(planned->name);
    if (part.discarded) continue;
    return begin(planned->name, Work::discarding, undo_jobs(*planned, part, Phase::prepare));
  }
  reverted_ = true;
  say(protocol::Reverted{slice_.deployment, {}, true, why_});
}

void SimulatedAgent::drive_commit() {
  for (const SliceComponent& planned : slice_.components) {
    const Part& part = parts_.at(planned.name);
    if (part.work != Work::none) return;
    if (part.committed) continue;
    std::vector<Job> jobs;
    for (const protocol::Step& step : planned.steps) {
      if (step.phase == Phase::commit) jobs.push_back({&step, false});
    }
    return begin(planned.name, Work::committing, std::move(jobs));
  }
  if (committed_) return;
  committed_ = true;
  say(protocol::Committed{slice_.deployment});
}

// --- what it says of itself
// --------------------------------------------------------------------------------------------

const SliceComponent* SimulatedAgent::find(const std::string& component) const {
  const auto found = std::find_if(slice_.components.begin(), slice_.components.end(),
                                  [&](const SliceComponent& planned) { return planned.name == component; });
  return found == slice_.components.end() ? nullptr : &*found;
}

bool SimulatedAgent::swapped() const {
  return std::all_of(slice_.components.begin(), slice_.components.end(),
                     [&](const SliceComponent& planned) { return parts_.at(planned.name).stage >= planned.stages; });
}

protocol::AgentState SimulatedAgent::state() const {
  using protocol::AgentState;
  if (reverted_) return AgentState::reverted;
  if (committed_) return AgentState::committed;
  if (decided_) return commit_ ? AgentState::held : AgentState::reverting;
  if (held_) return AgentState::held;
  if (armed_) return swapped() ? AgentState::swapped : AgentState::swapping;
  if (!accepted_) return AgentState::idle;
  const bool all = std::all_of(parts_.begin(), parts_.end(), [](const auto& entry) { return entry.second.staged; });
  return all ? AgentState::staged : AgentState::staging;
}

protocol::DeploymentReport SimulatedAgent::report() const {
  protocol::DeploymentReport report;
  report.deployment = slice_.deployment;
  report.state = state();
  if (decided_ && !commit_) report.why = why_;
  for (const SliceComponent& planned : slice_.components) {
    const Part& part = parts_.at(planned.name);
    report.components.push_back({planned.name, part.staged, part.stage, {}, {}});
  }
  return report;
}

}  // namespace switchyard::forecast
