#include "coordinator/engine/turn.hpp"

#include "common/ensure.hpp"
#include "common/planted.hpp"
#include "coordinator/engine/failures.hpp"
#include "coordinator/engine/knowledge.hpp"
#include "coordinator/engine/last_batch.hpp"
#include "coordinator/engine/revert_budget.hpp"
#include "coordinator/engine/timers.hpp"

namespace switchyard::engine {
namespace {

using model::Decision;
using model::DeploymentState;

std::string text_of(const HostId& host, const std::string& why) { return host.empty() ? why : host.str() + ": " + why; }

}  // namespace

void Turn::enter(DeploymentState next, const std::string& why) {
  run_.row.state = next;
  if (!why.empty()) run_.row.reason = why;
  effects_.save = true;
  run_.begun.clear();
  run_.last_batch.clear();
  run_.watch_over = false;
  note(why);
  const model::PlanSettings& settings = run_.plan.settings;
  if (next == DeploymentState::preparing) timer("deadline", settings.prepare_ms);
  if (next == DeploymentState::swapping) note_switching(run_);
  if (next == DeploymentState::swapping) renew_lease();
  if (next == DeploymentState::swapping || next == DeploymentState::holding) timer("deadline", settings.confirm_ms);
  if (next == DeploymentState::watching) timer("watch", settings.watch_ms);
  if (next == DeploymentState::aborting) begin_revert();
}

void Turn::fail(const HostId& host, const Cause& cause, const std::string& why) {
  const std::string text = text_of(host, why);
  const bool may_pause = state() == DeploymentState::preparing || state() == DeploymentState::swapping ||
                         state() == DeploymentState::holding;
  const model::ErrorAction action =
      model::action_upon({.automatic = run_.plan.settings.rollback_on_failure,
                          .may_stand = may_pause && !lost_ground(run_) && !run_.rejoining});
  note_failure(*this, host, cause, why, action);
  if (action == model::ErrorAction::abort) {
    enter(DeploymentState::paused, text);
  } else {
    const std::set<std::size_t> under_way = last_batch(run_);
    decide(Decision::abort, text);
    wait_for_last_batch(*this, under_way);
  }
}

void Turn::wait_for_a_person(const HostId& host, const std::string& why) {
  if (!undecided()) return;
  run_.rejoining = false;
  if (state() != DeploymentState::paused) enter(DeploymentState::paused, text_of(host, why));
}

void Turn::decide(Decision decision, const std::string& why) {
  ENSURE(!run_.decision);
  // I2: the commit row implies that every participant's journal holds HELD.
  if (decision == Decision::commit) ENSURE(all_hosts(has_held));
  run_.decision = decision;
  run_.rejoining = false;
  effects_.decided = !PLANTED(decision_is_not_stored);
  effects_.decision = decision;
  if (decision == Decision::abort) {
    // What was asked until now may have come to long pauses, and nobody is left so long without a word on his way back.
    for (auto& [id, host] : run_.hosts) {
      host.resend_timer = false;
      host.resends = 0;
    }
  }
  enter(decision == Decision::commit ? DeploymentState::committing : DeploymentState::aborting, why);
}

void Turn::finish(DeploymentState state) {
  enter(state);
  effects_.finished = true;
  for (auto& [id, host] : run_.hosts) host.asked.clear();
}

void Turn::renew_deadline() {
  if (state() == DeploymentState::swapping || state() == DeploymentState::holding)
    timer("deadline", run_.plan.settings.confirm_ms);
}

void Turn::begin_revert() {
  timer("revert", run_.plan.settings.confirm_ms);
  timer("revert_end", revert_end_ms(run_.plan));
}

void Turn::renew_revert() {
  if (state() == DeploymentState::aborting && run_.revert_overdue) timer("revert", revert_patience_ms(run_));
}

void Turn::renew_lease() { timer("lease", lease_period_ms(run_.plan.settings)); }

void Turn::note(const HostId& host, std::string what, std::string state, std::string text) {
  model::TimelineEntry entry;
  entry.host = host;
  entry.what = std::move(what);
  entry.state = std::move(state);
  entry.text = std::move(text);
  effects_.timeline.push_back(std::move(entry));
}

}  // namespace switchyard::engine
