#include "coordinator/engine/turn.hpp"

#include "common/ensure.hpp"
#include "common/planted.hpp"
#include "coordinator/engine/knowledge.hpp"

namespace switchyard::engine {
namespace {

using model::Decision;
using model::DeploymentState;

/// The lease is renewed three times within its life, so that two renewals may be lost.
constexpr std::int64_t lease_renewals = 3;

}  // namespace

void Turn::enter(DeploymentState next, const std::string& why) {
  run_.row.state = next;
  if (!why.empty()) run_.row.reason = why;
  effects_.save = true;
  run_.begun.clear();
  run_.watch_over = false;
  note(why);
  const model::PlanSettings& settings = run_.plan.settings;
  if (next == DeploymentState::preparing) timer("deadline", settings.prepare_ms);
  if (next == DeploymentState::swapping) note_switching(run_);
  if (next == DeploymentState::swapping) renew_lease();
  if (next == DeploymentState::swapping || next == DeploymentState::holding) timer("deadline", settings.confirm_ms);
  if (next == DeploymentState::watching) timer("watch", settings.watch_ms);
  if (next == DeploymentState::aborting) timer("revert", settings.confirm_ms);
}

void Turn::fail(const HostId& host, const std::string& why) {
  const std::string text = host.empty() ? why : host.str() + ": " + why;
  const bool may_pause = state() == DeploymentState::preparing || state() == DeploymentState::swapping ||
                         state() == DeploymentState::holding;
  if (!run_.plan.settings.rollback_on_failure && may_pause && !lost_ground(run_) && !run_.rejoining) {
    enter(DeploymentState::paused, text);
  } else {
    decide(Decision::abort, text);
  }
}

void Turn::wait_for_a_person(const HostId& host, const std::string& why) {
  if (!undecided()) return;
  run_.rejoining = false;
  if (state() != DeploymentState::paused) enter(DeploymentState::paused, host.str() + ": " + why);
}

void Turn::decide(Decision decision, const std::string& why) {
  ENSURE(!run_.decision);
  // I2: the commit row implies that every participant's journal holds HELD.
  if (decision == Decision::commit) ENSURE(all_hosts(has_held));
  run_.decision = decision;
  run_.rejoining = false;
  effects_.decided = !PLANTED(decision_is_not_stored);
  effects_.decision = decision;
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

void Turn::renew_lease() { timer("lease", run_.plan.settings.confirm_ms / lease_renewals); }

void Turn::note(const HostId& host, std::string what, std::string state, std::string text) {
  model::TimelineEntry entry;
  entry.host = host;
  entry.what = std::move(what);
  entry.state = std::move(state);
  entry.text = std::move(text);
  effects_.timeline.push_back(std::move(entry));
}

}  // namespace switchyard::engine
