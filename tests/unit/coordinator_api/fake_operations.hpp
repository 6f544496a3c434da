#pragma once

#include <algorithm>
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "common/error.hpp"
#include "coordinator/fleet/operations.hpp"
#include "coordinator/fleet/rehearsal.hpp"

namespace switchyard::testing {

inline const std::string release_a(64, 'a');
inline const DeploymentId known_deployment("d-0123456789abcdef");
inline const DeploymentId known_rollback("d-00000000000000bb");

inline const SnapshotId known_snapshot("s-0123456789abcdef");

inline const std::string access_name = "build";

inline fleet::Refusal no_such_deployment() { return {404, "no_such_deployment", "no such deployment", {}}; }

/// Answers every operation with plain data, records who asked for what, and can be told to fail.
class FakeOperations final : public fleet::Operations {
 public:
  std::vector<std::string> asked;
  std::vector<fleet::Caller> callers;
  fleet::DeployRequest deploy_request;
  fleet::RollbackRequest rollback_request;
  fleet::ApprovalWish approval_wish;
  fleet::RestoreRequest restore_request;
  std::string received_bytes;
  std::function<void()> before_each;  ///< may throw
  std::function<void()> held_reply;   ///< the timeline's, until the test calls it
  bool hold_timeline = false;
  std::size_t snapshots_known = 1;
  mutable std::size_t snapshots_asked = 0;        ///< the limit
  std::map<std::string, access::Bearer> bearers;  ///< by digest
  std::vector<std::string> turned_away_from;

  fleet::Answer<std::vector<std::uint32_t>> begin_artifact(const fleet::Caller& caller, const ReleaseId&,
                                                           const std::string& manifest) override {
    note("begin_artifact", &caller);
    received_bytes = manifest;
    return std::vector<std::uint32_t>{0, 2};
  }
  fleet::Answer<bool> put_chunk(const fleet::Caller& caller, const ReleaseId&, std::uint32_t index,
                                const std::string& bytes) override {
    note("put_chunk " + std::to_string(index), &caller);
    received_bytes = bytes;
    return true;
  }
  fleet::Answer<bool> complete_artifact(const fleet::Caller& caller, const ReleaseId&, const std::string& component,
                                        const std::string& version) override {
    note("complete_artifact " + component + " " + version, &caller);
    return true;
  }
  std::vector<store::PutArtifact> artifacts(const fleet::Caller&) const override {
    return {{ReleaseId(release_a), "api", "1.2", 77, 5}};
  }

