#include "coordinator/fleet/deployment_starter.hpp"

#include <map>
#include <utility>

#include "common/log.hpp"
#include "common/planted.hpp"
#include "coordinator/fleet/audit.hpp"
#include "coordinator/fleet/component_holder.hpp"
#include "coordinator/fleet/deferrals.hpp"
#include "coordinator/fleet/environment_policies.hpp"
#include "coordinator/fleet/rehearsal.hpp"
#include "coordinator/fleet/request_digest.hpp"
#include "coordinator/fleet/snapshot_rules.hpp"

namespace switchyard::fleet {
namespace {

std::string operation_of(model::DeploymentKind kind, model::DeploymentState state) {
  const std::string verb = state == model::DeploymentState::draft ? ".propose" : ".start";
  switch (kind) {
    case model::DeploymentKind::deploy:
      return "deployment" + verb;
    case model::DeploymentKind::rollback:
      return "rollback" + verb;
    case model::DeploymentKind::converge:
      return "converge" + verb;
    case model::DeploymentKind::restore:
      return "restore" + verb;
  }
  return "deployment" + verb;
}

void add_locks(const model::Plan& plan, store::Transaction& writes) {
  for (const auto& [host, slice] : plan.slices) {
    for (const protocol::SliceComponent& component : slice.components) {
      if (!PLANTED(locks_are_not_taken)) writes.push_back(store::TakeLock{host, component.name, plan.deployment});
    }
  }
}

std::string started_text(const model::DeploymentRow& row, const StartOrder& order) {
  const std::string why = row.reason.empty() ? "" : ": " + row.reason;
  if (row.state == model::DeploymentState::draft) {
    return "waits for approval, asked by " + row.author + why + " (" + order.approvals_why + ")";
  }
  return row.reason.empty() ? "started by " + row.author : row.reason;
}

/// `api on web-1, web-2; db on db-1`
std::string places_text(const model::Plan& plan) {
  std::map<std::string, std::string> hosts;
  for (const auto& [host, slice] : plan.slices) {
    for (const protocol::SliceComponent& component : slice.components) {
      std::string& list = hosts[component.name];
      list += (list.empty() ? "" : ", ") + host.str();
    }
  }
  std::string text;
  for (const auto& [component, list] : hosts) text += (text.empty() ? "" : "; ") + component + " on " + list;
  return text.empty() ? "nothing: all serves this already" : text;
}

Refusal rehearsal_of(const StartOrder& order, const model::Plan& plan, const std::string& would) {
  std::string what = "a deployment of " + plan.name;
  if (order.kind == model::DeploymentKind::rollback) what = "a rollback of deployment " + order.refers_to.str();
  if (order.kind == model::DeploymentKind::restore) what = "a restore of snapshot " + order.snapshot.str();
  return rehearsed(what + would + ", and change in " + plan.environment + ": " + places_text(plan));
}

/// Of a start that had nothing to do: nobody was asked to approve that it lifts anything.
store::Transaction policy_writes_of_nothing(const store::StateStore& store, const StartOrder& order,
                                            const model::DeploymentRow& row) {
  if (!order.source) return {};
  store::PutSource source = *order.source;
  if (order.approvals > 0) source.lifts = {};
  return policy_writes(store, row, source);
}

model::TimelineEntry state_entry(const model::DeploymentRow& row, std::string text) {
  model::TimelineEntry entry;
  entry.deployment = row.id;
  entry.wall_ms = row.updated_wall_ms;
  entry.what = "state";
  entry.state = model::state_name(row.state);
  entry.text = std::move(text);
  return entry;
}

}  // namespace

std::vector<HostId> DeploymentStarter::still_in_fleet(std::vector<HostId> hosts) const {
  std::erase_if(hosts, [&](const HostId& host) {
    const model::HostRow* known = hosts_.find(host);
    return known == nullptr || known->removed;
  });
  return hosts;
}

std::optional<Refusal> DeploymentStarter::refuse_beside(model::DeploymentKind kind, const access::Principal& who,
                                                        const DeployTarget& target) const {
  if (kind == model::DeploymentKind::converge) return std::nullopt;
  return fleet::refuse_beside(store_, rules_, who, target);
}

std::optional<Refusal> DeploymentStarter::refuse_second(model::DeploymentKind kind, const model::Plan& plan) const {
  return fleet::refuse_second(store_, kind, plan);
}

std::optional<Refusal> DeploymentStarter::refuse(model::DeploymentKind kind, const access::Principal& who,
                                                 const model::Plan& plan, const std::vector<HostId>& deferred,
                                                 const PlanGround& ground) const {
  if (auto refusal = changeover_.refuse()) return refusal;
  if (auto refusal = refuse_moved(store_, hosts_, ground, plan)) return refusal;
  return refuse_beside(kind, who, target_of(plan, deferred));
}

model::DeploymentRow DeploymentStarter::make_row(const StartOrder& order, const PlannedDeployment& planned) const {
  model::DeploymentRow row;
  row.id = planned.plan.deployment;
  row.kind = order.kind;
  row.rollback_of = order.refers_to;
  row.components = order.components;
  row.snapshot = order.snapshot;
  row.gone = still_in_fleet(order.without);
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
  if (row.state != model::DeploymentState::draft) add_locks(plan, writes);
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
    for (store::Write& write : policy_writes_of_nothing(store_, order, row)) writes.push_back(std::move(write));
  }
  writes.push_back(store::AppendTimeline{state_entry(row, started_text(row, order))});
  if (order.overridden && order.source) {
    writes.push_back(
        override_row(clock_, order.caller, row.id, row.environment, *order.overridden, order.source->override_freeze));
  }
  std::map<std::string, std::string> details = {{"plan", row.plan_hash},
                                                {"name", row.name},
                                                {"environment", row.environment},
                                                {"refers_to", order.refers_to.str()}};
  if (!order.snapshot.empty()) details["snapshot"] = order.snapshot.str();
  writes.push_back(audit_row(clock_, order.caller, operation_of(order.kind, row.state), row.id.str(), order.reason,
                             std::move(details)));
  return writes;
}

