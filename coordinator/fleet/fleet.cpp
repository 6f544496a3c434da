#include "coordinator/fleet/fleet.hpp"

#include "common/limits.hpp"
#include "coordinator/fleet/audit.hpp"

namespace switchyard::fleet {

Fleet::Fleet(const Seams& seams)
    : store(seams.store),
      timers(seams.timers),
      clock(seams.clock),
      artifacts(seams.artifacts),
      registry(seams.bus, clock),
      hosts(store, clock, seams.terms, seams.publish),
      viewers(store, timers),
      runs(store, registry, timers, clock, viewers),
      inventory(registry, timers, clock),
      planning(store, hosts, artifacts, inventory, clock, seams.plan_key, seams.host_roots),
      starter(store, runs, clock),
      convergence(store, planning, starter, registry, timers, clock),
      pruner(store, artifacts, timers, clock, seams.keep_releases),
      refusals(store, clock),
      api_tokens(store, clock),
      totp(store, clock, derive_key(seams.plan_key.secret, "switchyard totp")),
      recovery(store, registry, runs, hosts, clock),
      approvals({store, clock, timers, planning, starter, viewers, totp, recovery}, seams.environments),
      intake({store, registry, hosts, runs, inventory, convergence, artifacts, refusals, recovery}),
      operations({store, clock, registry, hosts, artifacts, pruner, runs, planning, starter, convergence, viewers,
                  intake, recovery, api_tokens, refusals, totp, approvals}),
      guarded(operations, store, refusals),
      take_refused_(seams.take_refused) {}

std::uint64_t Fleet::begin(const std::string& holder) {
  const std::uint64_t epoch = store.take_epoch(holder);
  store.commit({audit_row(clock, coordinator_itself(), "coordinator.start", holder, {},
                          {{"epoch", std::to_string(epoch)}, {"version", SWITCHYARD_VERSION}})});
  registry.speak_for(epoch, store.audit_head());
  runs.when_finished([this](const model::DeploymentRow& row) {
    convergence.deployment_finished(row);
    pruner.deployment_finished();
  });
  convergence.refresh();
  recovery.expect_restored_store();
  if (!recovery.expects_restored_store()) runs.restore();
  hosts.load();
  api_tokens.load();
  approvals.begin();
  keep_pinging();
  return epoch;
}

void Fleet::keep_pinging() {
  timers.set("coordinator/ping", limits::ping_interval_ms, [this] {
    intake.turned_away(take_refused_());
    intake.tick();
    keep_pinging();
  });
}

}  // namespace switchyard::fleet
