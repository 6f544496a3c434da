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
      plans(store),
      check_outcomes(store),
      artifacts(seams.artifacts),
      registry(seams.bus, clock, protocol::keys_digest(keys_of(seams.terms))),
      hosts(store, clock, seams.terms, seams.publish, changeover),
      viewers(store, timers),
      runs(store, registry, timers, clock, viewers),
      inventory(registry, timers, clock),
      checks(store, clock),
      check_rounds(registry, timers, clock, seams.plan_key),
      file_saves(registry, timers, clock, seams.plan_key),
      check_runs(store, checks, check_rounds, clock),
      masks(seams.mask),
      secrets(store, clock, derive_key(seams.vault_key, "switchyard secrets"), masks),
      configurations(secrets, hosts, derive_key(seams.vault_key, "switchyard configurations")),
      deployed_secrets(store, configurations, masks),
      planning(store, plans, hosts, artifacts, inventory, configurations, clock, seams.plan_key, seams.host_roots),
      starter(store, hosts, runs, clock, changeover, seams.environments),
      convergence(store, planning, starter, registry, timers, clock),
      pruner(store, artifacts, timers, clock, seams.keep_releases),
      refusals(store, clock),
      keys({store, hosts, registry, timers, clock, changeover}, keys_of(seams.terms), seams.plan_key, seams.next_keys,
           seams.key_hands),
      api_tokens(store, clock),
      totp(store, clock, derive_key(seams.vault_key, "switchyard totp")),
      recovery(store, registry, runs, hosts, clock),
      approvals({store, clock, timers, planning, starter, viewers, totp, api_tokens, recovery, registry, runs},
                seams.environments),
      snapshots({store, clock, timers, planning, file_saves, registry, hosts, artifacts, configurations, api_tokens},
                seams.environments),
      steering({store, clock, registry, runs, recovery, approvals}),
      looks(timers),
      intake({store, registry, hosts, runs, inventory, convergence, artifacts, refusals, recovery, keys, check_rounds,
              file_saves, masks}),
      operations({store,      plans,      clock,          registry,    hosts,          artifacts, pruner,
                  runs,       planning,   starter,        convergence, viewers,        intake,    recovery,
                  api_tokens, refusals,   totp,           approvals,   keys,           steering,  looks,
                  checks,     check_runs, check_outcomes, secrets,     configurations, snapshots}),
      guarded(operations, store, api_tokens, refusals),
      take_refused_(seams.take_refused) {}

std::uint64_t Fleet::begin(const std::string& holder) {
  const std::uint64_t epoch = store.take_epoch(holder);
  store.commit({audit_row(clock, coordinator_itself(), "coordinator.start", holder, {},
                          {{"epoch", std::to_string(epoch)}, {"version", SWITCHYARD_VERSION}})});
  look_at_audit();
  secrets.begin();
  deployed_secrets.recall();
  registry.speak_for(epoch, store.audit_head());
  runs.when_begun(
      [this](const model::DeploymentRow& row, const model::Plan& plan) { deployed_secrets.learn(row, plan); });
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
  snapshots.begin();
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