  void plan(const fleet::Caller& caller, const fleet::DeployRequest& request,
            fleet::Reply<fleet::PlanView> reply) override {
    note("plan", &caller);
    deploy_request = request;
    reply(fleet::PlanView{sample_plan(), sample_outlook()});
  }
  void start(const fleet::Caller& caller, const fleet::DeployRequest& request,
             fleet::Reply<fleet::DeploymentView> reply) override {
    note("start", &caller);
    deploy_request = request;
    if (request.environment == "locked") {
      reply(fleet::Refusal{409, "locked", "d-1 is at work there", {{"holder", "d-1"}}});
      return;
    }
    fleet::DeploymentView view = sample_view();
    view.plan = sample_plan();
    reply(view);
  }
  void start_rollback(const fleet::Caller& caller, const fleet::RollbackRequest& request,
                      fleet::Reply<fleet::DeploymentView> reply) override {
    note("start_rollback", &caller);
    rollback_request = request;
    reply(rollback_view());
  }
  static fleet::Lineage sample_lineage() {
    fleet::RollbackTarget old;
    old.row = rollback_view().row;
    old.row.version = "1.1";
    old.score = 80;
    old.why = {"-20 no watch window"};
    old.last_stable = true;
    old.places = {{HostId("web-1"), "api", ReleaseId(release_a), true},
                  {HostId("web-2"), "api", ReleaseId(release_a), std::nullopt}};
    return {"production", "guestbook", {old}, known_deployment};
  }
  void rollback_targets(const fleet::Caller&, const std::string& environment, const std::string& name,
                        fleet::Reply<std::vector<fleet::Lineage>> reply) override {
    note("rollback_targets " + environment + " " + name);
    reply(std::vector<fleet::Lineage>{sample_lineage()});
  }
  fleet::Answer<fleet::DeploymentView> deployment(const fleet::Caller&, const DeploymentId& id) const override {
    if (before_each) before_each();
    if (id == known_deployment) return sample_view();
    if (id == known_rollback) return rollback_view();
    return no_such_deployment();
  }
  std::vector<model::DeploymentRow> deployments(const fleet::Caller&, std::size_t limit) const override {
    if (before_each) before_each();
    std::vector<model::DeploymentRow> rows = {sample_view().row, rollback_view().row};
    if (rows.size() > limit) rows.resize(limit);
    return rows;
  }
  std::vector<model::TimelineEntry> timeline(const fleet::Caller&, const DeploymentId&, std::size_t after,
                                             std::size_t) const override {
    std::vector<model::TimelineEntry> entries = {
        {known_deployment, 10, HostId(), "", "state", "preparing", "preparing", {}},
        {known_deployment, 20, HostId("web-1"), "api", "step", "done", "fetched", {{"ms", "412"}}}};
    entries.erase(entries.begin(), entries.begin() + static_cast<std::ptrdiff_t>(std::min<std::size_t>(after, 2)));
    return entries;
  }
  void when_timeline_grows(const fleet::Caller&, const DeploymentId&, std::size_t, std::int64_t wait_ms,
                           std::function<void()> reply) override {
    note("wait " + std::to_string(wait_ms));
    if (hold_timeline) {
      held_reply = std::move(reply);
    } else {
      reply();
    }
  }
  fleet::Answer<bool> cancel(const fleet::Caller& caller, const DeploymentId& id, const std::string& reason) override {
    return changed("cancel " + id.str() + " " + reason, caller);
  }
  fleet::Answer<std::vector<std::string>> promote(const fleet::Caller& caller, const DeploymentId& id,
                                                  std::optional<std::uint32_t> share) override {
    note("promote " + id.str() + (share ? " " + std::to_string(*share) + " %" : ""), &caller);
    return std::vector<std::string>{"10 % of the traffic of api"};
  }
  fleet::Answer<bool> hold(const fleet::Caller& caller, const DeploymentId& id, const std::string& reason) override {
    return changed("hold " + id.str() + " " + reason, caller);
  }
  fleet::Answer<bool> resume(const fleet::Caller& caller, const DeploymentId& id) override {
    return changed("resume " + id.str(), caller);
  }
  fleet::Answer<bool> declare_gone(const fleet::Caller& caller, const DeploymentId& id, const HostId& host,
                                   const std::string& reason) override {
    return changed("gone " + id.str() + " " + host.str() + " " + reason, caller);
  }

  void create_snapshot(const fleet::Caller& caller, const fleet::SnapshotRequest& request,
                       fleet::Reply<fleet::SnapshotView> reply) override {
    note("create_snapshot " + request.environment + " " + request.name + " " + request.reason, &caller);
    reply(sample_snapshot());
  }
  std::vector<fleet::SnapshotView> snapshots(const fleet::Caller&, const std::string&, const std::string&,
                                             std::size_t limit) const override {
    snapshots_asked = limit;
    return std::vector<fleet::SnapshotView>(std::min(limit, snapshots_known), sample_snapshot());
  }
  void snapshot(const fleet::Caller& caller, const SnapshotId& id, bool schemas,
                fleet::Reply<fleet::SnapshotView> reply) override {
    note("snapshot " + id.str() + (schemas ? " with schemas" : ""), &caller);
    fleet::SnapshotView view = sample_snapshot();
    view.now = {{fleet::PlaceNow::State::different, {"release bbbb serves"}, true, false}};
    view.why_not = "its bytes are gone";
    view.since = {"web on web-2"};
    reply(view);
  }
  void restore_snapshot(const fleet::Caller& caller, const fleet::RestoreRequest& request,
                        fleet::Reply<fleet::DeploymentView> reply) override {
    note("restore_snapshot " + request.snapshot.str() + " " + request.reason, &caller);
    restore_request = request;
    fleet::DeploymentView view = sample_view();
    view.row.kind = model::DeploymentKind::restore;
    view.row.snapshot = known_snapshot;
    view.plan = sample_plan();
    reply(view);
  }
  fleet::Answer<bool> remove_snapshot(const fleet::Caller& caller, const SnapshotId& id) override {
    return changed("remove_snapshot " + id.str(), caller);
  }
  static fleet::SnapshotView sample_snapshot() {
    fleet::SnapshotView view;
    view.row.id = known_snapshot;
    view.row.environment = "production";
    view.row.name = "shop";
    view.row.author = "local:ann";
    view.row.reason = "before the sale";
    view.row.created_wall_ms = 7;
    model::SnapshotPlace place;
    place.host = HostId("web-1");
    place.component = "api";
    place.serving = {protocol::OldKind::release, "blue", ReleaseId(release_a), "api@blue.service"};
    place.version = "1.2";
    place.unit_state = "active";
    place.enablement = "enabled";
    place.deployment = known_deployment;
    place.origin = known_deployment;
    place.files = {"/etc/api.conf"};
    place.files_present = 1;
    view.row.places = {place};
    view.row.checksum = model::checksum_of(view.row);
    view.whole = true;
    return view;
  }

