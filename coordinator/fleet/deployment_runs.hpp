#pragma once

#include <deque>
#include <functional>
#include <map>
#include <set>
#include <string>
#include <utility>

#include "coordinator/engine/engine.hpp"
#include "coordinator/fleet/agent_registry.hpp"
#include "coordinator/fleet/effect_runner.hpp"
#include "coordinator/fleet/event_batch.hpp"
#include "coordinator/fleet/live_deployment.hpp"
#include "coordinator/fleet/timeline_viewers.hpp"
#include "coordinator/fleet/timers.hpp"

namespace switchyard::fleet {

/// The live deployments: events in, effects out, in their order. What comes from agents waits until the loop has taken
/// in all that arrived with it, and becomes durable in one transaction (EventBatch). While the store cannot be written
/// events wait and nothing is sent; so every state that a message speaks of is durable. Loop thread only. Throws
/// StaleEpochError (the process must end).
class DeploymentRuns {
 public:
  DeploymentRuns(store::StateStore& store, AgentRegistry& registry, Timers& timers, const Clock& clock,
                 TimelineViewers& viewers);

  /// Called for every deployment that is under way from now on, before any host hears of it or is heard about it.
  void when_begun(std::function<void(const model::DeploymentRow&, const model::Plan&)> callback) {
    begun_ = std::move(callback);
  }
  /// Called after a deployment has become final.
  void when_finished(std::function<void(const model::DeploymentRow&)> callback) { finished_ = std::move(callback); }

  /// Takes up what an earlier process left unfinished. Once, after the epoch was taken.
  void restore();
  /// The same once more, after decisions were written that no run has made: a recovery.
  void start_over();
  /// Nothing happens to it any more, until start_over(): what hosts and people say of it is passed over.
  void hold(const DeploymentId& id);
  bool is_held(const DeploymentId& id) const { return held_.contains(id); }
  /// Row, plan and locks are durable, in state `approved`.
  void start(model::DeploymentRow row, model::Plan plan);
  void post(const DeploymentId& id, engine::Event event);

  void agent_connected(const HostId& host, std::uint64_t session, const protocol::Hello& hello);
  void agent_lost(const HostId& host, std::uint64_t session);
  /// Any message that names a deployment. False: of one in which the host takes no part; nothing came of it.
  bool agent_said(const HostId& host, std::uint64_t session, const DeploymentId& id, const protocol::Message& message);

  /// Whether a deployment that is under way brings this release to the host, or goes back to it there.
  bool needs(const HostId& host, const ReleaseId& release) const;
  const engine::DeploymentRun* find(const DeploymentId& id) const;
  const std::map<std::pair<HostId, std::string>, StepNote>* steps(const DeploymentId& id) const;
  bool store_is_down() const { return store_down_; }

 private:
  void add(model::DeploymentRow row, model::Plan plan, std::optional<model::Decision> decision);
  void drain_soon();
  void drain();
  void handle_batch();
  void act_on(const EventBatch::Outcome& outcome);
  void set_timers(const DeploymentId& id, const engine::Effects& effects);
  void finish(const DeploymentId& id);
  void introduce_connected(const DeploymentId& id);
  void settle(const HostId& host, const protocol::DeploymentReport& report);
  void tell_strays();
  void stray_said(const HostId& host, const DeploymentId& id, const protocol::Message& message);
  bool took_part(const HostId& host, const DeploymentId& id);
  void late_step(const HostId& host, const protocol::StepEvent& step);

  store::StateStore& store_;
  AgentRegistry& registry_;
  Timers& timers_;
  const Clock& clock_;
  TimelineViewers& viewers_;
  EffectRunner runner_;
  std::function<void(const model::DeploymentRow&, const model::Plan&)> begun_ = [](const auto&, const auto&) {};
  std::function<void(const model::DeploymentRow&)> finished_ = [](const model::DeploymentRow&) {};
  std::map<DeploymentId, LiveDeployment> live_;
  std::deque<std::pair<DeploymentId, engine::Event>> waiting_;
  bool draining_ = false;
  bool drain_is_due_ = false;
  bool store_down_ = false;
  std::set<DeploymentId> held_;
  std::set<std::string> late_recorded_;
  std::set<std::pair<HostId, DeploymentId>> late_speakers_;  ///< they did take part
  /// Hosts that still have a deployment open which is over, and what they were told.
  std::map<std::pair<HostId, DeploymentId>, protocol::Message> strays_;
};

}  // namespace switchyard::fleet
