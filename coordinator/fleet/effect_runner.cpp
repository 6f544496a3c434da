#include "coordinator/fleet/effect_runner.hpp"

#include <utility>

#include "common/planted.hpp"
#include "coordinator/fleet/audit.hpp"
#include "coordinator/fleet/deferrals.hpp"

namespace switchyard::fleet {
namespace {

/// A rollback may lead back to nothing, or to the unmanaged process that was there before.
protocol::OldKind kind_of(const protocol::SliceComponent& component) {
  if (component.slot == "legacy") return protocol::OldKind::legacy;
  return component.release.empty() ? protocol::OldKind::absent : protocol::OldKind::release;
}

}  // namespace

std::vector<model::ServingRow> serving_rows(const engine::DeploymentRun& run) {
  std::vector<model::ServingRow> rows;
  for (const auto& [host, progress] : run.hosts) {
    for (const protocol::SliceComponent& component : run.plan.slices.at(host).components) {
      model::ServingRow row;
      row.host = host;
      row.environment = run.row.environment;
      row.component = component.name;
      row.serving = {kind_of(component), component.slot, component.release, component.unit};
      row.previous = component.old;
      row.deployment = run.row.id;
      row.version = run.row.version;
      rows.push_back(std::move(row));
    }
  }
  return rows;
}

store::Transaction EffectRunner::writes_of(const engine::DeploymentRun& run, const engine::Effects& effects) const {
  store::Transaction writes;
  if (effects.decided) {
    writes.push_back(store::PutDecision{run.row.id, effects.decision});
    if (effects.decision == model::Decision::commit) {
      for (model::ServingRow& row : serving_rows(run)) writes.push_back(store::PutServing{std::move(row)});
      std::set<HostId> hosts;
      for (const auto& [host, progress] : run.hosts) hosts.insert(host);
      for (store::Write& write : settle_deferrals(store_, run.row, hosts)) writes.push_back(std::move(write));
    }
  }
  if (effects.save) {
    writes.push_back(store::PutDeployment{run.row});
    writes.push_back(audit_row(clock_, coordinator_itself(), "deployment." + std::string(state_name(run.row.state)),
                               run.row.id.str(), run.row.reason,
                               {{"plan", run.row.plan_hash}, {"environment", run.row.environment}}));
  }
  for (const model::TimelineEntry& entry : effects.timeline) writes.push_back(store::AppendTimeline{entry});
  if (effects.finished || (PLANTED(locks_are_released_at_the_decision) && effects.decided))
    writes.push_back(store::ReleaseLocks{run.row.id});
  return writes;
}

void EffectRunner::make_durable(engine::DeploymentRun& run, engine::Effects& effects) {
  const std::int64_t now = clock_.wall_ms();
  if (effects.decided && effects.decision == model::Decision::commit) {
    // Should a host that was declared gone come back, it is brought to what was committed without it.
    for (const HostId& host : run.row.gone) run.row.deferred.push_back(host);
  }
  if (effects.save) run.row.updated_wall_ms = now;
  if (effects.finished) run.row.finished_wall_ms = now;
  for (model::TimelineEntry& entry : effects.timeline) {
    entry.deployment = run.row.id;
    entry.wall_ms = now;
  }
  const store::Transaction writes = writes_of(run, effects);
  if (!writes.empty()) store_.commit(writes);
}

void EffectRunner::send(const engine::Effects& effects) {
  // A message that cannot leave is lost; the engine asks again.
  for (const engine::Send& send : effects.sends) registry_.send(send.host, send.message);
}

}  // namespace switchyard::fleet
