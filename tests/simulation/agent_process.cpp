#include "tests/simulation/agent_process.hpp"

#include <algorithm>
#include <optional>
#include <utility>
#include <vector>

#include "agent/core/hello.hpp"
#include "agent/journal/journal_file.hpp"
#include "agent/link/coordinator_session.hpp"
#include "agent/link/core_shell.hpp"
#include "agent/link/provisional.hpp"
#include "agent/link/step_runner.hpp"
#include "common/error.hpp"
#include "tests/simulation/host.hpp"
#include "tests/simulation/trace.hpp"
#include "tests/simulation/watchman.hpp"

namespace switchyard::simulation {
namespace {

/// As in agent/link/dead_man.cpp: the agent, if it lives, was to act at the deadline itself.
constexpr std::int64_t grace_ms = 500;
/// Small, so that reading a journal anew costs little and a full disk is met.
constexpr std::uint64_t journal_bytes_reserved = 48 * 1024;

}  // namespace

/// As agent/link/agent.cpp and dead_man.cpp put them together.
struct AgentProcess::Parts {
  Parts(Surroundings& surroundings, Host& on, Process& as, agent::Role in_role)
      : world(surroundings),
        host(on),
        process(as),
        role(in_role),
        journal(on.disk.open(), journal_bytes_reserved),
        steps(as, as, on.machine.executors(), on.clock,
              [this](const agent::StepFinished& finished) { shell.handle(finished); }),
        shell({on.id, surroundings.plan_key.public_key}, in_role, journal, as, on.clock, steps, hands()) {
    if (role != agent::Role::agent) return;
    session.emplace(
        [this](protocol::LinkCallbacks heard) {
          return std::make_unique<AgentLink>(world.network, world.events, world.dice, process, host.id,
                                             std::move(heard));
        },
        process, host.clock, callbacks());
  }

  agent::CoreShell::Hands hands() {
    agent::CoreShell::Hands hands;
    if (role != agent::Role::agent) {
      hands.arm_dead_man = [] {};
      hands.after_event = [this] { process.post([this] { leave_when_idle(); }); };
      return hands;
    }
    hands.arm_dead_man = [this] {
      if (world.dice.chance(host.dead_man_failure)) throw TransportError("no dead-man");
      world.events.at(0, [&on = host] { on.start_dead_man(); });
    };
    hands.send = [this](protocol::Message message) {
      world.watchman.agent_says(host.id, message);
      session->send(std::move(message));
    };
    hands.redial = [this] { session->redial(); };
    hands.start_watch = [this](const agent::StartWatch& watch) {
      watched.insert({watch.deployment, watch.component});
      if (watch.unseen) look_soon({watch.deployment, watch.component});
      if (!world.dice.chance(host.machine.trouble.falling_ill)) return;
      // While the agent dials anew, or before it is asked for its vote.
      constexpr std::int64_t soon_ms = 1'500;
      looks.push_back(
          process.after(world.dice.between(0, soon_ms), [this, what = std::pair(watch.deployment, watch.component)] {
            if (watched.contains(what)) note_health(what, false);
          }));
    };
    hands.stop_watch = [this](const agent::StopWatch& watch) {
      std::erase_if(watched, [&](const auto& entry) { return entry.first == watch.deployment; });
    };
    return hands;
  }

  void leave_when_idle() {
    if (shell.core().idle() && steps.running() == 0) throw Crashed{};  // an orderly end
  }

  agent::CoordinatorSession::Callbacks callbacks() {
    agent::CoordinatorSession::Callbacks callbacks;
    callbacks.hello = [this] { return hello(); };
    callbacks.welcomed = [this](std::uint64_t epoch, const protocol::Welcome& welcome, std::uint64_t connection) {
      world.watchman.agent_sees(host.id, welcome.audit_head);
      welcomed_epoch = std::max(welcomed_epoch, epoch);
      shell.handle(agent::MessageArrived{epoch, welcome});
      world.watchman.agent_welcomed(host.id, epoch);
      shell.handle(agent::SessionBegan{connection});
    };
    callbacks.message = [this](std::uint64_t epoch, protocol::Message message) { hear(epoch, std::move(message)); };
    callbacks.witness = [this](const std::string& audit_head) { return host.audit_head = audit_head; };
    callbacks.ended = [this] { shell.handle(agent::SessionEnded{}); };
    callbacks.every_ping = [this] { shell.compact_if_large(world.journal_compact_bytes); };
    return callbacks;
  }

