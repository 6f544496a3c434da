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

  /// Row, decision, timeline, what serves now, locks and audit; empty when there is nothing to write. Fills in the
  /// row's and the entries' times.
  store::Transaction writes_of(engine::DeploymentRun& run, engine::Effects& effects) const;
  /// One transaction. Throws StoreError (nothing happened) or StaleEpochError.
  void make_durable(const store::Transaction& writes);
  /// After make_durable().
  void send(const engine::Effects& effects);

 private:
  store::StateStore& store_;
  AgentRegistry& registry_;
  const Clock& clock_;
};

}  // namespace switchyard::fleet
