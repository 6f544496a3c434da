#include "coordinator/coordinator.hpp"

#include <unistd.h>

#include <array>
#include <string>

#include "common/clock.hpp"
#include "common/file_system.hpp"
#include "common/limits.hpp"
#include "common/log.hpp"
#include "common/service_notify.hpp"
#include "coordinator/api/http_server.hpp"
#include "coordinator/fleet/allow_list.hpp"
#include "coordinator/fleet/audit.hpp"
#include "coordinator/fleet/fleet_operations.hpp"
#include "coordinator/fleet/loop_timers.hpp"
#include "coordinator/key_files.hpp"
#include "coordinator/store/migrations.hpp"
#include "coordinator/store/sqlite_store.hpp"
#include "protocol/zmq_router.hpp"

namespace switchyard {
namespace {

std::filesystem::path prepare_state(const CoordinatorConfig& config) {
  PosixFileSystem files;
  files.create_directories(config.state_directory, 0700);
  files.create_directories(config.state_directory / "artifacts", 0700);
  if (!config.api.unix_socket.empty()) files.create_directories(config.api.unix_socket.parent_path(), 0755);
  return config.state_directory;
}

std::string holder_name() {
  std::array<char, 256> host{};
  ::gethostname(host.data(), host.size() - 1);
  return std::string(host.data()) + " process " + std::to_string(::getpid());
}

fleet::EnrolmentTerms enrolment_terms(const CoordinatorConfig& config, const protocol::CurveKeyPair& server_keys,
                                      const SigningKeyPair& plan_key) {
  return {
      .endpoints = config.advertise,
      .server_public_key = server_keys.public_key,
      .plan_public_key = plan_key.public_key,
      .public_key_of = [](const std::string& secret) { return protocol::curve_keys_from_secret(secret).public_key; }};
}

}  // namespace

/// In the order of construction: each part needs only those above it.
struct Coordinator::Parts {
  Parts(EventLoop& event_loop, const CoordinatorConfig& config);

  void take_over();
  void keep_pinging();
  void keep_alive(std::int64_t interval_ms);

  EventLoop& loop;
  std::filesystem::path state;
  SystemClock clock;
  fleet::LoopTimers timers;
  protocol::CurveKeyPair server_keys;
  SigningKeyPair plan_key;
  store::SqliteStore store;
  fleet::ArtifactStore artifacts;

  protocol::ZmqRouter router;
  fleet::AllowList allow_list;
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
  std::unique_ptr<api::HttpServer> http;  ///< last: it answers only when all else is there
};

Coordinator::Parts::Parts(EventLoop& event_loop, const CoordinatorConfig& config)
    : loop(event_loop),
      state(prepare_state(config)),
      timers(loop),
      server_keys(load_or_make_server_keys(state)),
      plan_key(load_or_make_plan_key(state)),
      store(state / "coordinator.db"),
      artifacts(state / "artifacts"),
      router({config.control_address, config.bulk_address, server_keys}, loop,
             [this](protocol::ZmqRouter::Arrival arrival) {
               intake.frame_arrived(arrival.peer, arrival.channel, arrival.connection, arrival.frame);
             }),
      allow_list([this](const HostId& peer, const std::string& key) { return router.allow(peer, key); },
                 [this](const HostId& peer) { router.disallow(peer); }),
      registry(router, clock),
      hosts(store, clock, enrolment_terms(config, server_keys, plan_key),
            [this](const std::map<std::string, HostId>& allowed) { allow_list.set(allowed); }),
      viewers(store, timers),
      runs(store, registry, timers, clock, viewers),
      inventory(registry, timers, clock),
      planning(store, hosts, artifacts, inventory, clock, plan_key, config.host_roots),
      starter(store, runs, clock),
      convergence(store, planning, starter, registry, timers, clock),
      pruner(store, artifacts, timers, clock, config.keep_releases),
      refusals(store, clock),
      recovery(store, registry, runs, hosts, clock),
      intake({store, registry, hosts, runs, inventory, convergence, artifacts, refusals, recovery}),
      operations({store, clock, registry, hosts, artifacts, pruner, runs, planning, starter, convergence, viewers,
                  intake, recovery}) {
  take_over();
  http = std::make_unique<api::HttpServer>(loop, operations, config.api);
  keep_pinging();
  if (const auto watchdog = service_watchdog_ms()) keep_alive(*watchdog / 2);
}

/// From here on every older coordinator on this store is fenced, and the agents obey this one.
void Coordinator::Parts::take_over() {
  const std::uint64_t epoch = store.take_epoch(holder_name());
  store.commit({fleet::audit_row(clock, fleet::coordinator_itself(), "coordinator.start", holder_name(), {},
                                 {{"epoch", std::to_string(epoch)}, {"version", SWITCHYARD_VERSION}})});
  registry.speak_for(epoch, store.audit_head());
  runs.when_finished([this](const model::DeploymentRow& row) {
    convergence.deployment_finished(row);
    pruner.deployment_finished();
  });
  convergence.refresh();
  runs.restore();
  hosts.load();                              // agents are let in only now
  static_cast<void>(router.take_refused());  // who dialled a moment too early is no stranger
  log::info("coordinator started", {{"epoch", epoch}, {"hosts", hosts.rows().size()}, {"state", state.string()}});
}

void Coordinator::Parts::keep_pinging() {
  timers.set("coordinator/ping", limits::ping_interval_ms, [this] {
    intake.turned_away(router.take_refused());
    intake.tick();
    keep_pinging();
  });
}

void Coordinator::Parts::keep_alive(std::int64_t interval_ms) {
  notify_service("WATCHDOG=1");
  timers.set("coordinator/watchdog", interval_ms, [this, interval_ms] { keep_alive(interval_ms); });
}

Coordinator::Coordinator(EventLoop& loop, const CoordinatorConfig& config)
    : parts_(std::make_unique<Parts>(loop, config)) {}
Coordinator::~Coordinator() = default;

void check_coordinator(const CoordinatorConfig& config) {
  const std::filesystem::path& state = config.state_directory;
  if (std::filesystem::exists(state / "server.key")) load_or_make_server_keys(state);
  if (std::filesystem::exists(state / "plan.key")) load_or_make_plan_key(state);
  if (std::filesystem::exists(state / "coordinator.db")) store::check_schema(state / "coordinator.db");
}

}  // namespace switchyard
