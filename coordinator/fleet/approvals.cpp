#include "coordinator/fleet/approvals.hpp"

#include <algorithm>
#include <map>
#include <utility>

#include "common/ensure.hpp"
#include "common/error.hpp"
#include "common/limits.hpp"
#include "common/log.hpp"
#include "coordinator/fleet/audit.hpp"
#include "coordinator/fleet/deferral_ledger.hpp"
#include "coordinator/fleet/rollback_scope.hpp"
#include "coordinator/planner/plan_difference.hpp"

namespace switchyard::fleet {
namespace {

using engine::SecondFactor;
using model::ApprovalState;
using model::DeploymentState;

Refusal no_approval(const DeploymentId& id) {
  return {404,
          "unknown_approval",
          "nothing called " + id.str() + " was ever to be approved; `switchyard approvals list` shows what waits",
          {}};
}

/// What a host that is away would get when it is back, and nobody would have seen in the plan.
std::optional<Refusal> refuse_unseen(const StartOrder& order, const PlannedDeployment& planned) {
  if (!order.source || planned.deferred.empty()) return std::nullopt;
  std::set<std::string> seen;
  for (const auto& [host, slice] : planned.plan.slices) {
    for (const protocol::SliceComponent& component : slice.components) seen.insert(component.name);
  }
  const Places places = places_of(*order.source);
  for (const HostId& host : planned.deferred) {
    const auto wanted = places.find(host);
    for (const std::string& component : wanted == places.end() ? std::set<std::string>{} : wanted->second) {
      if (seen.contains(component)) continue;
      return Refusal{422,
                     "unseen",
                     "component " + component + " would be deployed on host " + host.str() +
                         ", which is away, and on no host of the plan that is to be approved: nobody could look at it. "
                         "Start again when " +
                         host.str() + " is back, or take it out of the manifest",
                     {{"host", host.str()}, {"component", component}}};
    }
  }
  return std::nullopt;
}

std::string joined(const std::vector<std::string>& parts) {
  std::string text;
  for (const std::string& part : parts) text += (text.empty() ? "" : "; ") + part;
  return text;
}

}  // namespace

void Approvals::begin() {
  try {
    sweep();
  } catch (const StaleEpochError&) {
    throw;
  } catch (const StoreError& error) {
    log::warning("expired approvals were not closed; will be tried again", {{"why", error.what()}});
  }
  parts_.timers.set("approvals/sweep", limits::approval_sweep_ms, [this] { begin(); });
}

std::optional<Refusal> Approvals::refuse_in_recovery() const {
  if (!parts_.recovery.view()) return std::nullopt;
  return Refusal{
      503, "recovery", "hosts know more than the coordinator's store, of approvals too; run `switchyard recover`", {}};
}

void Approvals::sweep() {
  if (refuse_in_recovery()) return;
  const std::int64_t now = parts_.clock.wall_ms();
  for (const model::DeploymentRow& draft : parts_.store.unfinished_deployments()) {
    if (draft.state != DeploymentState::draft || launching_.contains(draft.id)) continue;
    const auto row = parts_.store.approval(draft.id);
    if (!row || row->expires_wall_ms > now) continue;
    close(coordinator_itself(), *row, ApprovalState::expired, "nobody approved it in time", {});
  }
  for (model::ApprovalRow& row : parts_.store.approvals(limits::list_rows_max)) {
    if (row.state != ApprovalState::waiting) continue;
    const auto deployment = parts_.store.deployment(row.deployment);
    if (!deployment || deployment->state == DeploymentState::draft) continue;
    row.state = ApprovalState::voided;
    parts_.store.commit({store::PutApproval{row},
                         audit_row(parts_.clock, coordinator_itself(), "approval.void", row.deployment.str(),
                                   "it had begun already, as hosts know", {{"environment", row.environment}})});
  }
}

std::optional<Refusal> Approvals::refuse_another() const {
  const auto open = parts_.store.unfinished_deployments();
  const auto waiting =
      std::count_if(open.begin(), open.end(), [](const auto& row) { return row.state == DeploymentState::draft; });
  if (static_cast<std::size_t>(waiting) < limits::approvals_waiting_max) return std::nullopt;
  return Refusal{409,
                 "too_many_waiting",
                 std::to_string(waiting) +
                     " deployments wait for approval already; approve, reject or cancel some "
                     "(`switchyard approvals list`)",
                 {}};
}

std::optional<Refusal> Approvals::refuse_beside(const DeployTarget& target) const {
  for (const auto& [environment, host] : neighbours_of(parts_.store, target)) {
    if (rule_for(environment).approvals == 0) continue;
    return Refusal{409,
                   "guarded_host",
                   "host " + host.str() + " serves for `" + environment +
                       "`, whose deployments take an approval, and a deployment for `" + target.environment +
                       "` could change everything there: deploy it as `" + environment + "`, or on other hosts",
                   {{"host", host.str()}, {"environment", environment}}};
  }
  return std::nullopt;
}

Answer<DeploymentId> Approvals::propose(StartOrder order, PlannedDeployment planned) {
  if (auto refusal = refuse_another()) return *refusal;
  if (auto refusal = refuse_unseen(order, planned)) return *refusal;
  model::ApprovalRow asked;
  asked.needed = rule_for(planned.plan.environment).approvals;
  asked.expires_wall_ms = parts_.clock.wall_ms() + limits::approval_life_ms;
  return parts_.starter.propose(std::move(order), std::move(planned), std::move(asked));
}

// --- deciding
// ----------------------------------------------------------------------------------------------------------

model::ApprovalRow Approvals::by_the_rule(model::ApprovalRow row) const {
  if (row.state == ApprovalState::waiting) row.needed = std::max(row.needed, rule_for(row.environment).approvals);
  return row;
}

Answer<model::ApprovalRow> Approvals::weigh(const Caller& caller, const ApprovalWish& wish,
                                            SecondFactor second_factor) const {
  if (auto refusal = parts_.tokens.refuse_ended(caller)) return *refusal;
  const auto asked = parts_.store.approval(wish.deployment);
  if (!asked) return no_approval(wish.deployment);
  model::ApprovalRow row = by_the_rule(*asked);
  const auto draft = parts_.store.deployment(wish.deployment);
  if (row.state == ApprovalState::waiting && (!draft || draft->state != DeploymentState::draft)) {
    // A recovery has found out that it had begun.
    return Refusal{409, "decided", "deployment " + wish.deployment.str() + " waits for approval no more", {}};
  }
  access::Principal who = caller.who;
  who.name = caller.principal;
  const engine::Vote vote{std::move(who), wish.grant, wish.plan_hash, second_factor};
  const std::int64_t now = parts_.clock.wall_ms();
  if (const auto refusal = engine::refuse_vote(row, rule_for(row.environment), vote, now)) {
    return Refusal{409, refusal->code, refusal->why, {{"deployment", wish.deployment.str()}}};
  }
  row.votes.push_back({caller.principal, wish.grant, wish.reason, now, second_factor == SecondFactor::right});
  return row;
}

store::Transaction Approvals::vote_writes(const Caller& caller, const ApprovalWish& wish, const model::ApprovalRow& row,
                                          const TotpBook::Checked& code) const {
  store::Transaction writes = code.use;
  writes.push_back(audit_row(parts_.clock, caller, wish.grant ? "approval.grant" : "approval.reject",
                             wish.deployment.str(), wish.reason,
                             {{"plan", row.plan_hash},
                              {"environment", row.environment},
                              {"missing", std::to_string(engine::votes_missing(row))},
                              {"second_factor", row.votes.back().second_factor ? "true" : "false"}}));
  return writes;
}

void Approvals::decide(const Caller& caller, const ApprovalWish& wish, Reply<ApprovalView> reply) {
  if (auto refusal = refuse_in_recovery()) return reply(std::move(*refusal));
  sweep();
  const TotpBook::Checked code = parts_.totp.check(caller.principal, wish.totp);
  const auto weighed = weigh(caller, wish, code.second_factor);
  if (const auto* refusal = std::get_if<Refusal>(&weighed)) return reply(*refusal);
  const auto& row = std::get<model::ApprovalRow>(weighed);
  if (launching_.contains(wish.deployment)) {
    return reply(Refusal{409,
                         "busy",
                         "deployment " + wish.deployment.str() + " is being started by another approver",
                         {{"deployment", wish.deployment.str()}}});
  }
  if (!wish.grant) {
    const std::string why = "rejected by " + caller.principal + (wish.reason.empty() ? "" : ": " + wish.reason);
    close(caller, row, ApprovalState::rejected, why, vote_writes(caller, wish, row, code));
    return reply(view(wish.deployment));
  }
  if (engine::votes_missing(row) > 0) {
    store::Transaction writes = vote_writes(caller, wish, row, code);
    writes.push_back(store::PutApproval{row});
    parts_.store.commit(writes);
    return reply(view(wish.deployment));
  }
  launch(caller, wish, code, std::move(reply));
}

void Approvals::launch(const Caller& caller, const ApprovalWish& wish, const TotpBook::Checked& code,
                       Reply<ApprovalView> reply) {
  const auto draft = parts_.store.deployment(wish.deployment);
  ENSURE(draft && draft->state == DeploymentState::draft);
  if (auto refusal = refuse_to_go_back(*draft)) return reply(std::move(*refusal));
  launching_.insert(wish.deployment);
  parts_.planning.again(*draft,
                        [this, caller, wish, code, reply = std::move(reply)](const Answer<PlannedDeployment>& again) {
                          launching_.erase(wish.deployment);
                          reply(launch_as_planned(caller, wish, code, again));
                        });
}

Answer<ApprovalView> Approvals::launch_as_planned(const Caller& caller, const ApprovalWish& wish,
                                                  const TotpBook::Checked& code,
                                                  const Answer<PlannedDeployment>& again) {
  try {
    const auto draft = parts_.store.deployment(wish.deployment);
    ENSURE(draft.has_value());
    const bool rollback = draft->kind == model::DeploymentKind::rollback;
    // A host that is away now may be there in a moment: the word does not count yet, and can be said again.
    if (const auto* refusal = std::get_if<Refusal>(&again)) {
      return rollback && refusal->code == "locked" ? way_back(*draft).explain(*refusal) : *refusal;
    }
    // The agents took their time to answer: it may be over meanwhile.
    const auto weighed = weigh(caller, wish, code.second_factor);
    if (const auto* refusal = std::get_if<Refusal>(&weighed)) return *refusal;
    model::ApprovalRow row = std::get<model::ApprovalRow>(weighed);
    const auto plan = parts_.store.plan(wish.deployment);
    ENSURE(plan && plan->hash == row.plan_hash);
    const auto& remade = std::get<PlannedDeployment>(again);
    const std::string changes = joined(changes_since(*plan, remade.plan));
    if (!changes.empty()) return void_it(caller, std::move(row), changes);
    if (auto refusal = refuse_to_go_back(*draft)) return *refusal;
    if (rollback) way_back(*draft).clear();
    row.state = ApprovalState::granted;
    store::Transaction writes = vote_writes(caller, wish, row, code);
    writes.push_back(store::PutApproval{row});
    const auto started = parts_.starter.start_approved(*draft, *plan, remade.ground, std::move(writes));
    if (const auto* refusal = std::get_if<Refusal>(&started)) return *refusal;
    parts_.viewers.grew(wish.deployment);
    return view(wish.deployment);
  } catch (const StaleEpochError&) {
    throw;
  } catch (const StoreError& error) {
    return Refusal{503, "store_unavailable", error.what(), {}};
  }
}

WayBack Approvals::way_back(const model::DeploymentRow& draft) const {
  return WayBack({parts_.store, parts_.runs, parts_.registry, parts_.clock}, draft.rollback_of, draft.components);
}

std::optional<Refusal> Approvals::refuse_to_go_back(const model::DeploymentRow& draft) const {
  if (draft.kind != model::DeploymentKind::rollback) return std::nullopt;
  const auto done = parts_.store.deployment(draft.rollback_of);
  const auto asked = parts_.store.approval(draft.id);
  ENSURE(done && asked);
  // Who was left out may be back. That nothing is taken away unasked, the plan says: it is the one that was proposed.
  if (auto refusal = refuse_without(parts_.store, parts_.registry, request_of(draft, *asked), *done)) return refusal;
  return way_back(draft).refuse();
}

Refusal Approvals::void_it(const Caller& caller, model::ApprovalRow row, const std::string& changes) {
  row.votes.pop_back();  // it was for another plan
  close(caller, row, ApprovalState::voided, "the fleet has changed since this was planned: " + changes, {});
  return {409,
          "plan_changed",
          "deployment " + row.deployment.str() + " cannot be approved any more, and is rejected: " + changes +
              ". Start it anew, and look at its new plan",
          {{"deployment", row.deployment.str()}}};
}

std::vector<std::string> Approvals::changes_since(const model::Plan& plan, const model::Plan& again) const {
  std::vector<std::string> changes = planner::plan_difference(plan, again);
  std::map<HostId, std::size_t> newer_on;
  // Agents refuse a plan that is older than the newest they had for a component, though it be back where it was.
  for (const model::DeploymentRow& newer : parts_.store.deployments(limits::deferral_rows_max)) {
    if (newer.id == plan.deployment) break;
    if (newer.state == DeploymentState::draft || newer.state == DeploymentState::rejected) continue;
    const auto other = parts_.store.plan(newer.id);
    for (const auto& [host, slice] : other ? other->slices : std::map<HostId, protocol::PlanSlice>{}) {
      const auto mine = plan.slices.find(host);
      if (mine == plan.slices.end()) continue;
      // Of a plan with a lower number than those that a host has forgotten, it cannot say whether it had it.
      if (++newer_on[host] == limits::closed_deployments_max / 2) {
        changes.push_back("so many deployments have ended on host " + host.str() +
                          " since that it could not say for certain how this one ends");
      }
      for (const protocol::SliceComponent& component : mine->second.components) {
        const bool touched = std::any_of(slice.components.begin(), slice.components.end(),
                                         [&](const auto& changed) { return changed.name == component.name; });
        if (touched) {
          changes.push_back(component.name + " on host " + host.str() + " was worked on by deployment " +
                            newer.id.str());
        }
      }
    }
  }
  return changes;
}

// --- the other ends
// ----------------------------------------------------------------------------------------------------

void Approvals::close(const Caller& caller, model::ApprovalRow row, ApprovalState state, const std::string& why,
                      store::Transaction also) {
  auto draft = parts_.store.deployment(row.deployment);
  ENSURE(draft && draft->state == DeploymentState::draft);
  row.state = state;
  draft->state = DeploymentState::rejected;
  draft->reason = why;
  draft->deferred.clear();
  draft->updated_wall_ms = draft->finished_wall_ms = parts_.clock.wall_ms();
  model::TimelineEntry entry;
  entry.deployment = row.deployment;
  entry.wall_ms = draft->updated_wall_ms;
  entry.what = "state";
  entry.state = model::state_name(draft->state);
  entry.text = why;
  also.push_back(store::PutApproval{row});
  also.push_back(store::PutDeployment{*draft});
  also.push_back(store::AppendTimeline{std::move(entry)});
  also.push_back(audit_row(parts_.clock, caller, "deployment.rejected", row.deployment.str(), why,
                           {{"plan", row.plan_hash},
                            {"environment", row.environment},
                            {"approval", std::string(model::approval_state_name(state))}}));
  parts_.store.commit(also);
  log::info("deployment rejected", {{"deployment", row.deployment.str()}, {"why", why}});
  parts_.viewers.grew(row.deployment);
}

Answer<bool> Approvals::withdraw(const Caller& caller, const DeploymentId& id, const std::string& reason) {
  if (auto refusal = refuse_in_recovery()) return *refusal;
  const auto row = parts_.store.approval(id);
  if (!row) return no_approval(id);
  if (launching_.contains(id)) {
    return Refusal{409, "busy", "deployment " + id.str() + " is being started by its approver; ask again", {}};
  }
  const std::string why = "withdrawn by " + caller.principal + (reason.empty() ? "" : ": " + reason);
  close(caller, *row, ApprovalState::withdrawn, why, {});
  return true;
}

// --- looking
// -----------------------------------------------------------------------------------------------------------

std::vector<ApprovalView> Approvals::views(std::size_t limit) const {
  std::vector<ApprovalView> views;
  for (model::ApprovalRow& row : parts_.store.approvals(limit)) {
    auto deployment = parts_.store.deployment(row.deployment);
    ENSURE(deployment.has_value());
    views.push_back({by_the_rule(std::move(row)), std::move(*deployment), std::nullopt});
  }
  return views;
}

Answer<ApprovalView> Approvals::view(const DeploymentId& id) const {
  auto row = parts_.store.approval(id);
  if (!row) return no_approval(id);
  auto deployment = parts_.store.deployment(id);
  ENSURE(deployment.has_value());
  return ApprovalView{by_the_rule(std::move(*row)), std::move(*deployment), parts_.store.plan(id)};
}

}  // namespace switchyard::fleet
