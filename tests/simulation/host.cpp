#include "tests/simulation/host.hpp"

#include <utility>

#include "tests/simulation/trace.hpp"
#include "tests/simulation/watchman.hpp"
#include "tests/support/curve_key.hpp"

namespace switchyard::simulation {

namespace {

/// TimeoutStartSec of switchyard-resume.service.
constexpr std::int64_t resume_ms_max = 30'000;

}  // namespace

Surroundings::Surroundings(std::uint64_t seed, Watchman& watching, Trace& tracing)
    : dice(seed),
      points(dice),
      network(events, dice, tracing),
      plan_key(signing_key_from_secret(std::string(32, 'k'))),  // fixed: the seed alone decides what happens
      watchman(watching),
      trace(tracing) {}

Host::Host(Surroundings& surroundings, HostId name)
    : id(std::move(name)),
      clock(surroundings.events),
      disk(surroundings.dice, surroundings.points),
      machine(id.str(), surroundings.dice, surroundings.points, clock),
      world_(surroundings) {
  world_.network.way(id).walled = [this] { return machine.walled(); };
  disk.on_write = [this](std::string_view bytes) { world_.trace.mix(bytes); };
  disk.on_durable = [this] { world_.watchman.journal_grew(id, disk.durable_file(), disk.durable_bytes()); };
  machine.on_violation = [this](const std::string& text) { world_.watchman.violation(text); };
  machine.on_effect = [this](const agent::StepContext& context) {
    world_.watchman.step_acts(id, context.deployment, context.step, context.undo);
  };
  machine.on_act = [this](const std::string& text) { world_.trace.note(world_.events.now(), id.str(), text); };
}

Host::~Host() = default;

std::string Host::give_key() {
  const std::string secret = sha256("secret key of " + id.str());
  machine.secret_key = testing::curve_key(secret);
  return testing::curve_key(x25519_public(secret));
}

void Host::switch_on() {
  up = true;
  ++boots;
  machine.boot();
  if (boots == 1) return start_agent();
  start_dead_man(agent::Role::resume);  // decides before anything else does; the agent waits for its end
  world_.events.at(clock.world_ms(resume_ms_max), [this, boot = boots] {
    if (!up || boots != boot || agent) return;
    if (dead_man) dead_man->process.kill("took too long");
    start_agent();
  });
}

void Host::reboot(bool power) {
  if (!up) return;
  up = false;
  world_.trace.note(world_.events.now(), id.str(), power ? "power cut" : "reboot");
  ++world_.crashes;
  if (dead_man) dead_man->process.kill("reboot");
  if (agent) agent->process.kill("reboot");
  machine.power_off();
  if (power) {
    disk.cut_power();
    world_.watchman.power_was_cut(id, disk.durable_file(), disk.durable_bytes());
  }
  world_.events.at(world_.dice.between(1'000, 8'000), [this] { switch_on(); });
}

void Host::start_agent() {
  if (!up || agent) return;
  world_.trace.note(world_.events.now(), id.str(), "agent starts");
  agent = std::make_unique<AgentProcess>(world_, *this, agent::Role::agent,
                                         [this](const Crashed& crash) { agent_ended(crash); });
  agent->begin();
}

void Host::start_dead_man(agent::Role role) {
  if (dead_man) dead_man->process.kill("started anew");
  if (!up) return;
  dead_man =
      std::make_unique<AgentProcess>(world_, *this, role, [this](const Crashed& crash) { dead_man_ended(crash); });
  dead_man->begin();
}

void Host::agent_ended(const Crashed& crash) {
  world_.trace.note(world_.events.now(), id.str(), "agent ended: " + crash.why);
  ++world_.crashes;
  bury(agent);
  if (crash.power) return reboot(true);
  if (!up) return;
  world_.events.at(world_.dice.between(100, 5'000), [this, boot = boots] {
    if (up && boots == boot) start_agent();
  });
}

void Host::dead_man_ended(const Crashed& crash) {
  bury(dead_man);
  if (crash.power) return reboot(true);
  if (up && !agent && boots > 1 && crash.why != "took too long") {
    world_.events.at(world_.dice.between(10, 200), [this, boot = boots] {
      if (up && boots == boot && !agent) start_agent();
    });
    return;
  }
  // Restart=on-failure.
  if (up && !crash.why.empty() && crash.why != "started anew" && crash.why != "reboot") {
    world_.events.at(1'000, [this, boot = boots] {
      if (up && boots == boot && !dead_man) start_dead_man();
    });
  }
}

/// Its objects are destroyed now, itself when nothing of it is on the stack.
void Host::bury(std::unique_ptr<AgentProcess>& process) {
  process->clear();
  std::shared_ptr<AgentProcess> late = std::move(process);
  world_.events.at(0, [late] {});
}

}  // namespace switchyard::simulation
