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
#include "coordinator/fleet/environment_policies.hpp"
#include "coordinator/fleet/freeze.hpp"
#include "coordinator/fleet/rehearsal.hpp"
#include "coordinator/fleet/rollback_scope.hpp"
#include "coordinator/fleet/superseded.hpp"
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

/// A draft is among those that are being launched for as long as this lives, whatever is thrown or dropped meanwhile.
class LaunchMark {
 public:
  LaunchMark(std::shared_ptr<std::set<DeploymentId>> launching, DeploymentId id)
      : launching_(std::move(launching)), id_(std::move(id)) {
    launching_->insert(id_);
  }
  ~LaunchMark() { take_off(); }
  LaunchMark(const LaunchMark&) = delete;
  LaunchMark& operator=(const LaunchMark&) = delete;

  /// Once: the next one may have begun before this one is gone.
  void take_off() noexcept {
    if (on_) launching_->erase(id_);
    on_ = false;
  }

 private:
  std::shared_ptr<std::set<DeploymentId>> launching_;
  DeploymentId id_;
  bool on_ = true;
};

std::string joined(const std::vector<std::string>& parts) {
  std::string text;
  for (const std::string& part : parts) text += (text.empty() ? "" : "; ") + part;
  return text;
}

}  // namespace

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
    if (draft.state != DeploymentState::draft || launching_->contains(draft.id)) continue;
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

std::optional<Refusal> Approvals::refuse_another(std::size_t giving_way) const {
  const auto open = parts_.store.unfinished_deployments();
  const auto waiting =
      std::count_if(open.begin(), open.end(), [](const auto& row) { return row.state == DeploymentState::draft; });
  if (static_cast<std::size_t>(waiting) < limits::approvals_waiting_max + giving_way) return std::nullopt;
  return Refusal{409,
                 "too_many_waiting",
                 std::to_string(waiting) +
                     " deployments wait for approval already; approve, reject or cancel some "
                     "(`switchyard approvals list`)",
                 {}};
}

access::StartRule Approvals::rule_for_start(const Caller& caller, const std::string& environment, bool codes,
                                            bool lifts) const {
  const bool remembered = remembered_policies(parts_.store, environment).require_mfa;
  return access::rule_for_start(rule_for(environment), environment,
                                {access::administers(caller.who, environment), codes || remembered, lifts});
}

bool Approvals::asks_for_codes(const DeploymentId& id) const {
  // A rollback brings no configuration along; what it undoes did, or that was a rollback itself.
  for (auto row = parts_.store.deployment(id); row; row = parts_.store.deployment(row->rollback_of)) {
    if (const auto source = parts_.store.source(row->id)) return source->configuration.require_mfa;
    const auto snapshot = row->snapshot.empty() ? std::nullopt : parts_.store.snapshot(row->snapshot);
    if (snapshot && asks_for_codes(*snapshot)) return true;
    if (row->rollback_of.empty()) break;
  }
  return false;
}

bool Approvals::asks_for_codes(const model::SnapshotRow& snapshot) const {
  return std::any_of(snapshot.places.begin(), snapshot.places.end(), [&](const model::SnapshotPlace& place) {
    const auto source = parts_.store.source(place.origin);
    return source && source->configuration.require_mfa;
  });
}

std::optional<Approvals::FrozenDraft> Approvals::frozen_draft(const model::DeploymentRow& draft) const {
  const auto source = parts_.store.source(draft.id);
  if (draft.kind != model::DeploymentKind::deploy || !source) return std::nullopt;
  DeployRequest request;
  request.manifest = source->manifest;
  request.file_name = source->file_name;
  request.environment = draft.environment;
  request.components = source->components;
  request.defaults = source->defaults;
  auto target = target_of(request);
  if (!target) {
    // What cannot be read any more was planned once.
    const auto plan = parts_.store.plan(draft.id);
    if (!plan) return std::nullopt;
    target = target_of(*plan, draft.deferred);
  }
  auto frozen = find_frozen(parts_.store, rules_, *target, parts_.clock.wall_ms());
  if (!frozen) return std::nullopt;
  return FrozenDraft{std::move(*frozen), source->override_freeze};
}

/// With its last approval it would begin.
std::optional<Refusal> Approvals::refuse_frozen(const model::DeploymentRow& draft) const {
  const auto found = frozen_draft(draft);
  if (!found || !found->override_reason.empty()) return std::nullopt;
  Refusal refusal = fleet::refuse_frozen(found->frozen);
  const auto asked = parts_.store.approval(draft.id);
  if (asked && asked->expires_wall_ms <= found->frozen.freeze.until_wall_ms) {
    refusal.message += ". It waits for approval until " + access::utc_text(asked->expires_wall_ms) +
                       " only: start it anew when the window is over";
  }
  return refusal;
}

