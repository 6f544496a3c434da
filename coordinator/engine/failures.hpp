#pragma once

#include <string>

#include "coordinator/engine/turn.hpp"

/// What is written into the deployment's row about what went wrong. Pure.
namespace switchyard::engine {

/// What the step does; nothing when it is no step of the plan.
const protocol::Step* find_step(const model::Plan& plan, const HostId& host, const StepId& step);

/// Of a step that failed (nullptr: it was none) while the deployment was in this state.
model::ErrorPhase phase_of(model::DeploymentState during, const protocol::Step* step);
model::Severity severity_of(model::DeploymentState during, model::ErrorPhase phase, model::ErrorAction action);

/// Once for each host, component, code and message, and not more than a row should hold. `host` may be empty.
void note_failure(Turn& turn, const HostId& host, const Cause& cause, const std::string& message,
                  model::ErrorAction action);
/// A step of what is decided already failed: it is tried again, or left.
void note_step_failure(Turn& turn, const HostId& host, const protocol::StepEvent& event);
/// A step of an old slot's end failed when the deployment was over already, mostly long ago: nothing but this entry
/// comes of it. True when the row has changed.
bool note_late_failure(model::DeploymentRow& row, const model::Plan& plan, const HostId& host,
                       const protocol::StepEvent& event);

}  // namespace switchyard::engine
