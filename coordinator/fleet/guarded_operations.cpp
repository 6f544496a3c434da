#include "coordinator/fleet/guarded_operations.hpp"

#include <algorithm>
#include <utility>

#include "common/limits.hpp"
#include "common/limits_snapshots.hpp"
#include "coordinator/fleet/check_registry.hpp"
#include "coordinator/fleet/deploy_target.hpp"

namespace switchyard::fleet {

using access::Action;

std::optional<Refusal> GuardedOperations::refuse(const Caller& caller, Action action,
                                                 const std::string& environment) const {
  // Of what is answered later: the token may have ended since the question was let in.
  if (auto refusal = tokens_.refuse_ended(caller)) return refusal;
  const auto why = access::why_not(caller.who, action, environment);
  if (!why) return std::nullopt;
  const std::string name(access::rule_of(action).name);
  refusals_.note({.operation = "access.refuse",
                  .object = name,
                  .origin = without_port(caller.origin),
                  .why = *why,
                  .known = true,
                  .principal = caller.principal,
                  .token = caller.token,
                  .environment = environment});
  return Refusal{403, "not_allowed", *why, {{"action", name}, {"environment", environment}}};
}

std::optional<Refusal> GuardedOperations::refuse_on(const Caller& caller, Action action, const DeploymentId& id) const {
  const auto row = store_.deployment(id);
  if (row) return refuse(caller, action, row->environment);
  const bool sees_any = access::may(caller.who, Action::list_deployments, {});
  return sees_any ? std::nullopt : refuse(caller, action);
}

std::optional<Refusal> GuardedOperations::refuse_on(const Caller& caller, Action action, const SnapshotId& id) const {
  if (const auto row = store_.snapshot(id)) return refuse(caller, action, row->environment);
  const bool sees_any = access::may(caller.who, Action::list_snapshots, {});
  return sees_any ? std::nullopt : refuse(caller, action);
}

Reply<DeploymentView> GuardedOperations::if_he_may_see(const Caller& caller, Reply<DeploymentView> reply) const {
  return [this, caller, reply = std::move(reply)](Answer<DeploymentView> answer) {
    if (const auto* view = std::get_if<DeploymentView>(&answer)) {
      if (auto refusal = refuse(caller, Action::show_deployment, view->row.environment)) return reply(*refusal);
    }
    reply(std::move(answer));
  };
}

std::optional<Refusal> GuardedOperations::refuse_request(const Caller& caller, Action action,
                                                         const DeployRequest& request) const {
  const auto target = target_of(request);
  const std::string environment = target ? target->environment : request.environment;
  if (environment.empty()) return refuse(caller, Action::upload_artifact);
  if (auto refusal = refuse(caller, action, environment)) return refusal;
  return target ? refuse_neighbours(caller, action, *target) : std::nullopt;
}

std::optional<Refusal> GuardedOperations::refuse_neighbours(const Caller& caller, Action action,
                                                            const DeployTarget& target) const {
  for (const auto& [neighbour, host] : neighbours_of(store_, target)) {
    auto refusal = refuse(caller, action, neighbour);
    if (!refusal) continue;
    refusal->message = "host " + host.str() + " serves for `" + neighbour + "` too, and " + refusal->message;
    return refusal;
  }
  return std::nullopt;
}

// --- artifacts
// ---------------------------------------------------------------------------------------------------------

Answer<std::vector<std::uint32_t>> GuardedOperations::begin_artifact(const Caller& caller, const ReleaseId& release,
                                                                     const std::string& manifest) {
  if (auto refusal = refuse(caller, Action::upload_artifact)) return *refusal;
  return inner_.begin_artifact(caller, release, manifest);
}

Answer<bool> GuardedOperations::put_chunk(const Caller& caller, const ReleaseId& release, std::uint32_t index,
                                          const std::string& bytes) {
  if (auto refusal = refuse(caller, Action::upload_artifact)) return *refusal;
  return inner_.put_chunk(caller, release, index, bytes);
}

Answer<bool> GuardedOperations::complete_artifact(const Caller& caller, const ReleaseId& release,
                                                  const std::string& component, const std::string& version) {
  if (auto refusal = refuse(caller, Action::upload_artifact)) return *refusal;
  return inner_.complete_artifact(caller, release, component, version);
}

std::vector<store::PutArtifact> GuardedOperations::artifacts(const Caller& caller) const {
  if (refuse(caller, Action::list_artifacts)) return {};
  return inner_.artifacts(caller);
}

// --- deployments
// -------------------------------------------------------------------------------------------------------

void GuardedOperations::plan(const Caller& caller, const DeployRequest& request, Reply<PlanView> reply) {
  if (auto refusal = refuse_request(caller, Action::plan_deployment, request)) return reply(std::move(*refusal));
  inner_.plan(caller, request, [this, caller, reply = std::move(reply)](Answer<PlanView> plan) {
    if (auto refusal = tokens_.refuse_ended(caller)) return reply(std::move(*refusal));
    reply(std::move(plan));
  });
}

void GuardedOperations::simulate(const Caller& caller, const DeployRequest& request, const std::string& fail,
                                 Reply<SimulationView> reply) {
  if (auto refusal = refuse_request(caller, Action::simulate_deployment, request)) return reply(std::move(*refusal));
  inner_.simulate(caller, request, fail, [this, caller, reply = std::move(reply)](Answer<SimulationView> view) {
    if (auto refusal = tokens_.refuse_ended(caller)) return reply(std::move(*refusal));
    reply(std::move(view));
  });
}

void GuardedOperations::start(const Caller& caller, const DeployRequest& request, Reply<DeploymentView> reply) {
  if (auto refusal = refuse_request(caller, Action::start_deployment, request)) return reply(std::move(*refusal));
  if (!request.override_freeze.empty()) {
    if (auto refusal = refuse_request(caller, Action::override_freeze, request)) return reply(std::move(*refusal));
  }
  inner_.start(caller, request, if_he_may_see(caller, std::move(reply)));
}

void GuardedOperations::start_rollback(const Caller& caller, const RollbackRequest& request,
                                       Reply<DeploymentView> reply) {
  if (auto refusal = refuse_on(caller, Action::start_rollback, request.deployment)) return reply(std::move(*refusal));
  if (const auto target = target_of(store_, request)) {
    if (auto refusal = refuse_neighbours(caller, Action::start_rollback, *target)) return reply(std::move(*refusal));
  }
  inner_.start_rollback(caller, request, if_he_may_see(caller, std::move(reply)));
}

void GuardedOperations::rollback_targets(const Caller& caller, const std::string& environment, const std::string& name,
                                         Reply<std::vector<Lineage>> reply) {
  if (auto refusal = refuse(caller, Action::list_rollback_targets)) return reply(std::move(*refusal));
  inner_.rollback_targets(caller, environment, name,
                          [this, caller, reply = std::move(reply)](Answer<std::vector<Lineage>> answer) {
                            if (auto refusal = tokens_.refuse_ended(caller)) return reply(std::move(*refusal));
                            if (auto* all = std::get_if<std::vector<Lineage>>(&answer)) {
                              std::erase_if(*all, [&](const Lineage& lineage) {
                                return !access::may(caller.who, Action::show_deployment, lineage.environment);
                              });
                            }
                            reply(std::move(answer));
                          });
}

Answer<DeploymentView> GuardedOperations::deployment(const Caller& caller, const DeploymentId& id) const {
  if (auto refusal = refuse_on(caller, Action::show_deployment, id)) return *refusal;
  return inner_.deployment(caller, id);
}

std::vector<model::DeploymentRow> GuardedOperations::deployments(const Caller& caller, std::size_t limit) const {
  if (refuse(caller, Action::list_deployments)) return {};
  // Who sees all of them gets as many as he asked for; others are looked for among the newest.
  const bool all = access::may(caller.who, Action::show_deployment, std::string(access::every_environment));
  auto rows = inner_.deployments(caller, all ? limit : limits::list_rows_max);
  std::erase_if(rows, [&](const model::DeploymentRow& row) {
    return !access::may(caller.who, Action::show_deployment, row.environment);
  });
  rows.resize(std::min(rows.size(), limit));
  return rows;
}

std::vector<model::TimelineEntry> GuardedOperations::timeline(const Caller& caller, const DeploymentId& id,
                                                              std::size_t after, std::size_t limit) const {
  if (refuse_on(caller, Action::watch_deployment, id)) return {};
  return inner_.timeline(caller, id, after, limit);
}

void GuardedOperations::when_timeline_grows(const Caller& caller, const DeploymentId& id, std::size_t after,
                                            std::int64_t wait_ms, std::function<void()> reply) {
  // The refusal itself is what the caller then reads: deployment() gives it.
  if (refuse_on(caller, Action::watch_deployment, id)) return reply();
  inner_.when_timeline_grows(caller, id, after, wait_ms, std::move(reply));
}

Answer<bool> GuardedOperations::cancel(const Caller& caller, const DeploymentId& id, const std::string& reason) {
  if (auto refusal = refuse_on(caller, Action::cancel_deployment, id)) return *refusal;
  return inner_.cancel(caller, id, reason);
}

Answer<bool> GuardedOperations::hold(const Caller& caller, const DeploymentId& id, const std::string& reason) {
  if (auto refusal = refuse_on(caller, Action::hold_deployment, id)) return *refusal;
  return inner_.hold(caller, id, reason);
}

Answer<bool> GuardedOperations::resume(const Caller& caller, const DeploymentId& id) {
  if (auto refusal = refuse_on(caller, Action::resume_deployment, id)) return *refusal;
  return inner_.resume(caller, id);
}

Answer<std::vector<std::string>> GuardedOperations::promote(const Caller& caller, const DeploymentId& id,
                                                            std::optional<std::uint32_t> share) {
  if (auto refusal = refuse_on(caller, Action::promote_deployment, id)) return *refusal;
  return inner_.promote(caller, id, share);
}

Answer<bool> GuardedOperations::declare_gone(const Caller& caller, const DeploymentId& id, const HostId& host,
                                             const std::string& reason) {
  if (auto refusal = refuse_on(caller, Action::resolve_deployment, id)) return *refusal;
  return inner_.declare_gone(caller, id, host, reason);
}

// --- snapshots
// ---------------------------------------------------------------------------------------------------------

void GuardedOperations::create_snapshot(const Caller& caller, const SnapshotRequest& request,
                                        Reply<SnapshotView> reply) {
  if (auto refusal = refuse(caller, Action::create_snapshot, request.environment)) return reply(std::move(*refusal));
  inner_.create_snapshot(caller, request, std::move(reply));
}

std::vector<SnapshotView> GuardedOperations::snapshots(const Caller& caller, const std::string& environment,
                                                       const std::string& name, std::size_t limit) const {
  if (refuse(caller, Action::list_snapshots)) return {};
  const bool all = access::may(caller.who, Action::show_snapshot, std::string(access::every_environment));
  auto views = inner_.snapshots(caller, environment, name, all ? limit : limits::snapshots_max);
  std::erase_if(views, [&](const SnapshotView& view) {
    return !access::may(caller.who, Action::show_snapshot, view.row.environment);
  });
  views.resize(std::min(views.size(), limit));
  return views;
}

/// Who may only look does not have databases locked, be it for a moment: that is for who may make snapshots.
void GuardedOperations::snapshot(const Caller& caller, const SnapshotId& id, bool schemas, Reply<SnapshotView> reply) {
  const Action action = schemas ? Action::create_snapshot : Action::show_snapshot;
  if (auto refusal = refuse_on(caller, action, id)) return reply(std::move(*refusal));
  inner_.snapshot(caller, id, schemas, [this, caller, reply = std::move(reply)](Answer<SnapshotView> view) {
    if (auto refusal = tokens_.refuse_ended(caller)) return reply(std::move(*refusal));
    reply(std::move(view));
  });
}

/// It deploys there what was there then, whoever has come to these hosts since.
void GuardedOperations::restore_snapshot(const Caller& caller, const RestoreRequest& request,
                                         Reply<DeploymentView> reply) {
  if (auto refusal = refuse_on(caller, Action::restore_snapshot, request.snapshot)) return reply(std::move(*refusal));
  if (const auto row = store_.snapshot(request.snapshot)) {
    DeployTarget target{row->environment, {}};
    for (const model::SnapshotPlace& place : row->places) target.hosts.insert(place.host);
    auto refusal = refuse_neighbours(caller, Action::restore_snapshot, target);
    if (refusal) return reply(std::move(*refusal));
  }
  inner_.restore_snapshot(caller, request, if_he_may_see(caller, std::move(reply)));
}

Answer<bool> GuardedOperations::remove_snapshot(const Caller& caller, const SnapshotId& id) {
  if (auto refusal = refuse_on(caller, Action::remove_snapshot, id)) return *refusal;
  return inner_.remove_snapshot(caller, id);
}

// --- fleet
// -------------------------------------------------------------------------------------------------------------

std::vector<HostView> GuardedOperations::hosts(const Caller& caller) const {
  if (refuse(caller, Action::list_hosts)) return {};
  return inner_.hosts(caller);
}

Answer<bool> GuardedOperations::add_host(const Caller& caller, const HostId& host,
                                         const std::map<std::string, std::string>& labels) {
  if (auto refusal = refuse(caller, Action::add_host)) return *refusal;
  return inner_.add_host(caller, host, labels);
}

Answer<bool> GuardedOperations::remove_host(const Caller& caller, const HostId& host) {
  if (auto refusal = refuse(caller, Action::remove_host)) return *refusal;
  return inner_.remove_host(caller, host);
}

Answer<TokenMade> GuardedOperations::replace_host(const Caller& caller, const HostId& host) {
  if (auto refusal = refuse(caller, Action::replace_host)) return *refusal;
  return inner_.replace_host(caller, host);
}

Answer<TokenMade> GuardedOperations::create_token(const Caller& caller, const std::string& host_pattern) {
  if (auto refusal = refuse(caller, Action::create_enrolment)) return *refusal;
  return inner_.create_token(caller, host_pattern);
}

Answer<bool> GuardedOperations::revoke_agent(const Caller& caller, const HostId& host) {
  if (auto refusal = refuse(caller, Action::revoke_agent)) return *refusal;
  return inner_.revoke_agent(caller, host);
}

void GuardedOperations::serving(const Caller& caller, Reply<std::vector<ServingView>> reply) {
  if (auto refusal = refuse(caller, Action::list_serving)) return reply(std::move(*refusal));
  inner_.serving(caller, [this, caller, reply = std::move(reply)](Answer<std::vector<ServingView>> answer) {
    if (auto refusal = tokens_.refuse_ended(caller)) return reply(std::move(*refusal));
    if (auto* views = std::get_if<std::vector<ServingView>>(&answer)) {
      std::erase_if(*views, [&](const ServingView& view) {
        return !access::may(caller.who, Action::show_deployment, view.row.environment);
      });
    }
    reply(std::move(answer));
  });
}

std::vector<std::string> GuardedOperations::environments(const Caller& caller) const {
  if (refuse(caller, Action::list_environments)) return {};
  auto names = inner_.environments(caller);
  std::erase_if(names,
                [&](const std::string& name) { return !access::may(caller.who, Action::show_deployment, name); });
  return names;
}

std::optional<RecoveryView> GuardedOperations::recovery(const Caller& caller) const {
  if (refuse(caller, Action::show_recovery)) return std::nullopt;
  return inner_.recovery(caller);
}

Answer<RecoveryDone> GuardedOperations::recover(const Caller& caller, const RecoverRequest& request) {
  if (auto refusal = refuse(caller, Action::recover)) return *refusal;
  return inner_.recover(caller, request);
}

Answer<KeysView> GuardedOperations::keys(const Caller& caller) const {
  if (auto refusal = refuse(caller, Action::show_keys)) return *refusal;
  return inner_.keys(caller);
}

Answer<KeysView> GuardedOperations::renew_keys(const Caller& caller, const RenewKeysRequest& request) {
  if (auto refusal = refuse(caller, Action::renew_keys)) return *refusal;
  return inner_.renew_keys(caller, request);
}

Answer<std::vector<store::StoredAudit>> GuardedOperations::audit(const Caller& caller, std::uint64_t after_seq,
                                                                 std::size_t limit) const {
  if (auto refusal = refuse(caller, Action::read_audit)) return *refusal;
  return inner_.audit(caller, after_seq, limit);
}

Answer<std::vector<WitnessView>> GuardedOperations::witnesses(const Caller& caller) const {
  if (auto refusal = refuse(caller, Action::read_audit)) return *refusal;
  return inner_.witnesses(caller);
}

// --- registered health checks
// ------------------------------------------------------------------------------------------

Answer<std::vector<std::string>> GuardedOperations::register_checks(const Caller& caller,
                                                                    const RegisterChecksRequest& request) {
  if (auto refusal = refuse(caller, Action::register_checks, request.environment)) return *refusal;
  if (registers_programs(request)) {
    if (auto refusal = refuse(caller, Action::register_programs, request.environment)) return *refusal;
  }
  return inner_.register_checks(caller, request);
}

std::vector<model::RegisteredCheck> GuardedOperations::registered_checks(const Caller& caller) const {
  if (refuse(caller, Action::list_checks)) return {};
  auto rows = inner_.registered_checks(caller);
  std::erase_if(rows, [&](const model::RegisteredCheck& row) {
    return !access::may(caller.who, Action::show_deployment, row.environment);
  });
  return rows;
}

Answer<bool> GuardedOperations::remove_check(const Caller& caller, const std::string& environment,
                                             const std::string& name) {
  if (auto refusal = refuse(caller, Action::remove_check, environment)) return *refusal;
  return inner_.remove_check(caller, environment, name);
}

void GuardedOperations::run_checks(const Caller& caller, const RunChecksRequest& request, Reply<model::Verdict> reply) {
  if (auto refusal = refuse(caller, Action::run_checks, request.environment)) return reply(std::move(*refusal));
  // All that could be run: what is not asked for is on hosts of the environment too.
  DeployTarget target{request.environment, {}};
  for (const auto& [host, checks] : checks_of_hosts(store_, store_.checks(), request)) target.hosts.insert(host);
  if (auto refusal = refuse_neighbours(caller, Action::run_checks, target)) return reply(std::move(*refusal));
  inner_.run_checks(caller, request, [this, caller, reply = std::move(reply)](Answer<model::Verdict> verdict) {
    if (auto refusal = tokens_.refuse_ended(caller)) return reply(std::move(*refusal));
    reply(std::move(verdict));
  });
}

// --- approvals
// ---------------------------------------------------------------------------------------------------------

std::vector<ApprovalView> GuardedOperations::approvals(const Caller& caller, std::size_t limit) const {
  if (refuse(caller, Action::list_approvals)) return {};
  const bool all = access::may(caller.who, Action::show_approval, std::string(access::every_environment));
  auto views = inner_.approvals(caller, all ? limit : limits::list_rows_max);
  std::erase_if(views, [&](const ApprovalView& view) {
    return !access::may(caller.who, Action::show_approval, view.row.environment);
  });
  if (views.size() > limit) views.erase(views.begin() + static_cast<std::ptrdiff_t>(limit), views.end());
  return views;
}

Answer<ApprovalView> GuardedOperations::approval(const Caller& caller, const DeploymentId& id) const {
  if (auto refusal = refuse_on(caller, Action::show_approval, id)) return *refusal;
  return inner_.approval(caller, id);
}

void GuardedOperations::decide_approval(const Caller& caller, const ApprovalWish& wish, Reply<ApprovalView> reply) {
  if (auto refusal = refuse_on(caller, Action::decide_approval, wish.deployment)) return reply(std::move(*refusal));
  inner_.decide_approval(caller, wish, std::move(reply));
}

// --- who may use the API
// -----------------------------------------------------------------------------------------------

Answer<ApiTokenMade> GuardedOperations::create_api_token(const Caller& caller, const ApiTokenRequest& request) {
  if (auto refusal = refuse(caller, Action::create_api_token, request.environment)) return *refusal;
  return inner_.create_api_token(caller, request);
}

std::vector<model::ApiTokenRow> GuardedOperations::api_tokens(const Caller& caller) const {
  if (refuse(caller, Action::list_api_tokens)) return {};
  auto rows = inner_.api_tokens(caller);
  std::erase_if(rows, [&](const model::ApiTokenRow& row) {
    return !access::may(caller.who, Action::create_api_token, row.environment);
  });
  return rows;
}

Answer<bool> GuardedOperations::revoke_api_token(const Caller& caller, const std::string& id) {
  const auto rows = store_.api_tokens();
  const auto found = std::find_if(rows.begin(), rows.end(), [&](const auto& row) { return row.id == id; });
  const std::string environment(found == rows.end() ? access::every_environment : found->environment);
  if (auto refusal = refuse(caller, Action::revoke_api_token, environment)) return *refusal;
  return inner_.revoke_api_token(caller, id);
}

Answer<std::string> GuardedOperations::enrol_totp(const Caller& caller, const std::string& code) {
  if (auto refusal = refuse(caller, Action::enrol_totp)) return *refusal;
  return inner_.enrol_totp(caller, code);
}

Answer<bool> GuardedOperations::reset_totp(const Caller& caller, const std::string& person) {
  if (auto refusal = refuse(caller, Action::reset_totp)) return *refusal;
  return inner_.reset_totp(caller, person);
}

// --- secrets
// -----------------------------------------------------------------------------------------------------------

Answer<SecretView> GuardedOperations::set_secret(const Caller& caller, const SecretRequest& request) {
  if (auto refusal = refuse(caller, Action::set_secret, request.environment)) return *refusal;
  return inner_.set_secret(caller, request);
}

std::vector<SecretView> GuardedOperations::secrets(const Caller& caller) const {
  if (refuse(caller, Action::list_secrets)) return {};
  auto views = inner_.secrets(caller);
  std::erase_if(views, [&](const SecretView& view) {
    return !access::may(caller.who, Action::show_deployment, view.environment);
  });
  return views;
}

Answer<bool> GuardedOperations::remove_secret(const Caller& caller, const std::string& environment,
                                              const std::string& name) {
  if (auto refusal = refuse(caller, Action::remove_secret, environment)) return *refusal;
  return inner_.remove_secret(caller, environment, name);
}

}  // namespace switchyard::fleet
