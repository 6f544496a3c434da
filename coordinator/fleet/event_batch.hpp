#pragma once

#include <map>
#include <set>
#include <string>
#include <vector>

#include "coordinator/engine/engine.hpp"
#include "coordinator/fleet/effect_runner.hpp"
#include "coordinator/fleet/live_deployment.hpp"
#include "coordinator/store/state_store.hpp"

namespace switchyard::fleet {

/// Events of live deployments that wait together: decided one after the other on copies of the runs, and made durable
/// in one transaction (a fleet speaks in chorus, and each commit waits for the disk). The copies take the place of the
/// runs when that is written, and nothing has left before. A batch that ends uncommitted leaves everything as it was.
/// Nobody may look at the runs meanwhile: their plans, which are large and never change, are lent to the copies.
class EventBatch {
 public:
  struct Outcome {
    DeploymentId deployment;
    engine::Effects effects;
  };

  explicit EventBatch(EffectRunner& runner) : runner_(runner) {}
  ~EventBatch();
  EventBatch(const EventBatch&) = delete;
  EventBatch& operator=(const EventBatch&) = delete;

  void decide(const DeploymentId& id, LiveDeployment& live, const engine::Event& event);
  /// A decision or an end was the last event: what follows must find it in the store.
  bool is_closed() const { return closed_; }
  /// Throws StoreError (nothing happened) or StaleEpochError. Returns what is to be sent, in the order of the events.
  std::vector<Outcome> commit();

 private:
  struct Draft {
    LiveDeployment* live = nullptr;
    engine::DeploymentRun next;
    std::map<std::pair<HostId, std::string>, StepNote> steps;
    std::set<std::string> recorded;
  };
  Draft& draft_of(const DeploymentId& id, LiveDeployment& live);
  static engine::Effects apply(Draft& draft, const engine::Event& event);

  EffectRunner& runner_;
  std::map<DeploymentId, Draft> drafts_;
  store::Transaction writes_;
  std::vector<Outcome> outcomes_;
  bool closed_ = false;
};

}  // namespace switchyard::fleet