Answer<DeploymentId> DeploymentStarter::commit(const store::Transaction& writes, const DeploymentId& id) {
  try {
    store_.commit(writes);
    return id;
  } catch (const store::ConflictError& error) {
    return Refusal{409, "conflict", error.what(), {}};
  }
}

/// It may have been removed while the hosts were asked. From its row on the deployment keeps it.
std::optional<Refusal> DeploymentStarter::refuse_without_snapshot(const StartOrder& order) const {
  if (order.snapshot.empty() || store_.snapshot(order.snapshot)) return std::nullopt;
  return no_snapshot(order.snapshot);
}

Answer<DeploymentId> DeploymentStarter::start(StartOrder order, PlannedDeployment planned) {
  if (auto refusal = refuse_without_snapshot(order)) return std::move(*refusal);
  if (auto refusal = refuse(order.kind, order.caller.who, planned.plan, planned.deferred, planned.ground))
    return std::move(*refusal);
  if (auto refusal = refuse_second(order.kind, planned.plan)) return std::move(*refusal);
  if (order.caller.rehearses) return rehearsal_of(order, planned.plan, " would start");
  const model::DeploymentRow row = make_row(order, planned);
  auto answer = commit(writes_of(order, row, planned.plan), row.id);
  if (std::holds_alternative<Refusal>(answer)) return answer;
  log::info("deployment started", {{"deployment", row.id.str()},
                                   {"name", row.name},
                                   {"environment", row.environment},
                                   {"author", row.author},
                                   {"hosts", planned.plan.slices.size()},
                                   {"deferred", row.deferred.size()}});
  if (!model::is_final(row.state)) runs_.start(row, std::move(planned.plan));
  return answer;
}

Answer<DeploymentId> DeploymentStarter::propose(StartOrder order, PlannedDeployment planned, model::ApprovalRow asked,
                                                store::Transaction also) {
  if (auto refusal = refuse_without_snapshot(order)) return std::move(*refusal);
  if (auto refusal = refuse(order.kind, order.caller.who, planned.plan, planned.deferred, planned.ground))
    return std::move(*refusal);
  if (order.caller.rehearses) return rehearsal_of(order, planned.plan, " would wait for approval");
  model::DeploymentRow row = make_row(order, planned);
  row.state = model::DeploymentState::draft;
  store::Transaction writes = writes_of(order, row, planned.plan);
  asked.deployment = row.id;
  asked.environment = row.environment;
  asked.plan_hash = row.plan_hash;
  asked.author = row.author;
  asked.created_wall_ms = row.created_wall_ms;
  asked.without = order.without;
  asked.to_nothing = order.to_nothing;
  asked.target = order.target;
  asked.inverse = order.inverse;
  asked.verify = order.verify;
  writes.push_back(store::PutApproval{asked});
  for (store::Write& write : also) writes.push_back(std::move(write));
  auto answer = commit(writes, row.id);
  if (std::holds_alternative<DeploymentId>(answer)) {
    log::info("deployment waits for approval",
              {{"deployment", row.id.str()}, {"environment", row.environment}, {"needed", asked.needed}});
  }
  return answer;
}

Answer<DeploymentId> DeploymentStarter::start_approved(const access::Principal& approver, model::DeploymentRow draft,
                                                       model::Plan plan, const PlanGround& ground,
                                                       store::Transaction approval) {
  if (auto refusal = refuse(draft.kind, approver, plan, draft.deferred, ground)) return std::move(*refusal);
  if (auto refusal = refuse_second(draft.kind, plan)) return std::move(*refusal);
  draft.state = model::DeploymentState::approved;
  draft.updated_wall_ms = clock_.wall_ms();
  draft.gone = still_in_fleet(std::move(draft.gone));
  store::Transaction writes{store::PutDeployment{draft}};
  add_locks(plan, writes);
  writes.push_back(store::AppendTimeline{state_entry(draft, "approved")});
  for (store::Write& write : approval) writes.push_back(std::move(write));
  auto answer = commit(writes, draft.id);
  if (std::holds_alternative<Refusal>(answer)) return answer;
  log::info("deployment started after its approval",
            {{"deployment", draft.id.str()}, {"environment", draft.environment}, {"author", draft.author}});
  runs_.start(draft, std::move(plan));
  return answer;
}

}  // namespace switchyard::fleet
