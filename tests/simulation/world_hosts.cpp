// The simulated hosts: processes that crash, disks that keep what was synced, units, and the switch.
#include <algorithm>

#include "tests/simulation/world.hpp"

namespace switchyard::simulation {
namespace {

/// The dead-man looks this long after the deadline: the agent, if it lives, was first.
constexpr std::int64_t dead_man_grace_ms = 500;

}  // namespace

void World::start_agent(Host& host) {
  if (!host.up || host.agent.core) return;
  Process& process = host.agent;
  ++process.life;
  process.timers.clear();
  process.core =
      std::make_unique<agent::AgentCore>(agent::CoreIdentity{host.id, keys_.public_key}, agent::Role::agent, host.disk);
  process.seen = host.disk.size();
  host.connection = 0;
  host.session = 0;
  trace("agent starts " + host.id.str());
  agent_event(host, process, agent::Began{boot_id(host)});
  dial(host);
}

void World::start_dead_man(Host& host) {
  if (!host.up || host.dead_man.core) return;
  Process& process = host.dead_man;
  process.role = agent::Role::dead_man;
  ++process.life;
  process.timers.clear();
  process.core = std::make_unique<agent::AgentCore>(agent::CoreIdentity{host.id, keys_.public_key},
                                                    agent::Role::dead_man, host.disk);
  process.seen = host.disk.size();
  trace("dead-man looks " + host.id.str());
  agent_event(host, process, agent::Began{boot_id(host)});
}

void World::crash(Host& host, Process& process) {
  if (!process.core) return;
  trace("crash on " + host.id.str());
  ++outcome_.crashes;
  process.core.reset();
  ++process.life;
  if (&process == &host.agent) {
    lose_connection(host);
    at(between(100, 5'000), [this, &host] { start_agent(host); });
  }
}

void World::reboot(Host& host) {
  if (!host.up) return;
  trace("reboot " + host.id.str());
  crash(host, host.dead_man);
  host.dead_man.core.reset();
  if (host.agent.core) {
    host.agent.core.reset();
    ++host.agent.life;
    lose_connection(host);
  }
  host.up = false;
  host.units.clear();
  at(between(1'000, 8'000), [this, &host] {
    host.up = true;
    ++host.boot;
    // What is enabled starts; the switch's state is durable.
    host.units.insert(host.enabled.begin(), host.enabled.end());
    start_dead_man(host);  // the resume unit
    at(between(50, 1'000), [this, &host] { start_agent(host); });
  });
}

void World::agent_event(Host& host, Process& process, const agent::Event& event) {
  if (!process.core) return;
  const std::int64_t boot_ms = now_ + 1'000'000;  // one clock for all boots is enough: deadlines name their boot
  if (process.seen < host.disk.size()) {
    std::vector<agent::JournalRecord> foreign(host.disk.begin() + static_cast<std::ptrdiff_t>(process.seen),
                                              host.disk.end());
    process.seen = host.disk.size();
    carry_out(host, process, process.core->apply(agent::JournalGrew{std::move(foreign)}, boot_ms));
    if (!process.core) return;
  }
  carry_out(host, process, process.core->apply(event, boot_ms));
}

void World::carry_out(Host& host, Process& process, agent::Effects effects) {
  const bool may_crash = faults_.agent_crashes && now_ < faults_end_ && process.role == agent::Role::agent;
  if (may_crash && !effects.writes.empty() && chance(0.01)) {
    // Power or process gone in the middle of the append: a prefix of the records is there.
    const auto kept = static_cast<std::size_t>(between(0, static_cast<std::int64_t>(effects.writes.size())));
    host.disk.insert(host.disk.end(), effects.writes.begin(),
                     effects.writes.begin() + static_cast<std::ptrdiff_t>(kept));
    return crash(host, process);
  }
  for (const agent::JournalRecord& record : effects.writes) {
    trace(host.id.str() + " journal " + std::string(agent::record_name(record.kind)) + " " + record.component);
    host.disk.push_back(record);
  }
  process.seen = host.disk.size();
  if (may_crash && !effects.writes.empty() && chance(0.01)) return crash(host, process);
  if (effects.arm_dead_man && process.role == agent::Role::agent) {
    // The unit lives apart from the agent; it re-reads the journal when the deadline has passed.
    std::int64_t latest = 0;
    for (const auto& [id, run] : process.core->deployments()) {
      if (run.provisional()) latest = std::max(latest, run.deadline_boot_ms - 1'000'000 - now_);
    }
    const std::uint64_t boot = host.boot;
    at(latest + dead_man_grace_ms, [this, &host, boot] {
      if (host.boot != boot || !host.up) return;
      start_dead_man(host);
    });
  }
  for (agent::RunStep& order : effects.runs) run_step(host, process, std::move(order));
  for (const agent::SetTimer& timer : effects.timers) {
    const std::uint64_t number = ++order_;
    process.timers[timer.timer] = number;
    if (timer.ms < 0) continue;
    const std::uint64_t life = process.life;
    at(timer.ms, [this, &host, &process, life, name = timer.timer, number] {
      if (process.life != life || !process.core || process.timers[name] != number) return;
      agent_event(host, process, agent::TimerFired{name});
    });
  }
  if (process.role == agent::Role::dead_man) {
    if (process.core && process.core->idle()) process.core.reset();
    return;
  }
  for (protocol::Message& message : effects.sends) {
    if (host.session != 0) to_coordinator(host, host.session, std::move(message));
  }
  if (effects.redial) {
    lose_connection(host);
    dial(host);
  }
}

void World::run_step(Host& host, Process& process, agent::RunStep order) {
  const std::uint64_t life = process.life;
  const std::uint64_t boot = host.boot;
  const bool slow = now_ < faults_end_ && chance(0.03);
  const std::int64_t effect_after = slow ? between(1'000, 8'000) : between(1, 200);
  const bool in_time = effect_after <= static_cast<std::int64_t>(order.timeout_ms);
  const bool faulty =
      order.undo ? doomed_undos_.contains(order.step) && now_ < faults_end_ : doomed_.contains(order.step);
  const bool fails = faulty || !in_time;
  // A crash of the process while the step is at work: the effect has come, or never comes.
  auto acted = std::make_shared<bool>(false);
  if (!fails) {
    at(effect_after, [this, &host, &process, life, boot, order, acted] {
      if (host.boot != boot || !host.up || process.life != life) return;
      act(host, order.action, order.step);
      *acted = true;
    });
  }
  at(effect_after + between(1, 20), [this, &host, &process, life, boot, order, fails, in_time] {
    if (host.boot != boot || process.life != life || !process.core) return;
    protocol::StepResult result;
    result.state = fails ? protocol::StepState::failed : protocol::StepState::done;
    result.code = fails ? (in_time ? "planted" : "timeout") : "";
    agent_event(host, process, agent::StepFinished{order.deployment, order.step, order.undo, result});
  });
}

void World::act(Host& host, const protocol::Action& action, const StepId& step) {
  if (const auto* unit = std::get_if<protocol::EnsureUnit>(&action)) {
    if (unit->state == protocol::UnitState::started) host.units.insert(unit->unit);
    if (unit->state == protocol::UnitState::stopped) host.units.erase(unit->unit);
    if (unit->enablement == protocol::UnitEnablement::enabled) host.enabled.insert(unit->unit);
    if (unit->enablement == protocol::UnitEnablement::disabled) host.enabled.erase(unit->unit);
  } else if (const auto* traffic = std::get_if<protocol::SwitchTraffic>(&action)) {
    const std::string release = traffic->targets.empty() ? "" : traffic->targets.front().slot;
    if (!release.empty() && !host.units.contains(unit_of(traffic->component, release))) {
      violation("the switch of " + traffic->component + " on " + host.id.str() + " points at a unit that does not run");
    }
    host.serving[traffic->component] = release;
  } else if (std::holds_alternative<protocol::Run>(action)) {
    ++host.effects[step];
  }
  trace(host.id.str() + " acts " + std::string(protocol::action_name(action)));
}

// --- connections
// ---------------------------------------------------------------------------------------------------------

void World::dial(Host& host) {
  const std::uint64_t life = host.agent.life;
  at(between(1, 400), [this, &host, life] {
    if (host.agent.life != life || !host.agent.core || host.session != 0) return;
    const bool reachable = run_ != nullptr && !host.partitioned_in && !host.partitioned_out;
    if (!reachable) return dial(host);
    welcome(host, ++host.connection);
  });
}

/// HELLO has come through and WELCOME goes back; either may still be lost with the connection.
void World::welcome(Host& host, std::uint64_t connection) {
  host.session = ++sessions_;
  protocol::DeploymentReport report;
  report.deployment = plan_.deployment;
  for (const protocol::DeploymentReport& open : host.agent.core->reports(now_ + 1'000'000)) {
    if (open.deployment == plan_.deployment) report = open;
  }
  trace(host.id.str() + " connects");
  const std::uint64_t session = host.session;
  const std::uint64_t life = host.agent.life;
  const std::uint64_t epoch = stored_epoch_;
  at(latency(), [this, &host, session, report] {
    if (host.session == session) coordinator_event(engine::AgentConnected{host.id, session, report});
  });
  at(latency(), [this, &host, session, life, connection, epoch] {
    if (host.session != session || host.agent.life != life || !host.agent.core) return;
    agent_event(host, host.agent, agent::MessageArrived{epoch, protocol::Welcome{}});
    if (host.agent.core) agent_event(host, host.agent, agent::SessionBegan{connection});
  });
}

void World::lose_connection(Host& host) {
  if (host.session == 0) return;
  const std::uint64_t session = std::exchange(host.session, 0);
  at(latency(), [this, &host, session] { coordinator_event(engine::AgentLost{host.id, session}); });
  if (host.agent.core) dial(host);
}

}  // namespace switchyard::simulation
