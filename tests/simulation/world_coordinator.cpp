// The simulated coordinator process around the real engine, its store, and the network between it and the agents.
#include <utility>

#include "tests/simulation/world.hpp"

namespace switchyard::simulation {

void World::start_coordinator(bool first) {
  ++stored_epoch_;
  ++coordinator_life_;
  coordinator_timers_.clear();
  run_ = std::make_unique<engine::DeploymentRun>(engine::make_run(stored_row_, plan_, stored_decision_));
  trace("coordinator starts");
  if (first) {
    coordinator_event(engine::Started{});
  } else if (!model::is_final(stored_row_.state)) {
    coordinator_event(engine::Restarted{});
  }
}

void World::crash_coordinator() {
  if (!run_) return;
  trace("coordinator crashes");
  ++outcome_.crashes;
  run_.reset();
  ++coordinator_life_;
  for (auto& [id, host] : hosts_) {
    host.session = 0;
    if (host.agent.core) dial(host);
  }
  at(between(200, 20'000), [this] { start_coordinator(false); });
}

void World::coordinator_event(const engine::Event& event) {
  if (!run_) return;
  if (model::is_final(stored_row_.state)) {
    // What a finished deployment's stray agent is told.
    const auto* connected = std::get_if<engine::AgentConnected>(&event);
    if (connected == nullptr) return;
    Host& host = hosts_.at(connected->host);
    if (auto message = engine::settle_stray(connected->report, stored_decision_))
      to_agent(host, connected->session, stored_epoch_, *message);
    return;
  }
  const bool may_crash = faults_.coordinator_crashes && now_ < faults_end_;
  engine::Effects effects = engine::apply(*run_, event);
  if (may_crash && (effects.save || effects.decided) && chance(0.02)) return crash_coordinator();  // before the commit
  if (effects.decided) {
    if (stored_decision_ && *stored_decision_ != effects.decision) violation("I1: a second decision that differs");
    stored_decision_ = effects.decision;
    trace(effects.decision == model::Decision::commit ? "decides commit" : "decides abort");
  }
  if (effects.save) {
    stored_row_ = run_->row;
    trace("state " + std::string(model::state_name(stored_row_.state)));
  }
  if (effects.finished && ended_at_ < 0) ended_at_ = now_;
  if (may_crash && (effects.save || effects.decided) && chance(0.02)) return crash_coordinator();  // after it
  for (engine::Send& send : effects.sends) {
    Host& host = hosts_.at(send.host);
    if (host.session != 0) to_agent(host, host.session, stored_epoch_, std::move(send.message));
  }
  for (const engine::SetTimer& timer : effects.timers) {
    const std::uint64_t number = ++order_;
    coordinator_timers_[timer.timer] = number;
    if (timer.ms < 0) continue;
    const std::uint64_t life = coordinator_life_;
    at(timer.ms, [this, life, name = timer.timer, number] {
      if (coordinator_life_ != life || coordinator_timers_[name] != number) return;
      coordinator_event(engine::TimerFired{name});
    });
  }
}

// --- network
// ---------------------------------------------------------------------------------------------------------------

std::int64_t World::latency() {
  if (now_ < faults_end_ && chance(faults_.slow)) return between(200, 6'000);
  return between(1, 30);
}

void World::to_agent(Host& host, std::uint64_t session, std::uint64_t epoch, protocol::Message message) {
  const bool faulty = now_ < faults_end_;
  if (host.partitioned_in || (faulty && chance(faults_.loss))) return;
  const int copies = faulty && chance(faults_.duplicate) ? 2 : 1;
  for (int i = 0; i < copies; ++i) {
    // A stale coordinator's words come on a connection of their own, late: only the epoch can refuse them.
    const bool stale = faults_.stale_coordinator && faulty && chance(0.05);
    at(stale ? between(1'000, 40'000) : latency(), [this, &host, session, epoch, message, stale] {
      if (!host.agent.core || host.partitioned_in || (host.session != session && !stale)) return;
      agent_event(host, host.agent, agent::MessageArrived{epoch, message});
    });
  }
}

void World::to_coordinator(Host& host, std::uint64_t session, protocol::Message message) {
  const bool faulty = now_ < faults_end_;
  if (host.partitioned_out || (faulty && chance(faults_.loss))) return;
  const int copies = faulty && chance(faults_.duplicate) ? 2 : 1;
  for (int i = 0; i < copies; ++i) {
    at(latency(), [this, &host, session, message] {
      if (host.partitioned_out) return;
      coordinator_event(engine::AgentSaid{host.id, session, message});
    });
  }
}

}  // namespace switchyard::simulation
