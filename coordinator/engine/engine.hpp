#pragma once

#include "coordinator/engine/deployment_run.hpp"
#include "coordinator/engine/effect.hpp"
#include "coordinator/engine/event.hpp"

namespace switchyard::engine {

/// The state of a deployment that has just been planned, or was read from the store after a restart.
DeploymentRun make_run(model::DeploymentRow row, model::Plan plan, std::optional<model::Decision> decision);

/// The decision core. Pure: no clock, no disk, no network; the same run and event give the same effects.
/// Effects must be carried out in this order: writes, then (durable) sends and timers.
Effects apply(DeploymentRun& run, const Event& event);

}  // namespace switchyard::engine
