#include <algorithm>

#include "agent/core/agent_core.hpp"
#include "common/error.hpp"
#include "common/ids.hpp"
#include "common/limits.hpp"
#include "common/planted.hpp"

namespace switchyard::agent {

/// Why this plan may not be taken, as a code and a text; two empty strings when it may.
std::pair<std::string, std::string> AgentCore::plan_trouble(const protocol::SignedPlan& plan) const {
  const auto refusal_by = [&](const std::string& key) { return protocol::refuse_plan(plan, identity_.host, key); };
  const auto refusal = refusal_by(identity_.plan_public_key);
  const bool by_next = !identity_.next_plan_public_key.empty() && !refusal_by(identity_.next_plan_public_key);
  if (refusal && !by_next) return {"plan_refused", *refusal};
  const protocol::PlanHeader header = protocol::decode_header(plan.header);
  for (const protocol::SliceComponent& component : protocol::decode_slice(plan.slice).components) {
    const auto newest = plan_seq_.find(component.name);
    if (newest != plan_seq_.end() && newest->second >= header.plan_seq) {
      return {"old_plan", "component " + component.name + " has seen plan number " + std::to_string(newest->second) +
                              ", this one is number " + std::to_string(header.plan_seq) + "; plan again"};
    }
    for (const auto& [id, run] : deployments_) {
      if (run.components.contains(component.name) && !run.committed && !PLANTED(takes_a_plan_of_what_is_busy)) {
        return {"busy", "component " + component.name + " is held by deployment " + id.str() + " (" +
                            std::string(protocol::agent_state_name(run.state())) + ")"};
      }
    }
  }
  return {};
}

void AgentCore::on(const protocol::Plan& message) {
  DeploymentId id;
  try {
    id = protocol::decode_header(message.plan.header).deployment;
    if (const DeploymentRun* known = find(id)) {
      send(protocol::PlanAck{id, known->plan_hash});
      return;
    }
    if (closed_.find(id) != nullptr) return answer_unknown(id);
    const auto [code, text] = plan_trouble(message.plan);
    if (!code.empty()) {
      // It is old, and may be so because it was carried out here.
      const std::uint64_t plan_seq = protocol::decode_header(message.plan.header).plan_seq;
      if (code == "old_plan" && closed_.may_have_forgotten(plan_seq)) return answer_unknown(id, plan_seq);
      send(protocol::Failed{id, {}, {}, code, text});
      return;
    }
  } catch (const DecodeError& error) {
    send(protocol::Failed{id, {}, {}, "plan_refused", error.what()});
    return;
  }
  const protocol::PlanSlice slice = protocol::decode_slice(message.plan.slice);
  if (stop_retiring(slice)) return;  // the coordinator asks again in a second
  // A newer plan ends the rest of a committed deployment's life: its old slots are now this plan's to use.
  std::vector<DeploymentId> others;
  for (const auto& [other, run] : deployments_) others.push_back(other);
  for (const DeploymentId& other : others) {
    for (const protocol::SliceComponent& component : slice.components) {
      DeploymentRun* run = find(other);
      if (run == nullptr) break;
      if (run->components.contains(component.name)) retire_component(*run, component.name, "superseded by " + id.str());
    }
  }
  JournalRecord record;
  record.kind = RecordKind::plan;
  record.deployment = id;
  record.boot_id = boot_id_;
  record.plan = message.plan;
  PLANTED(acknowledges_a_plan_it_has_not_written) ? note(record) : write(std::move(record));
  send(protocol::PlanAck{id, protocol::plan_hash(message.plan.header)});
}

/// True when a step of an older deployment's end is still at work on one of these components: it is asked to stop.
bool AgentCore::stop_retiring(const protocol::PlanSlice& slice) {
  bool busy = false;
  for (auto& [id, run] : deployments_) {
    for (const protocol::SliceComponent& plan : slice.components) {
      const auto found = run.components.find(plan.name);
      if (found == run.components.end() || !found->second.chain.running) continue;
      Chain& chain = found->second.chain;
      if (!chain.stopping) effects_.cancels.push_back({id, chain.jobs[chain.next].step->id});
      chain.stopping = true;
      busy = true;
      set_timer("retire", run, limits::retire_again_ms);
    }
  }
  return busy;
}

void AgentCore::on(const protocol::Prepare& message) {
  DeploymentRun* run = find(message.deployment);
  if (run == nullptr) return answer_unknown(message.deployment);
  const protocol::SliceComponent* plan = run->component_plan(message.component);
  if (plan == nullptr || run->decided || run->held || run->armed) {
    if (plan != nullptr && run->components.at(message.component).staged) {
      return send(protocol::Staged{message.deployment, message.component, 0});
    }
    return send(protocol::Report{run->report(now_)});
  }
  ComponentRun& component = run->components.at(message.component);
  if (component.staged) return send(protocol::Staged{message.deployment, message.component, 0});
  if (component.chain.activity != Activity::none) return;  // at work; the answer comes when it is done
  std::vector<Job> jobs;
  for (const protocol::Step& step : plan->steps) {
    if (step.phase != protocol::Phase::prepare) continue;
    // A command that has run is not run again; typed steps converge, so they are simply done once more.
    if (protocol::runs_once(step.action) && component.completed.contains(step.id)) continue;
    jobs.push_back({&step, false});
  }
  begin_chain(*run, message.component, Activity::preparing, std::move(jobs));
}

void AgentCore::on(const protocol::Swap& message) {
  DeploymentRun* run = find(message.deployment);
  if (run == nullptr) return answer_unknown(message.deployment);
  const protocol::SliceComponent* plan = run->component_plan(message.component);
  if (plan == nullptr) return send(protocol::Report{run->report(now_)});
  ComponentRun& component = run->components.at(message.component);
  const bool aborted = run->decided && !run->commit;
  if (!aborted && component.stage >= message.stage) {
    return send(
        protocol::Swapped{message.deployment, message.component, message.stage, run->report(now_).remaining_ms});
  }
  const bool in_order = component.staged && message.stage == component.stage + 1 && message.stage <= plan->stages;
  if ((run->decided && !PLANTED(switches_after_the_abort)) || run->held || !in_order)
    return send(protocol::Report{run->report(now_)});
  if (component.chain.activity != Activity::none) return;
  if (run->provisional() && now_ >= run->deadline_boot_ms) return;  // the dead-man's hour: the timer speaks
  if (!PLANTED(swap_is_not_armed)) arm(*run, message.component, message.stage);
  std::vector<Job> jobs;
  for (const protocol::Step& step : plan->steps) {
    if (step.phase != protocol::Phase::swap || std::max(step.stage, 1u) != message.stage) continue;
    if (protocol::runs_once(step.action) && component.completed.contains(step.id)) continue;
    jobs.push_back({&step, false});
  }
  begin_chain(*run, message.component, Activity::swapping, std::move(jobs), message.stage);
}

void AgentCore::arm(DeploymentRun& run, const std::string& component, std::uint32_t stage) {
  JournalRecord record;
  record.kind = RecordKind::armed;
  record.deployment = run.slice.deployment;
  record.component = component;
  record.stage = stage;
  record.boot_id = boot_id_;
  record.deadline_boot_ms = now_ + run.slice.confirm_ms;
  write(std::move(record));
  effects_.arm_dead_man = true;
  set_timer("deadman", run, run.slice.confirm_ms);
}

void AgentCore::on(const protocol::Hold& message) {
  DeploymentRun* run = find(message.deployment);
  if (run == nullptr) return answer_unknown(message.deployment);
  try_hold(*run);
}

void AgentCore::try_hold(DeploymentRun& run) {
  const DeploymentId& id = run.slice.deployment;
  if (run.held && !(run.decided && !run.commit)) return send(protocol::Held{id});
  if ((run.decided && !PLANTED(votes_for_what_it_takes_back)) || !run.armed || !run.swapped())
    return send(protocol::Report{run.report(now_)});
  if (now_ >= run.deadline_boot_ms) return;
  if (connection_ <= run.swapped_connection && !PLANTED(votes_over_the_old_connection)) {
    // The vote needs a connection that was dialled through the new state of the host.
    effects_.redial = true;
    return;
  }
  for (const protocol::SliceComponent& plan : run.slice.components) {
    const ComponentRun& component = run.components.at(plan.name);
    if (!component.healthy && !PLANTED(votes_though_unhealthy)) {
      return send(protocol::Failed{id, {}, plan.name, "unhealthy", component.health_detail});
    }
  }
  JournalRecord record;
  record.kind = RecordKind::held;
  record.deployment = id;
  write(std::move(record));
  send(protocol::Held{id});
}

void AgentCore::on(const protocol::Commit& message) {
  DeploymentRun* run = find(message.deployment);
  if (run == nullptr) return answer_unknown(message.deployment);
  if (run->committed) return send(protocol::Committed{message.deployment});
  // Never without the vote: a coordinator that asks so is wrong, and hears what is true.
  if (!run->held || (run->decided && !run->commit)) return send(protocol::Report{run->report(now_)});
  if (!run->decided) {
    JournalRecord record;
    record.kind = RecordKind::decision;
    record.deployment = message.deployment;
    record.commit = true;
    write(std::move(record));
  }
  drive_commit(*run);
}

void AgentCore::on(const protocol::Abort& message) {
  DeploymentRun* run = find(message.deployment);
  if (run == nullptr) {
    const bool known = closed_.find(message.deployment) != nullptr || closed_.may_have_forgotten(message.plan_seq);
    // Of a deployment that never came here, nothing is here: that is what "reverted" says. It is written down, since
    // its plan may still be on the way.
    if (!known) {
      JournalRecord record;
      record.kind = RecordKind::reverted;
      record.deployment = message.deployment;
      if (!PLANTED(abort_of_an_unknown_plan_is_forgotten)) write(std::move(record));
      return send(protocol::Reverted{message.deployment, {}, true, "unknown here: nothing was changed"});
    }
    return answer_unknown(message.deployment, message.plan_seq);
  }
  if (run->decided && run->commit) return send(protocol::Report{run->report(now_)});
  if (!run->decided) decide_abort(*run, message.reason);
  run->revert_all = run->revert_all || message.all;
  const auto named = run->components.find(message.component);
  if (named != run->components.end()) {
    named->second.revert_wanted = true;
    if (named->second.reverted) send(protocol::Reverted{message.deployment, message.component, false, run->why});
  }
  // The coordinator is there and gives the order; should it vanish, the rest is reverted without it.
  set_timer("revert", *run, run->slice.confirm_ms);
  drive_revert(*run);
}

void AgentCore::on(const protocol::Extend& message) {
  DeploymentRun* run = find(message.deployment);
  if (run == nullptr) return answer_unknown(message.deployment);
  if (!run->provisional() || now_ >= run->deadline_boot_ms) return send(protocol::Report{run->report(now_)});
  JournalRecord record;
  record.kind = RecordKind::extended;
  record.deployment = message.deployment;
  if (!PLANTED(extended_lease_forgets_its_boot)) record.boot_id = boot_id_;
  record.deadline_boot_ms = now_ + run->slice.confirm_ms;
  PLANTED(lease_is_prolonged_in_memory_only) ? note(record) : write(std::move(record));
  effects_.arm_dead_man = true;
  set_timer("deadman", *run, run->slice.confirm_ms);
  send(protocol::Extended{message.deployment, run->slice.confirm_ms});
}

void AgentCore::on(const protocol::StepEventAck& message) {
  DeploymentRun* run = find(message.deployment);
  if (run == nullptr) return;
  std::erase_if(run->unacknowledged, [&](const protocol::StepEvent& event) {
    return event.step == message.step && event.result.state == message.state && event.undo == message.undo;
  });
}

void AgentCore::on(const protocol::Query& message) {
  if (const DeploymentRun* run = find(message.deployment)) return send(protocol::Report{run->report(now_)});
  answer_unknown(message.deployment, message.plan_seq);
}

/// A deployment that is closed, or was never heard of (`idle`), or is so old that nobody here knows which of the two.
void AgentCore::answer_unknown(const DeploymentId& id, std::uint64_t plan_seq) {
  if (const protocol::DeploymentReport* closed = closed_.find(id)) {
    if (closed->state == protocol::AgentState::committed) return send(protocol::Committed{id});
    return send(protocol::Reverted{id, {}, true, closed->why.empty() ? "reverted earlier" : closed->why});
  }
  protocol::DeploymentReport nothing;
  nothing.deployment = id;
  nothing.forgotten = closed_.may_have_forgotten(plan_seq);
  send(protocol::Report{nothing});
}

}  // namespace switchyard::agent
