#include "coordinator/fleet/deployment_starter.hpp"

#include <utility>

#include "common/log.hpp"
#include "common/planted.hpp"
#include "coordinator/fleet/audit.hpp"
#include "coordinator/fleet/deferrals.hpp"
#include "coordinator/fleet/request_digest.hpp"

namespace switchyard::fleet {
namespace {

std::string_view operation_of(model::DeploymentKind kind) {
  switch (kind) {
    case model::DeploymentKind::deploy:
      return "deployment.start";
    case model::DeploymentKind::rollback:
      return "rollback.start";
    case model::DeploymentKind::converge:
      return "converge.start";
  }
  return "deployment.start";
}

}  // namespace

model::DeploymentRow DeploymentStarter::make_row(const StartOrder& order, const PlannedDeployment& planned) const {
  model::DeploymentRow row;
  row.id = planned.plan.deployment;
  row.kind = order.kind;
  row.rollback_of = order.refers_to;
  row.components = order.components;
  row.gone = order.without;
  row.name = planned.plan.name;
  row.environment = planned.plan.environment;
  row.reason = order.reason;
  row.author = order.caller.principal;
  row.plan_hash = planned.plan.hash;
  row.version = planned.version;
  row.created_wall_ms = clock_.wall_ms();
  row.updated_wall_ms = row.created_wall_ms;
  row.deferred = planned.deferred;
  row.state = model::DeploymentState::approved;
  if (planned.plan.slices.empty()) {
    row.state = model::DeploymentState::done;
    row.reason = "nothing to do: every reachable host serves this already";
    row.finished_wall_ms = row.created_wall_ms;
  }
  return row;
}

store::Transaction DeploymentStarter::writes_of(const StartOrder& order, const model::DeploymentRow& row,
                                                const model::Plan& plan) const {
  store::Transaction writes{store::PutDeployment{row}, store::PutPlan{plan}};
  for (const auto& [host, slice] : plan.slices) {
    for (const protocol::SliceComponent& component : slice.components) {
      if (!PLANTED(locks_are_not_taken)) writes.push_back(store::TakeLock{host, component.name, row.id});
    }
  }
  if (order.source) {
    store::PutSource source = *order.source;
    source.deployment = row.id;
    writes.push_back(std::move(source));
  }
  if (!order.idempotency_key.empty()) {
    writes.push_back(store::PutRequestKey{order.idempotency_key, row.id});
    writes.push_back(store::PutRequestKey{key_with_digest(order.idempotency_key, order.request_digest), row.id});
  }
  if (model::is_final(row.state)) {
    Places places = places_of(store_, row, plan, order.source ? &*order.source : nullptr);
    if (!order.host.empty()) places[order.host].insert(order.components.begin(), order.components.end());
    for (store::Write& write : settle_deferrals(store_, row, plan, places)) writes.push_back(std::move(write));
  }
  model::TimelineEntry entry;
  entry.deployment = row.id;
  entry.wall_ms = row.created_wall_ms;
  entry.what = "state";
  entry.state = model::state_name(row.state);
  entry.text = row.reason.empty() ? "started by " + row.author : row.reason;
  writes.push_back(store::AppendTimeline{std::move(entry)});
  writes.push_back(audit_row(clock_, order.caller, std::string(operation_of(order.kind)), row.id.str(), order.reason,
                             {{"plan", row.plan_hash},
                              {"name", row.name},
                              {"environment", row.environment},
                              {"refers_to", order.refers_to.str()}}));
  return writes;
}

Answer<DeploymentId> DeploymentStarter::start(StartOrder order, PlannedDeployment planned) {
  if (auto refusal = refuse_moved(store_, hosts_, planned.ground, planned.plan)) return std::move(*refusal);
  const model::DeploymentRow row = make_row(order, planned);
  try {
    store_.commit(writes_of(order, row, planned.plan));
  } catch (const store::ConflictError& error) {
    return Refusal{409, "conflict", error.what(), {}};
  }
  log::info("deployment started", {{"deployment", row.id.str()},
                                   {"name", row.name},
                                   {"environment", row.environment},
                                   {"author", row.author},
                                   {"hosts", planned.plan.slices.size()},
                                   {"deferred", row.deferred.size()}});
  if (!model::is_final(row.state)) runs_.start(row, std::move(planned.plan));
  return row.id;
}

}  // namespace switchyard::fleet