  std::vector<fleet::HostView> hosts(const fleet::Caller&) const override {
    fleet::HostView enrolled;
    enrolled.row.id = HostId("web-1");
    enrolled.row.public_key = "key";
    enrolled.row.labels = {{"zone", "a"}};
    enrolled.row.enrolled_wall_ms = 7;
    enrolled.connected = true;
    fleet::HostView known;
    known.row.id = HostId("web-2");
    return {enrolled, known};
  }
  fleet::Answer<bool> add_host(const fleet::Caller& caller, const HostId& host,
                               const std::map<std::string, std::string>& labels) override {
    return changed("add_host " + host.str() + " " + std::to_string(labels.size()), caller);
  }
  fleet::Answer<bool> remove_host(const fleet::Caller& caller, const HostId& host) override {
    return changed("remove_host " + host.str(), caller);
  }
  fleet::Answer<fleet::TokenMade> replace_host(const fleet::Caller& caller, const HostId& host) override {
    note("replace_host " + host.str(), &caller);
    return fleet::TokenMade{"t1", "sy1.secret", 9};
  }
  fleet::Answer<fleet::TokenMade> create_token(const fleet::Caller& caller, const std::string& pattern) override {
    note("create_token " + pattern, &caller);
    return fleet::TokenMade{"t1", "sy1.secret", 9};
  }
  static fleet::KeysView keys_view() {
    return {"0123456789ab", "ba9876543210", {{HostId("web-1"), true}}, {{HostId("web-2"), false}}, {known_deployment}};
  }
  fleet::Answer<fleet::KeysView> keys(const fleet::Caller&) const override { return keys_view(); }
  fleet::Answer<fleet::KeysView> renew_keys(const fleet::Caller& caller,
                                            const fleet::RenewKeysRequest& request) override {
    note("renew_keys without " + std::to_string(request.without.size()) + " " + request.reason, &caller);
    return keys_view();
  }

  std::optional<fleet::RecoveryView> recovery(const fleet::Caller&) const override {
    return fleet::RecoveryView{40, 3, {HostId("web-1")}, {HostId("web-2")}};
  }
  fleet::Answer<fleet::RecoveryDone> recover(const fleet::Caller& caller,
                                             const fleet::RecoverRequest& request) override {
    note("recover without " + std::to_string(request.without.size()) + " " + request.reason, &caller);
    return fleet::RecoveryDone{41, {known_deployment}, {}};
  }
  fleet::Answer<bool> revoke_agent(const fleet::Caller& caller, const HostId& host) override {
    return changed("revoke " + host.str(), caller);
  }
  static fleet::ServingView sample_serving() {
    fleet::ServingView view;
    model::ServingRow& row = view.row;
    row.host = HostId("web-1");
    row.environment = "production";
    row.component = "api";
    row.serving = {protocol::OldKind::release, "blue", ReleaseId(release_a), "api@blue.service"};
    row.deployment = known_deployment;
    row.version = "1.2";
    view.since_wall_ms = 30;
    view.connected = true;
    view.last_seen_wall_ms = 40;
    view.now = {fleet::ServingNow::State::different, "api@blue.service is inactive"};
    view.owed = known_rollback;
    return view;
  }
  void serving(const fleet::Caller&, fleet::Reply<std::vector<fleet::ServingView>> reply) override {
    reply(std::vector<fleet::ServingView>{sample_serving()});
  }
  std::vector<std::string> environments(const fleet::Caller&) const override { return {"production", "staging"}; }
  fleet::Answer<std::vector<store::StoredAudit>> audit(const fleet::Caller&, std::uint64_t after,
                                                       std::size_t) const override {
    return std::vector<store::StoredAudit>{
        {after + 1, {3, "local:root", "deploy.start", "d-1", "why", "unix socket", true, {{"k", "v"}}}, "ff"}};
  }
  fleet::Answer<std::vector<fleet::WitnessView>> witnesses(const fleet::Caller&) const override {
    return std::vector<fleet::WitnessView>{{HostId("web-1"), std::string(64, 'a'), true}, {HostId("web-2"), "", false}};
  }

