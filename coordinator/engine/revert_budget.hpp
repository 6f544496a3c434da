#pragma once

#include <cstdint>

#include "coordinator/engine/deployment_run.hpp"

/// How long the way back may take before the deployment is called stuck. Pure.
namespace switchyard::engine {

/// A host has begun or ended an undo.
void note_undo(DeploymentRun& run, const HostId& host, const protocol::StepEvent& event);

/// So long nothing need be heard of the way back: as long as the longest undo that a connected host is at may take.
std::int64_t revert_patience_ms(const DeploymentRun& run);

/// So long the way back may take altogether, whatever is heard of it: one component after the other, each as long as
/// its undos may take, within limits::revert_ms_max.
std::int64_t revert_end_ms(const model::Plan& plan);

}  // namespace switchyard::engine
