#pragma once

#include "common/clock.hpp"
#include "coordinator/engine/engine.hpp"
#include "coordinator/fleet/agent_registry.hpp"
#include "coordinator/store/state_store.hpp"

namespace switchyard::fleet {

/// Makes durable what the engine decided, and then says it. The only way from an effect to the store and the bus.
/// Loop thread only. Timers are its caller's (DeploymentRuns), since their names lead back there.
class EffectRunner {
 public:
  EffectRunner(store::StateStore& store, AgentRegistry& registry, const Clock& clock)
      : store_(store), registry_(registry), clock_(clock) {}

  /// One transaction: row, decision, timeline, what serves now, locks, audit. Nothing is written when there is nothing
  /// to write. Throws StoreError (nothing happened) or StaleEpochError. Fills in the row's and the entries' times.
  void make_durable(engine::DeploymentRun& run, engine::Effects& effects);
  /// After make_durable().
  void send(const engine::Effects& effects);

 private:
  store::Transaction writes_of(const engine::DeploymentRun& run, const engine::Effects& effects) const;

  store::StateStore& store_;
  AgentRegistry& registry_;
  const Clock& clock_;
};

/// What every participant serves once the run is committed, as the plan says.
std::vector<model::ServingRow> serving_rows(const engine::DeploymentRun& run);

}  // namespace switchyard::fleet
