#pragma once

#include "coordinator/engine/deployment_run.hpp"
#include "coordinator/engine/effect.hpp"
#include "coordinator/engine/event.hpp"

/// The decision core of one deployment.
///
///   approved ──► preparing ──► swapping ──► holding ──► watching ──► committing ──► done
///                 all staged    all swapped   all held    watch over   all committed
///   any of the first five ── failure, cancel, deadline ──► aborting ── all reverted ──► rolled_back
///   preparing … holding ── failure without rollback_on_failure ──► paused ── resume | cancel
///   aborting ── a revert fails, or a host stays silent ──► stuck ── all reverted ──► rolled_back
///
/// COMMIT is written only when every participant has said HELD, that is: has given up, durably, its right to revert by
/// itself. ABORT may be written at any time before that. No decision found after a restart: the deployment goes on when
/// every participant is still where it can go on from, else it is aborted.
///
/// engine.cpp says what each event means, timers.cpp what it means that a time is over, knowledge.hpp how what a host
/// says becomes known, progress.cpp when a state is left. What is asked of the hosts follows from what is known
/// (requests.hpp).
namespace switchyard::engine {

/// Pure: no clock, no disk, no network; the same run and event give the same effects.
/// The runner makes row, decision and timeline durable in one transaction before any send leaves.
Effects apply(DeploymentRun& run, const Event& event);

}  // namespace switchyard::engine