  std::vector<fleet::ApprovalView> approvals(const fleet::Caller&, std::size_t) const override {
    return {sample_approval()};
  }
  fleet::Answer<fleet::ApprovalView> approval(const fleet::Caller&, const DeploymentId& id) const override {
    if (id != known_deployment) return no_such_deployment();
    fleet::ApprovalView view = sample_approval();
    view.plan = sample_plan();
    return view;
  }
  void decide_approval(const fleet::Caller& caller, const fleet::ApprovalWish& wish,
                       fleet::Reply<fleet::ApprovalView> reply) override {
    note((wish.grant ? "approve " : "reject ") + wish.deployment.str() + " " + wish.reason, &caller);
    approval_wish = wish;
    reply(sample_approval());
  }

  std::optional<access::Bearer> bearer(const std::string& digest) const override {
    const auto found = bearers.find(digest);
    return found == bearers.end() ? std::nullopt : std::optional(found->second);
  }
  void turned_away(const std::string& origin) override { turned_away_from.push_back(origin); }
  fleet::Answer<fleet::ApiTokenMade> create_api_token(const fleet::Caller& caller,
                                                      const fleet::ApiTokenRequest& request) override {
    note("create_api_token " + request.name, &caller);
    return fleet::ApiTokenMade{sample_token(), "syt_secret"};
  }
  std::vector<model::ApiTokenRow> api_tokens(const fleet::Caller&) const override { return {sample_token()}; }
  fleet::Answer<bool> revoke_api_token(const fleet::Caller& caller, const std::string& id) override {
    return changed("revoke_api_token " + id, caller);
  }
  fleet::Answer<std::string> enrol_totp(const fleet::Caller& caller, const std::string& code) override {
    note("enrol_totp " + code, &caller);
    return std::string("otpauth://totp/Switchyard:ann?secret=ABC");
  }
  fleet::Answer<bool> reset_totp(const fleet::Caller& caller, const std::string& person) override {
    return changed("reset_totp " + person, caller);
  }
  fleet::Answer<fleet::SecretView> set_secret(const fleet::Caller& caller,
                                              const fleet::SecretRequest& request) override {
    note("set_secret " + request.environment + " " + request.name, &caller);
    secret_value = request.value;
    return sample_secret();
  }
  std::vector<fleet::SecretView> secrets(const fleet::Caller&) const override { return {sample_secret()}; }
  fleet::Answer<bool> remove_secret(const fleet::Caller& caller, const std::string& environment,
                                    const std::string& name) override {
    return changed("remove_secret " + environment + " " + name, caller);
  }
  static fleet::SecretView sample_secret() { return {"production", "DB_PASSWORD", 3, "local:ann", 1}; }
  SecretText secret_value;

  fleet::Answer<std::vector<std::string>> register_checks(const fleet::Caller& caller,
                                                          const fleet::RegisterChecksRequest& request) override {
    note("register_checks " + request.environment, &caller);
    return std::vector<std::string>{"web"};
  }
  std::vector<model::RegisteredCheck> registered_checks(const fleet::Caller&) const override {
    model::RegisteredCheck check;
    check.environment = "production";
    check.name = "web";
    check.tags = {"core"};
    check.hosts = {HostId("web-1")};
    return {check};
  }
  fleet::Answer<bool> remove_check(const fleet::Caller& caller, const std::string& environment,
                                   const std::string& name) override {
    return changed("remove_check " + environment + " " + name, caller);
  }
  void run_checks(const fleet::Caller& caller, const fleet::RunChecksRequest& request,
                  fleet::Reply<model::Verdict> reply) override {
    note("run_checks " + request.environment, &caller);
    model::Evidence one;
    one.host = HostId("web-1");
    one.check = "web";
    one.state = protocol::CheckState::passed;
    one.details = {{"count", "3"}};
    reply(model::judge({one}));
  }