  protocol::Hello hello() const {
    protocol::Hello hello = agent::make_hello({"simulated-" + host.id.str(), host.boot_id(), host.audit_head},
                                              shell.core(), host.clock.boot_ms());
    world.watchman.agent_reports(host.id, hello);
    return hello;
  }

  /// The first look of a process that began anew: it finds nothing.
  void look_soon(const std::pair<DeploymentId, std::string>& what) {
    looks.push_back(process.after(limits::health_round_ms, [this, what] {
      if (watched.contains(what)) note_health(what, true);
    }));
  }

  void note_health(const std::pair<DeploymentId, std::string>& what, bool healthy) {
    world.watchman.health_changed(host.id, what.first, what.second, healthy);
    shell.handle(agent::HealthChanged{what.first, what.second, healthy, healthy ? "" : "planted"});
  }

  void hear(std::uint64_t epoch, protocol::Message message) {
    if (const auto* question = std::get_if<protocol::Inventory>(&message)) {
      protocol::InventoryReply reply = host.machine.answer(*question);
      agent::mark_provisional(agent::provisional_components(shell.core(), host.clock.boot_ms()), reply);
      session->send(std::move(reply));
      return;
    }
    world.watchman.agent_hears(host.id, message);
    shell.handle(agent::MessageArrived{epoch, std::move(message)});
  }

  Surroundings& world;
  Host& host;
  Process& process;
  agent::Role role;
  agent::JournalFile journal;
  std::set<std::pair<DeploymentId, std::string>> watched;
  std::vector<Scheduler::Timer> looks;
  std::uint64_t welcomed_epoch = 0;
  agent::StepRunner steps;
  agent::CoreShell shell;
  std::optional<agent::CoordinatorSession> session;
};

AgentProcess::AgentProcess(Surroundings& world, Host& host, agent::Role role, std::function<void(const Crashed&)> ended)
    : process(world.events, world.dice, host.clock, std::move(ended)), world_(world), host_(host), role_(role) {}

AgentProcess::~AgentProcess() = default;

void AgentProcess::begin() {
  process.run([this] {
    try {
      parts_ = std::make_unique<Parts>(world_, host_, process, role_);
    } catch (const agent::JournalCorrupt& error) {
      world_.watchman.violation("the journal of " + host_.id.str() + " cannot be read: " + error.what());
      throw;
    }
    world_.watchman.health_forgotten(host_.id, role_ == agent::Role::agent);
    if (role_ == agent::Role::agent) parts_->shell.handle(agent::Began{host_.boot_id()});
  });
  if (role_ == agent::Role::agent || !process.alive()) return;
  grace_ = process.after(grace_ms, [this] { parts_->shell.handle(agent::Began{host_.boot_id()}); });
}

void AgentProcess::clear() { parts_.reset(); }

std::optional<DeploymentId> AgentProcess::open_deployment() const {
  if (!parts_ || parts_->shell.core().deployments().empty()) return std::nullopt;
  return parts_->shell.core().deployments().rbegin()->first;
}

bool AgentProcess::change_health(bool healthy) {
  if (!parts_ || parts_->watched.empty()) return false;
  process.run([this, what = world_.dice.pick(parts_->watched), healthy] { parts_->note_health(what, healthy); });
  return true;
}

void AgentProcess::lie(const protocol::Message& message) {
  world_.watchman.host_lies(host_.id, message);
  process.run([this, message] { parts_->session->send(message); });
}

std::uint64_t AgentProcess::welcomed_epoch() const { return parts_ ? parts_->welcomed_epoch : 0; }

void AgentProcess::hear_stale(std::uint64_t epoch, const protocol::Message& message) {
  process.run([this, epoch, message] {
    const std::uint64_t before = parts_->journal.size();
    // What the dead-man has written meanwhile is taken in too, and is no obedience.
    if (agent::JournalFile(host_.disk.open(), journal_bytes_reserved).size() != before) return;
    parts_->shell.handle(agent::MessageArrived{epoch, message});
    if (parts_->journal.size() != before) {
      world_.watchman.violation("I6: " + host_.id.str() + " obeyed a coordinator that was replaced");
    }
  });
}

}  // namespace switchyard::simulation
