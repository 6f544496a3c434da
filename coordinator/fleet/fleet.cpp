#include "coordinator/fleet/fleet.hpp"

#include <string>

#include "common/error.hpp"
#include "common/limits.hpp"
#include "common/log.hpp"
#include "coordinator/fleet/audit.hpp"
#include "coordinator/store/audit_check.hpp"

namespace switchyard::fleet {
namespace {

protocol::CoordinatorKeys keys_of(const EnrolmentTerms& terms) {
  return {terms.server_public_key, terms.plan_public_key};
}

}  // namespace

Fleet::Fleet(const Seams& seams)
    : store(seams.store),
      timers(seams.timers),
      clock(seams.clock),
      artifacts(seams.artifacts),
      registry(seams.bus, clock, protocol::keys_digest(keys_of(seams.terms))),
      hosts(store, clock, seams.terms, seams.publish),
      viewers(store, timers),
      runs(store, registry, timers, clock, viewers),
      inventory(registry, timers, clock),
      planning(store, hosts, artifacts, inventory, clock, seams.plan_key, seams.host_roots),
      starter(store, hosts, runs, clock),
      convergence(store, planning, starter, registry, timers, clock),
      pruner(store, artifacts, timers, clock, seams.keep_releases),
      refusals(store, clock),
      keys({store, hosts, registry, timers, clock}, keys_of(seams.terms), seams.plan_key, seams.next_keys,
           seams.key_hands),
      api_tokens(store, clock),
      totp(store, clock, derive_key(seams.vault_key, "switchyard totp")),
      recovery(store, registry, runs, hosts, clock),
      approvals({store, clock, timers, planning, starter, viewers, totp, api_tokens, recovery, registry, runs},
                seams.environments),
      intake({store, registry, hosts, runs, inventory, convergence, artifacts, refusals, recovery, keys}),
      operations({store, clock, registry, hosts, artifacts, pruner, runs, planning, starter, convergence, viewers,
                  intake, recovery, api_tokens, refusals, totp, approvals, keys}),
      guarded(operations, store, api_tokens, refusals),
      take_refused_(seams.take_refused) {}

std::uint64_t Fleet::begin(const std::string& holder) {
  const std::uint64_t epoch = store.take_epoch(holder);
  store.commit({audit_row(clock, coordinator_itself(), "coordinator.start", holder, {},
                          {{"epoch", std::to_string(epoch)}, {"version", SWITCHYARD_VERSION}})});
  look_at_audit();
  registry.speak_for(epoch, store.audit_head());
  runs.when_finished([this](const model::DeploymentRow& row) {
    if (row.state != model::DeploymentState::done) artifacts.doubt();
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

/// A chain that is broken stops nothing: the fleet must be led. But it is said in the log, and by a row behind the
/// break, whose hash the hosts are told of.
void Fleet::look_at_audit() {
  std::string row;
  try {
    const store::AuditCheck check = store::check_audit(store, limits::audit_rows_at_start_max);
    if (!check.broken_row) return;
    row = std::to_string(*check.broken_row);
  } catch (const StoreError& error) {
    row = std::string("unknown: ") + error.what();
  }
  log::error("THE AUDIT WAS CHANGED by another program than the coordinator: its chain is broken", {{"row", row}});
  store::AppendAudit entry =
      audit_row(clock, coordinator_itself(), "audit.broken", row, "found at the start of the coordinator");
  entry.entry.success = false;
  store.commit({entry});
}

void Fleet::keep_pinging() {
  timers.set("coordinator/ping", limits::ping_interval_ms, [this] {
    intake.turned_away(take_refused_());
    intake.tick();
    keep_pinging();
  });
}

}  // namespace switchyard::fleet