  static fleet::ApprovalView sample_approval() {
    fleet::ApprovalView view;
    view.deployment = sample_view().row;
    view.deployment.state = model::DeploymentState::draft;
    view.row.deployment = known_deployment;
    view.row.environment = "production";
    view.row.plan_hash = release_a;
    view.row.author = "token:build";
    view.row.needed = 2;
    view.row.created_wall_ms = 1;
    view.row.expires_wall_ms = 2;
    view.row.votes = {{"token:ann", true, "fine", 1, false}};
    return view;
  }
  static model::ApiTokenRow sample_token() {
    return {"0123456789ab",
            release_a,
            access_name,
            access::Kind::ci,
            access::Role::operator_,
            "production",
            "local:root",
            1,
            2,
            0};
  }
  static fleet::DeploymentView sample_view() {
    fleet::DeploymentView view;
    view.row.id = known_deployment;
    view.row.name = "shop";
    view.row.environment = "production";
    view.row.state = model::DeploymentState::swapping;
    view.row.author = "local:root";
    view.row.plan_hash = release_a;
    view.row.created_wall_ms = 1;
    view.row.deferred = {HostId("web-9")};
    view.progress = {{HostId("web-1"), "api", "swapped", "switch port 5000", ""}};
    return view;
  }
  static model::CheckFinding sample_finding() {
    return {.host = HostId("web-1"),
            .component = "api",
            .check = "disk",
            .critical = false,
            .status = model::CheckStatus::fail,
            .message = "nearly full",
            .duration_ms = 40,
            .wall_ms = 20};
  }
  static fleet::DeploymentView rollback_view() {
    fleet::DeploymentView view;
    view.row.id = known_rollback;
    view.row.kind = model::DeploymentKind::rollback;
    view.row.rollback_of = known_deployment;
    view.row.environment = "production";
    view.row.state = model::DeploymentState::done;
    view.row.finished_wall_ms = 30;
    view.checks = model::ChecksReport{model::ChecksOutcome::passed,
                                      model::RunTests::none,
                                      {{0, model::TierState::passed, 2, 1, 1, 0}, {.tier = 1}, {.tier = 2}},
                                      {"api on web-1: check disk: nearly full"},
                                      {sample_finding()},
                                      3};
    view.previous_version = "1.2";
    return view;
  }
  void simulate(const fleet::Caller& caller, const fleet::DeployRequest& request, const std::string& fail,
                fleet::Reply<fleet::SimulationView> reply) override {
    note("simulate " + fail, &caller);
    deploy_request = request;
    fleet::SimulationView view{release_a, {}, {"api: swap start"}};
    view.simulation.end = model::DeploymentState::rolled_back;
    view.simulation.assumed = {"a person promotes"};
    model::TimelineEntry entry;
    entry.what = "state";
    entry.state = "preparing";
    view.simulation.timeline = {{7, entry}};
    view.simulation.reverts = {{9, HostId("web-1"), "api"}};
    view.simulation.standing = {{HostId("web-1"), "api", "old"}};
    reply(view);
  }
  static forecast::Outlook sample_outlook() {
    forecast::Outlook outlook;
    outlook.changes = {{HostId("web-1"), "api", "nothing", true, {{"slot", "", "nothing", "blue"}}}};
    outlook.risks = {{planner::RiskKind::only_host, "api", {HostId("web-1")}, "all of api is on web-1"}};
    outlook.approvals = {1, "ann", "because"};
    outlook.duration = {forecast::Spread{1'000, 2'000, 3'000, 4}, {}};
    outlook.downtime = {{"api", {HostId("web-1")}, {std::nullopt, {"api: swap start"}}}};
    outlook.notes = {"a note"};
    return outlook;
  }
  static model::Plan sample_plan() {
    model::Plan plan;
    plan.deployment = known_deployment;
    plan.name = "shop";
    plan.hash = release_a;
    protocol::Step step;
    step.id = StepId(std::string(32, '1'));
    step.title = "start api@green.service";
    step.action = protocol::EnsureUnit{"api@green.service", protocol::UnitState::started, {}};
    step.undo = protocol::EnsureUnit{"api@green.service", protocol::UnitState::stopped, {}};
    protocol::SliceComponent component;
    component.name = "api";
    component.release = ReleaseId(release_a);
    component.slot = "green";
    component.unit = "api@green.service";
    component.steps = {step};
    protocol::PlanSlice slice;
    slice.deployment = known_deployment;
    slice.host = HostId("web-1");
    slice.components = {component};
    plan.slices.emplace(slice.host, slice);
    model::PlanNode node;
    node.component = "api";
    node.hosts = {HostId("web-1")};
    plan.nodes = {node};
    return plan;
  }

 private:
  void note(std::string what, const fleet::Caller* caller = nullptr) {
    if (before_each) before_each();
    asked.push_back(std::move(what));
    if (caller != nullptr) callers.push_back(*caller);
  }
  fleet::Answer<bool> changed(std::string what, const fleet::Caller& caller) {
    if (caller.rehearses) {
      note("would " + what, &caller);
      return fleet::rehearsed(what + " would be done");
    }
    note(std::move(what), &caller);
    return true;
  }
};

}  // namespace switchyard::testing
