#include "coordinator/engine/failures.hpp"

#include <algorithm>
#include <utility>

#include "common/limits.hpp"
#include "protocol/text.hpp"

namespace switchyard::engine {
namespace {

using model::DeploymentState;
using model::ErrorAction;
using model::ErrorPhase;
using model::Severity;

using limits::failure_message_bytes_max;
using limits::failures_per_deployment_max;

bool is_preflight(const protocol::Step& step) {
  if (step.phase != protocol::Phase::prepare) return false;
  const auto* hook = std::get_if<protocol::Hook>(&step.action);
  if (hook != nullptr) return hook->phase <= protocol::HookPhase::post_validation;
  return std::holds_alternative<protocol::VerifyOld>(step.action) ||
         std::holds_alternative<protocol::CheckSwitch>(step.action);
}

/// An outcome that nobody knows is a failure as well: an undo is stuck by it.
bool has_failed(const protocol::StepResult& result) {
  const bool failed = result.state == protocol::StepState::failed || result.state == protocol::StepState::unknown;
  return failed && result.code != "cancelled";
}

/// Once each, and not more than a row should hold. True when the row has changed.
bool add_failure(model::DeploymentRow& row, model::Failure failure) {
  const bool known = std::find(row.failures.begin(), row.failures.end(), failure) != row.failures.end();
  if (known || row.failures.size() >= failures_per_deployment_max) return false;
  row.failures.push_back(std::move(failure));
  return true;
}

std::string told_of(const protocol::Step& step, const protocol::StepEvent& event) {
  return (event.undo ? "undo: " : "") + step.title + ": " + event.result.detail;
}

/// The check of the watch that was seen to fail. nullptr: none was, or it is not said which one.
const protocol::ProbeSpec* watched_check(const model::Plan& plan, const HostId& host, const Cause& cause) {
  const auto slice = plan.slices.find(host);
  const std::size_t end = cause.seen.find(": ");
  if (cause.code != "unhealthy" || slice == plan.slices.end() || end == std::string::npos) return nullptr;
  for (const protocol::SliceComponent& component : slice->second.components) {
    if (component.name != cause.component) continue;
    for (const protocol::ProbeSpec& check : component.watch) {
      if (cause.seen.compare(0, end, check.name) == 0) return &check;
    }
  }
  return nullptr;
}

/// nullptr: it was something else.
const protocol::ProbeSpec* failed_check(const model::Plan& plan, const HostId& host, const Cause& cause,
                                        const protocol::Step* step) {
  const auto* probe = step == nullptr ? nullptr : std::get_if<protocol::Probe>(&step->action);
  return probe != nullptr ? &probe->spec : watched_check(plan, host, cause);
}

/// It says that what was switched does not hold.
bool judges_the_switch(const protocol::Step& step) {
  const auto* hook = std::get_if<protocol::Hook>(&step.action);
  if (hook != nullptr) return hook->phase >= protocol::HookPhase::post_switch;
  return std::holds_alternative<protocol::Probe>(step.action);
}

}  // namespace

const protocol::Step* find_step(const model::Plan& plan, const HostId& host, const StepId& step) {
  const auto slice = plan.slices.find(host);
  if (slice == plan.slices.end() || step.empty()) return nullptr;
  for (const protocol::SliceComponent& component : slice->second.components) {
    for (const protocol::Step& candidate : component.steps) {
      if (candidate.id == step) return &candidate;
    }
  }
  return nullptr;
}

ErrorPhase phase_of(DeploymentState during, const protocol::Step* step) {
  switch (during) {
    case DeploymentState::draft:
    case DeploymentState::approved:
    case DeploymentState::rejected:
      return ErrorPhase::preflight;
    case DeploymentState::preparing:
      return step != nullptr && is_preflight(*step) ? ErrorPhase::preflight : ErrorPhase::deployment;
    case DeploymentState::swapping:
      return step != nullptr && !judges_the_switch(*step) ? ErrorPhase::deployment : ErrorPhase::postdeployment;
    default:
      return ErrorPhase::postdeployment;
  }
}

Severity severity_of(DeploymentState during, ErrorPhase phase, ErrorAction action) {
  if (action == ErrorAction::continue_) return Severity::low;
  if (action == ErrorAction::retry || phase == ErrorPhase::preflight) return Severity::medium;
  return during == DeploymentState::preparing ? Severity::high : Severity::critical;
}

void note_failure(Turn& turn, const HostId& host, const Cause& cause, const std::string& message, ErrorAction action) {
  DeploymentRun& run = turn.run();
  model::Failure failure;
  const protocol::Step* step = find_step(run.plan, host, cause.step);
  failure.phase = phase_of(turn.state(), step);
  failure.severity = severity_of(turn.state(), failure.phase, action);
  failure.action = action;
  const protocol::ProbeSpec* check = failed_check(run.plan, host, cause, step);
  if (action == ErrorAction::rollback || action == ErrorAction::abort) {
    failure.trigger = check != nullptr ? model::trigger_of_check(*check) : model::trigger_of(step, cause.code);
  }
  if (check != nullptr) failure.check = check->name;
  failure.code = cause.code;
  failure.host = host;
  failure.component = cause.component;
  failure.message = protocol::clean_text(message, failure_message_bytes_max);
  if (add_failure(run.row, std::move(failure))) turn.effects().save = true;
}

void note_step_failure(Turn& turn, const HostId& host, const protocol::StepEvent& event) {
  const DeploymentRun& run = turn.run();
  if (!run.decision || !has_failed(event.result)) return;
  const protocol::Step* step = find_step(run.plan, host, event.step);
  if (step == nullptr) return;
  const bool of_the_decision = event.undo || step->phase == protocol::Phase::commit;
  const bool retires = step->phase == protocol::Phase::retire;
  if (!of_the_decision && !retires) return;
  const ErrorAction action = model::action_upon({.decided = true, .dispensable = retires});
  note_failure(turn, host, {event.result.code, event.component, event.step}, told_of(*step, event), action);
}

bool note_late_failure(model::DeploymentRow& row, const model::Plan& plan, const HostId& host,
                       const protocol::StepEvent& event) {
  const protocol::Step* step = find_step(plan, host, event.step);
  const bool retires = step != nullptr && step->phase == protocol::Phase::retire;
  if (!retires || event.undo || !has_failed(event.result)) return false;
  model::Failure failure;
  failure.phase = phase_of(row.state, step);
  failure.action = model::action_upon({.decided = true, .dispensable = true});
  failure.severity = severity_of(row.state, failure.phase, failure.action);
  failure.code = event.result.code;
  failure.host = host;
  failure.component = event.component;
  failure.message = protocol::clean_text(told_of(*step, event), failure_message_bytes_max);
  return add_failure(row, std::move(failure));
}

}  // namespace switchyard::engine