Answer<DeploymentId> Approvals::propose(StartOrder order, PlannedDeployment planned) {
  auto drafts = superseded_by(parts_.store, order, planned.plan);
  // The last word on it was said: a machine that may approve nothing does not undo a person's approval.
  std::erase_if(drafts, [this](const model::DeploymentRow& draft) { return launching_->contains(draft.id); });
  // Of what hosts may have begun already, nobody says that it is over.
  if (auto refusal = drafts.empty() ? std::nullopt : refuse_in_recovery()) return *refusal;
  if (auto refusal = refuse_another(drafts.size())) return *refusal;
  if (auto refusal = refuse_unseen(order, planned)) return *refusal;
  model::ApprovalRow asked;
  asked.needed = order.approvals;
  asked.expires_wall_ms = parts_.clock.wall_ms() + limits::approval_life_ms;
  store::Transaction also = supersede_writes(order.caller, drafts, planned.plan.deployment);
  auto answer = parts_.starter.propose(std::move(order), std::move(planned), std::move(asked), std::move(also));
  if (const auto* newer = std::get_if<DeploymentId>(&answer)) {
    for (const model::DeploymentRow& draft : drafts) closed(draft.id, "superseded by " + newer->str());
  }
  return answer;
}

store::Transaction Approvals::supersede_writes(const Caller& caller, const std::vector<model::DeploymentRow>& drafts,
                                               const DeploymentId& newer) const {
  store::Transaction writes;
  std::string ids;
  for (const model::DeploymentRow& draft : drafts) {
    const auto row = parts_.store.approval(draft.id);
    ENSURE(row.has_value());
    const std::string why = "superseded by " + newer.str() + ", which " + caller.principal + " has proposed since";
    for (store::Write& write : close_writes(caller, *row, ApprovalState::voided, why, newer)) {
      writes.push_back(std::move(write));
    }
    ids += (ids.empty() ? "" : ", ") + draft.id.str();
  }
  if (ids.empty()) return writes;
  model::TimelineEntry entry;
  entry.deployment = newer;
  entry.wall_ms = parts_.clock.wall_ms();
  entry.what = "state";
  entry.state = model::state_name(DeploymentState::draft);
  entry.text = "takes the place of " + ids + ", which waited for approval and can be approved no more";
  writes.push_back(store::AppendTimeline{std::move(entry)});
  return writes;
}

// --- deciding
// ----------------------------------------------------------------------------------------------------------

