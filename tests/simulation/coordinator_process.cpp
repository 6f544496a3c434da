#include "tests/simulation/coordinator_process.hpp"

#include <utility>

#include "common/error.hpp"
#include "common/limits.hpp"
#include "coordinator/fleet/audit.hpp"
#include "coordinator/fleet/loop_timers.hpp"
#include "tests/simulation/trace.hpp"
#include "tests/simulation/watchman.hpp"

namespace switchyard::simulation {

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

std::uint64_t SimStore::next_plan_seq() {
  if (trouble_.full) throw StoreError("the disk is full");
  return MemoryStore::next_plan_seq();
}

void SimStore::commit(const store::Transaction& writes) {
  world_.points.pass(FaultPoints::Where::store_before);
  if (trouble_.full) throw StoreError("the disk is full");
  MemoryStore::commit(writes);
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
  void keep_pinging();

  Bus bus;
  fleet::LoopTimers timers;
  SimStore store;
  fleet::ArtifactStore artifacts;
  fleet::AgentRegistry registry;
  fleet::HostBook hosts;
  fleet::TimelineViewers viewers;
  fleet::DeploymentRuns runs;
  fleet::InventoryRounds inventory;
  fleet::Planning planning;
  fleet::DeploymentStarter starter;
  fleet::Convergence convergence;
  fleet::ArtifactPruner pruner;
  fleet::RefusalBook refusals;
  fleet::Recovery recovery;
  fleet::Intake intake;
  fleet::FleetOperations operations;
};

CoordinatorProcess::Parts::Parts(CoordinatorProcess& self, Surroundings& world)
    : bus(world.network, self),
      timers(self.process),
      store(self.disk_, world, self.trouble_),
      artifacts(self.artifacts_),
      registry(bus, self.clock_),
      hosts(store, self.clock_,
            {.endpoints = {{"coordinator", 7400, 7401}},
             .server_public_key = {},
             .plan_public_key = world.plan_key.public_key,
             .public_key_of = [](const std::string&) { return std::string(); }},
            [](const std::map<std::string, HostId>&) {}),
      viewers(store, timers),
      runs(store, registry, timers, self.clock_, viewers),
      inventory(registry, timers, self.clock_),
      planning(store, hosts, artifacts, inventory, self.clock_, world.plan_key, {}),
      starter(store, runs, self.clock_),
      convergence(store, planning, starter, registry, timers, self.clock_),
      pruner(store, artifacts, timers, self.clock_, limits::keep_releases_default),
      refusals(store, self.clock_),
      recovery(store, registry, runs, hosts, self.clock_),
      intake({store, registry, hosts, runs, inventory, convergence, artifacts, refusals, recovery}),
      operations({store, self.clock_, registry, hosts, artifacts, pruner, runs, planning, starter, convergence, viewers,
                  intake, recovery}) {
  const std::uint64_t epoch = store.take_epoch("simulated");
  store.commit({fleet::audit_row(self.clock_, fleet::coordinator_itself(), "coordinator.start", "simulated")});
  registry.speak_for(epoch, store.audit_head());
  // All worlds share their artifacts: nothing is removed.
  runs.when_finished([this](const model::DeploymentRow& row) { convergence.deployment_finished(row); });
  convergence.refresh();
  runs.restore();
  hosts.load();
  keep_pinging();
}

void CoordinatorProcess::Parts::keep_pinging() {
  timers.set("coordinator/ping", limits::ping_interval_ms, [this] {
    intake.tick();
    keep_pinging();
  });
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
  process.run(
      [this, host, channel, connection, frame] { parts_->intake.frame_arrived(host, channel, connection, frame); });
}

bool CoordinatorProcess::ask(const std::function<void(fleet::Operations&)>& ask) {
  if (!listens()) return false;
  process.run([this, ask] { ask(parts_->operations); });
  return true;
}

}  // namespace switchyard::simulation
