#include "coordinator/fleet/effect_runner.hpp"

#include <utility>

#include "common/planted.hpp"
#include "coordinator/fleet/audit.hpp"
#include "coordinator/fleet/commit_writes.hpp"

namespace switchyard::fleet {
namespace {

/// `now`: of the wall.
void date(engine::DeploymentRun& run, engine::Effects& effects, std::int64_t now) {
  if (effects.save) run.row.updated_wall_ms = now;
  if (effects.finished) run.row.finished_wall_ms = now;
  for (model::TimelineEntry& entry : effects.timeline) {
    entry.deployment = run.row.id;
    entry.wall_ms = now;
  }
}

}  // namespace

store::Transaction EffectRunner::writes_of(engine::DeploymentRun& run, engine::Effects& effects) const {
  date(run, effects, clock_.wall_ms());
  store::Transaction writes;
  if (effects.decided) {
    writes.push_back(store::PutDecision{run.row.id, effects.decision});
    if (effects.decision == model::Decision::commit) {
      for (store::Write& write : writes_of_commit(store_, run.row, run.plan)) writes.push_back(std::move(write));
    }
  }
  if (effects.save && !(PLANTED(state_is_stored_at_the_end_only) && !effects.finished)) {
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

void EffectRunner::make_durable(const store::Transaction& writes) {
  if (!writes.empty()) store_.commit(writes);
}

void EffectRunner::send(const engine::Effects& effects) {
  // A message that cannot leave is lost; the engine asks again.
  for (const engine::Send& send : effects.sends) registry_.send(send.host, send.message);
}

}  // namespace switchyard::fleet