model::ApprovalRow Approvals::by_the_rule(model::ApprovalRow row) const {
  if (row.state != ApprovalState::waiting) return row;
  const access::EnvironmentRule rule = rule_for(row.environment);
  row.needed = std::max(row.needed, rule.approvals);
  const bool codes = rule.require_mfa || remembered_policies(parts_.store, row.environment).require_mfa;
  std::erase_if(row.votes,
                [&](const model::ApprovalVote& vote) { return codes && vote.granted && !vote.second_factor; });
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
  // The environment file of whoever proposed it may ask for more than the coordinator's own word, and never for less.
  const auto source = parts_.store.source(wish.deployment);
  const bool lifts = source && source->lifts != model::Policies{};
  const access::StartRule asks = rule_for_start(caller, row.environment, asks_for_codes(wish.deployment), lifts);
  if (auto refusal = engine::refuse_vote(row, asks.rule, vote, now)) {
    const bool over = draft && draft->state == DeploymentState::rejected;
    if (over && refusal->code == "decided") refusal->why += ", " + draft->reason;
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
  const TotpBook::Checked code = parts_.totp.check(caller, wish.totp);
  const auto weighed = weigh(caller, wish, code.second_factor);
  if (const auto* refusal = std::get_if<Refusal>(&weighed)) return reply(*refusal);
  const auto& row = std::get<model::ApprovalRow>(weighed);
  if (launching_->contains(wish.deployment)) {
    return reply(Refusal{409,
                         "busy",
                         "deployment " + wish.deployment.str() + " is being started by another approver",
                         {{"deployment", wish.deployment.str()}}});
  }
  if (caller.rehearses && !wish.grant) {
    return reply(rehearsed("deployment " + wish.deployment.str() + " would be rejected"));
  }
  if (!wish.grant) {
    const std::string why = "rejected by " + caller.principal + (wish.reason.empty() ? "" : ": " + wish.reason);
    close(caller, row, ApprovalState::rejected, why, vote_writes(caller, wish, row, code));
    return reply(view(wish.deployment));
  }
  if (caller.rehearses && engine::votes_missing(row) > 0) {
    return reply(rehearsed("your approval of deployment " + wish.deployment.str() + " would count; then " +
                           std::to_string(engine::votes_missing(row)) + " more would be needed"));
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
  if (auto refusal = refuse_frozen(*draft)) return reply(std::move(*refusal));
  // Shared, since a callback can be copied.
  const auto mark = std::make_shared<LaunchMark>(launching_, wish.deployment);
  parts_.planning.again(
      *draft, [this, caller, wish, code, mark, reply = std::move(reply)](const Answer<PlannedDeployment>& again) {
        mark->take_off();
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
    auto plan = parts_.store.plan(wish.deployment);
    ENSURE(plan && plan->hash == row.plan_hash);
    const auto& remade = std::get<PlannedDeployment>(again);
    std::vector<std::string> all_changes = changes_since(*plan, remade.plan);
    for (std::string& change : policies_since(draft->id)) all_changes.push_back(std::move(change));
    const std::string changes = joined(all_changes);
    if (caller.rehearses && !changes.empty()) {
      return rehearsed("deployment " + wish.deployment.str() +
                       " would be rejected, since the fleet has changed since: " + changes);
    }
    if (!changes.empty()) return void_it(caller, std::move(row), changes);
    if (auto refusal = refuse_to_go_back(*draft)) return *refusal;
    if (auto refusal = refuse_frozen(*draft)) return *refusal;
    // Before anything gives way to it.
    if (auto refusal = parts_.starter.refuse_beside(draft->kind, caller.who, target_of(*plan, draft->deferred)))
      return *refusal;
    if (auto refusal = parts_.starter.refuse_second(draft->kind, *plan)) return *refusal;
    if (caller.rehearses) return rehearsed("deployment " + wish.deployment.str() + " would be approved, and start");
    if (rollback) way_back(*draft).clear();
    row.state = ApprovalState::granted;
    store::Transaction writes = vote_writes(caller, wish, row, code);
    // The coordinator's keys may be others since it was proposed. What is signed is the same.
    parts_.planning.sign(*plan);
    writes.push_back(store::PutPlan{*plan});
    if (const auto over = frozen_draft(*draft)) {
      writes.push_back(
          override_row(parts_.clock, caller, draft->id, draft->environment, over->frozen, over->override_reason));
    }
    writes.push_back(store::PutApproval{row});
    const auto started = parts_.starter.start_approved(caller.who, *draft, *plan, remade.ground, std::move(writes));
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

std::vector<std::string> Approvals::policies_since(const DeploymentId& draft) const {
  const auto source = parts_.store.source(draft);
  const auto row = parts_.store.deployment(draft);
  if (!source || !row) return {};
  const model::Policies known = source->lifts;
  const model::Policies since = model::lifted(lifted_by(parts_.store, row->environment, source->configuration), known);
  // Codes are asked for when somebody approves: only what it would bring to the hosts is another deployment now.
  if (!since.encrypt_at_rest) return {};
  return {"`" + row->environment + "` asks for `encrypt_at_rest` by now, and this one does without"};
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

store::Transaction Approvals::close_writes(const Caller& caller, model::ApprovalRow row, ApprovalState state,
                                           const std::string& why, const DeploymentId& newer) const {
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
  std::map<std::string, std::string> details = {{"plan", row.plan_hash},
                                                {"environment", row.environment},
                                                {"approval", std::string(model::approval_state_name(state))}};
  if (!newer.empty()) details.emplace("superseded_by", newer.str());
  return {store::PutApproval{row}, store::PutDeployment{*draft}, store::AppendTimeline{std::move(entry)},
          audit_row(parts_.clock, caller, "deployment.rejected", row.deployment.str(), why, std::move(details))};
}

void Approvals::close(const Caller& caller, model::ApprovalRow row, ApprovalState state, const std::string& why,
                      store::Transaction also) {
  const DeploymentId id = row.deployment;
  for (store::Write& write : close_writes(caller, std::move(row), state, why)) also.push_back(std::move(write));
  parts_.store.commit(also);
  closed(id, why);
}

void Approvals::closed(const DeploymentId& id, const std::string& why) {
  log::info("deployment rejected", {{"deployment", id.str()}, {"why", why}});
  parts_.viewers.grew(id);
}

Answer<bool> Approvals::withdraw(const Caller& caller, const DeploymentId& id, const std::string& reason) {
  if (auto refusal = refuse_in_recovery()) return *refusal;
  const auto row = parts_.store.approval(id);
  if (!row) return no_approval(id);
  if (launching_->contains(id)) {
    return Refusal{409, "busy", "deployment " + id.str() + " is being started by its approver; ask again", {}};
  }
  if (caller.rehearses) return rehearsed("the proposal " + id.str() + " would be taken back");
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
  const auto source = parts_.store.source(id);
  return ApprovalView{by_the_rule(std::move(*row)), std::move(*deployment), parts_.store.plan(id),
                      source ? source->override_freeze : std::string()};
}

}  // namespace switchyard::fleet
