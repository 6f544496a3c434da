#include "tests/simulation/coordinator_process.hpp"

#include <utility>

#include "common/error.hpp"
#include "coordinator/fleet/fleet.hpp"
#include "coordinator/fleet/loop_timers.hpp"
#include "tests/simulation/trace.hpp"
#include "tests/simulation/watchman.hpp"

namespace switchyard::simulation {

namespace {

/// All worlds share their artifacts: nothing is removed.
constexpr std::uint32_t keep_all = 1'000;

}  // namespace

SimStore::SimStore(std::shared_ptr<store::MemoryDisk> disk, Surroundings& world, const StoreTrouble& trouble)
    : MemoryStore(std::move(disk)), world_(world), trouble_(trouble) {}

std::uint64_t SimStore::take_epoch(const std::string& holder) {
  world_.points.pass(FaultPoints::Where::store_before);
  if (trouble_.full) throw StoreError("the disk is full");
  const std::uint64_t epoch = MemoryStore::take_epoch(holder);
  world_.watchman.store_took_epoch(epoch);
  world_.points.pass(FaultPoints::Where::store_after);
  return epoch;
}

std::uint64_t SimStore::take_epoch_above(std::uint64_t obeyed) {
  world_.points.pass(FaultPoints::Where::store_before);
  if (trouble_.full) throw StoreError("the disk is full");
  const std::uint64_t epoch = MemoryStore::take_epoch_above(obeyed);
  world_.watchman.store_took_epoch_above(epoch);
  world_.points.pass(FaultPoints::Where::store_after);
  return epoch;
}

std::uint64_t SimStore::next_plan_seq() {
  if (trouble_.full) throw StoreError("the disk is full");
  return MemoryStore::next_plan_seq();
}

void SimStore::commit(const store::Transaction& writes) {
  world_.points.pass(FaultPoints::Where::store_before);
  if (trouble_.full) throw StoreError("the disk is full");
  MemoryStore::commit(writes);
  for (const auto& write : writes) world_.trace.mix(write.index());
  world_.watchman.store_committed(epoch(), writes);
  world_.points.pass(FaultPoints::Where::store_after);
}

struct CoordinatorProcess::Parts {
  /// Frames leave over the simulated wires.
  struct Bus final : protocol::AgentBus {
    Bus(Network& wires, CoordinatorProcess& process) : network(wires), self(process) {}
    bool send(const HostId& host, protocol::Channel channel, std::string frame) override {
      return network.to_agent(self, host, channel, frame);
    }
    Network& network;
    CoordinatorProcess& self;
  };

  Parts(CoordinatorProcess& self, Surroundings& world);

  Bus bus;
  fleet::LoopTimers timers;
  SimStore store;
  SecretMask mask;
  fleet::Fleet fleet;
};

CoordinatorProcess::Parts::Parts(CoordinatorProcess& self, Surroundings& world)
    : bus(world.network, self),
      timers(self.process),
      store(self.disk_, world, self.trouble_),
      fleet({.store = store,
             .bus = bus,
             .timers = timers,
             .clock = self.clock_,
             .mask = mask,
             .artifacts = self.artifacts_,
             .plan_key = world.plan_key,
             .vault_key = std::string(32, 'v'),
             .terms = {.endpoints = {{"coordinator", 7400, 7401}},
                       .server_public_key = {},
                       .plan_public_key = world.plan_key.public_key,
                       .public_key_of = [](const std::string&) { return std::string(); }},
             .publish = [](const std::map<std::string, HostId>&) {},
             .keep_releases = keep_all}) {
  fleet.begin("simulated");
}

CoordinatorProcess::CoordinatorProcess(Surroundings& world, const MachineClock& clock,
                                       std::shared_ptr<store::MemoryDisk> disk, const StoreTrouble& trouble,
                                       const std::filesystem::path& artifacts,
                                       std::function<void(const Crashed&)> ended)
    : process(world.events, world.dice, clock, std::move(ended)),
      world_(world),
      clock_(clock),
      disk_(std::move(disk)),
      trouble_(trouble),
      artifacts_(artifacts) {}

CoordinatorProcess::~CoordinatorProcess() = default;

void CoordinatorProcess::begin() {
  world_.trace.note(world_.events.now(), "coordinator", "starts");
  process.run([this] { parts_ = std::make_unique<Parts>(*this, world_); });
  if (!process.alive()) return;
  world_.network.listen(*this);
  world_.network.wake();
}

void CoordinatorProcess::clear() {
  world_.network.stop_listening(*this);
  parts_.reset();
}

void CoordinatorProcess::frame_arrived(const HostId& host, protocol::Channel channel, std::uint64_t connection,
                                       const std::string& frame) {
  process.run([this, host, channel, connection, frame] {
    parts_->fleet.intake.frame_arrived(host, channel, connection, frame);
  });
}

bool CoordinatorProcess::ask(const std::function<void(fleet::Operations&)>& ask) {
  if (!listens()) return false;
  process.run([this, ask] { ask(parts_->fleet.operations); });
  return true;
}

}  // namespace switchyard::simulation
