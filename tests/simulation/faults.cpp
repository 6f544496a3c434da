#include "tests/simulation/faults.hpp"

#include <algorithm>
#include <utility>
#include <vector>

#include "tests/simulation/world.hpp"

namespace switchyard::simulation {
namespace {

constexpr double half = 0.4;  ///< how likely each kind is in a world

}  // namespace

Faults::Faults(World& world) : world_(world), length_ms_(world.surroundings().dice.between(30'000, 300'000)) {}

Host& Faults::any_host() { return *world_.surroundings().dice.pick(world_.hosts()).second; }

void Faults::sometimes(std::int64_t least, std::int64_t most, std::function<void()> happen) {
  Dice& dice = world_.surroundings().dice;
  for (std::int64_t i = dice.between(least, most); i > 0; --i) {
    // Most deployments are under way in the first seconds.
    const std::int64_t when = dice.chance(0.5) ? dice.between(0, 8'000) : dice.between(0, length_ms_);
    world_.surroundings().events.at(std::min(when, length_ms_ - 1), [this, happen] {
      if (!world_.faults_are_on()) return;
      world_.model().disturbed();
      happen();
    });
  }
}

void Faults::begin() {
  network();
  partitions();
  swizzle();
  processes();
  machines();
  disks();
  store();
  steps();
  people();
  stale_words();
  old_copies();
  impostors();
}

void Faults::network() {
  Dice& dice = world_.surroundings().dice;
  Network::Trouble& trouble = world_.surroundings().network.trouble;
  if (dice.chance(half)) trouble.loss = 0.3 * dice.unit();
  if (dice.chance(half)) trouble.duplicate = 0.2;
  if (dice.chance(half)) trouble.reorder = 0.5;
  if (dice.chance(half)) trouble.slow = 0.2 * dice.unit();
  if (trouble.loss + trouble.duplicate + trouble.reorder + trouble.slow > 0) world_.model().disturbed();
}

/// One way or both, without either end being told.
void Faults::partitions() {
  Dice& dice = world_.surroundings().dice;
  if (!dice.chance(half)) return;
  sometimes(1, 3, [this, &dice] {
    const HostId id = any_host().id;
    Network::Way& way = world_.surroundings().network.way(id);
    way.cut_in = dice.chance(0.7);
    way.cut_out = !way.cut_in || dice.chance(0.7);
    world_.surroundings().events.at(dice.between(500, 90'000), [this, id] {
      Network::Way& healed = world_.surroundings().network.way(id);
      healed.cut_in = healed.cut_out = false;
      world_.surroundings().network.wake();
    });
  });
}

/// Some ways are stopped up one by one, and freed in another order.
void Faults::swizzle() {
  Dice& dice = world_.surroundings().dice;
  if (!dice.chance(half)) return;
  sometimes(1, 2, [this, &dice] {
    for (const auto& [id, host] : world_.hosts()) {
      if (dice.chance(0.5)) continue;
      world_.surroundings().events.at(dice.between(0, 10'000), [this, name = id] {
        if (world_.faults_are_on()) world_.surroundings().network.way(name).clogged = true;
      });
      world_.surroundings().events.at(dice.between(10'000, 40'000), [this, name = id] {
        world_.surroundings().network.unclog(name);
        world_.surroundings().network.wake();
      });
    }
  });
}

void Faults::processes() {
  Dice& dice = world_.surroundings().dice;
  if (dice.chance(half)) {
    sometimes(1, 4, [this] {
      Host& host = any_host();
      if (host.agent) host.agent->process.kill("killed");
    });
  }
  if (dice.chance(half / 2)) {
    sometimes(1, 3, [this] {
      Host& host = any_host();
      if (host.dead_man) host.dead_man->process.kill("killed");
    });
  }
  if (dice.chance(half / 2)) {
    sometimes(1, 2, [this, &dice] {
      Host& host = any_host();
      if (!host.agent || host.agent->process.paused()) return;
      host.agent->process.pause();
      world_.surroundings().trace.note(world_.surroundings().events.now(), host.id.str(), "agent frozen");
      world_.surroundings().events.at(dice.between(500, 40'000),
                                      [&frozen = host.agent->process, alive = host.agent->process.life()] {
                                        if (*alive) frozen.go_on();
                                      });
    });
  }
  if (dice.chance(half)) sometimes(1, 3, [this] { world_.crash_coordinator("killed"); });
  if (dice.chance(half / 2)) sometimes(1, 2, [this, &dice] { world_.freeze_coordinator(dice.between(1'000, 40'000)); });
  if (dice.chance(half / 2)) {
    for (auto& [id, host] : world_.hosts()) host->dead_man_failure = 0.2;
  }
}

void Faults::machines() {
  Dice& dice = world_.surroundings().dice;
  if (dice.chance(half)) sometimes(1, 3, [this, &dice] { any_host().reboot(dice.chance(0.5)); });
  if (dice.chance(half)) {
    for (auto& [id, host] : world_.hosts()) host->clock.rate = 0.9 + 0.2 * dice.unit();
    world_.coordinator_clock().rate = 0.9 + 0.2 * dice.unit();
  }
  if (dice.chance(half)) {
    sometimes(1, 3, [this, &dice] {
      constexpr std::int64_t year_ms = 365LL * 24 * 3'600'000;
      MachineClock& clock = dice.chance(0.3) ? world_.coordinator_clock() : any_host().clock;
      clock.wall_offset_ms += dice.between(-year_ms, year_ms);
    });
  }
}

void Faults::disks() {
  Dice& dice = world_.surroundings().dice;
  FaultPoints& points = world_.surroundings().points;
  if (dice.chance(half)) {
    points.armed = true;
    points.journal_chance = 0.02 * dice.unit();
    points.power_share = dice.chance(0.5) ? 0.5 : 0;
  }
  if (dice.chance(half / 2)) {
    points.armed = true;
    for (auto& [id, host] : world_.hosts()) host->disk.sync_failure = 0.02;
  }
  if (dice.chance(half)) {
    sometimes(1, 2, [this, &dice] {
      Host& host = any_host();
      host.disk.full = true;
      world_.surroundings().events.at(dice.between(1'000, 60'000), [&host] { host.disk.full = false; });
    });
  }
}

void Faults::store() {
  Dice& dice = world_.surroundings().dice;
  FaultPoints& points = world_.surroundings().points;
  if (dice.chance(half)) {
    points.armed = true;
    points.store_chance = 0.02 * dice.unit();
  }
  if (dice.chance(half / 2)) {
    sometimes(1, 2, [this, &dice] {
      world_.store_trouble().full = true;
      world_.surroundings().events.at(dice.between(500, 30'000), [this] { world_.store_trouble().full = false; });
    });
  }
}

void Faults::steps() {
  Dice& dice = world_.surroundings().dice;
  const bool slow = dice.chance(half), failing = dice.chance(half), undos = dice.chance(half / 2);
  for (auto& [id, host] : world_.hosts()) {
    if (slow) host->machine.trouble.slow = 0.05;
    if (failing) host->machine.trouble.failing = 0.03;
    if (undos) host->machine.trouble.failing_undo = 0.3;
  }
  if (slow || failing || undos) world_.model().disturbed();
  if (dice.chance(half)) {
    // A release that does not work: of one component, in one of the versions that are about to be deployed.
    const std::string component = dice.pick(world_.plan().components).name;
    const std::string bad = world_.artifacts().release(component, static_cast<int>(dice.between(2, 4))).str();
    world_.model().bad_release(bad);
    for (auto& [id, host] : world_.hosts()) host->machine.trouble.bad_releases.insert(bad);
  }
  if (dice.chance(half / 2)) {
    // One that breaks the host's own firewall: who is connected stays so, and nobody gets in any more.
    const std::string component = dice.pick(world_.plan().components).name;
    const std::string bad = world_.artifacts().release(component, static_cast<int>(dice.between(2, 4))).str();
    world_.model().bad_release(bad);
    for (auto& [id, host] : world_.hosts()) host->machine.trouble.walling_releases.insert(bad);
  }
  if (dice.chance(half / 2)) {
    for (auto& [id, host] : world_.hosts()) host->machine.trouble.falling_ill = 0.1;
  }
  if (dice.chance(half)) {
    sometimes(1, 4, [this, &dice] {
      Host& host = any_host();
      if (!host.agent || host.agent->process.paused()) return;
      host.agent->change_health(dice.chance(0.3));
    });
  }
}

/// A person puts an older copy of the store in its place: what was decided since is known to the hosts alone.
void Faults::old_copies() {
  Dice& dice = world_.surroundings().dice;
  if (!dice.chance(half / 2)) return;
  const std::int64_t copied = dice.between(0, 20'000);
  const std::int64_t restored = copied + dice.between(500, 40'000);
  world_.surroundings().events.at(copied, [this] { world_.copy_store(); });
  world_.surroundings().events.at(std::min(restored, length_ms_ - 1), [this] {
    world_.model().disturbed();
    world_.restore_store();
  });
}

/// What a coordinator that was replaced still says, over whatever connection.
void Faults::stale_words() {
  Dice& dice = world_.surroundings().dice;
  if (!dice.chance(half)) return;
  sometimes(2, 8, [this, &dice] {
    Host& host = any_host();
    if (!host.agent || host.agent->process.paused()) return;
    const auto open = host.agent->open_deployment();
    const std::uint64_t epoch = host.agent->welcomed_epoch();
    if (!open || epoch < 2) return;
    const auto epoch_then = static_cast<std::uint64_t>(dice.between(1, static_cast<std::int64_t>(epoch) - 1));
    const std::string component = world_.plan().components.front().name;
    protocol::Message message = protocol::Abort{*open, {}, true, "stale"};
    if (dice.chance(0.3)) message = protocol::Swap{*open, component, 1};
    if (dice.chance(0.3)) message = protocol::Hold{*open};
    host.agent->hear_stale(epoch_then, message);
  });
}

/// A host whose key is in other hands speaks of what is another host's to speak of. Not of its own: nothing helps
/// against a host that lies about itself.
void Faults::impostors() {
  if (world_.surroundings().dice.chance(half / 2)) sometimes(1, 4, [this] { lie(any_host()); });
}

void Faults::lie(Host& host) {
  Dice& dice = world_.surroundings().dice;
  if (!host.agent || host.agent->process.paused() || world_.plans().empty()) return;
  const model::Plan& plan = dice.pick(world_.plans()).second;
  if (plan.slices.empty()) return;
  const auto& [victim, slice] = dice.pick(plan.slices);
  if (victim == host.id || slice.components.empty()) return;
  const protocol::SliceComponent& component = dice.pick(slice.components);
  if (component.steps.empty()) return;
  if (!plan.slices.contains(host.id)) {
    // Of a deployment in which it takes no part: that ends its session, and is written down.
    return host.agent->lie(protocol::Staged{plan.deployment, component.name, 0});
  }
  protocol::StepEvent event{plan.deployment, dice.pick(component.steps).id, component.name, {}, dice.chance(0.5)};
  event.result.state = protocol::StepState::unknown;
  event.result.evidence = {{"host", victim.str()}};
  host.agent->lie(event);
}

void Faults::people() {
  Dice& dice = world_.surroundings().dice;
  if (dice.chance(half)) sometimes(1, 3, [this] { world_.operators().second_operator(); });
  if (dice.chance(half / 2)) sometimes(1, 2, [this] { world_.operators().cancel(); });
  if (dice.chance(half / 2)) sometimes(1, 2, [this] { world_.operators().hold(); });
}

}  // namespace switchyard::simulation
