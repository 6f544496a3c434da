#pragma once

#include <algorithm>
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "common/error.hpp"
#include "coordinator/fleet/operations.hpp"

namespace switchyard::testing {

inline const std::string release_a(64, 'a');
inline const DeploymentId known_deployment("d-0123456789abcdef");
inline const DeploymentId known_rollback("d-00000000000000bb");

inline fleet::Refusal no_such_deployment() { return {404, "no_such_deployment", "no such deployment", {}}; }

/// Answers every operation with plain data, records who asked for what, and can be told to fail.
class FakeOperations final : public fleet::Operations {
 public:
  std::vector<std::string> asked;
  std::vector<fleet::Caller> callers;
  fleet::DeployRequest deploy_request;
  fleet::RollbackRequest rollback_request;
  std::string received_bytes;
  std::function<void()> before_each;  ///< may throw
  std::function<void()> held_reply;   ///< the timeline's, until the test calls it
  bool hold_timeline = false;

  fleet::Answer<std::vector<std::uint32_t>> begin_artifact(const ReleaseId&, const std::string& manifest) override {
    note("begin_artifact");
    received_bytes = manifest;
    return std::vector<std::uint32_t>{0, 2};
  }
  fleet::Answer<bool> put_chunk(const ReleaseId&, std::uint32_t index, const std::string& bytes) override {
    note("put_chunk " + std::to_string(index));
    received_bytes = bytes;
    return true;
  }
  fleet::Answer<bool> complete_artifact(const fleet::Caller& caller, const ReleaseId&, const std::string& component,
                                        const std::string& version) override {
    note("complete_artifact " + component + " " + version, &caller);
    return true;
  }
  std::vector<store::PutArtifact> artifacts() const override { return {{ReleaseId(release_a), "api", "1.2", 77, 5}}; }

  void plan(const fleet::Caller& caller, const fleet::DeployRequest& request,
            fleet::Reply<model::Plan> reply) override {
    note("plan", &caller);
    deploy_request = request;
    reply(sample_plan());
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
  fleet::Answer<fleet::DeploymentView> deployment(const DeploymentId& id) const override {
    if (before_each) before_each();
    if (id == known_deployment) return sample_view();
    if (id == known_rollback) return rollback_view();
    return no_such_deployment();
  }
  std::vector<model::DeploymentRow> deployments(std::size_t limit) const override {
    if (before_each) before_each();
    std::vector<model::DeploymentRow> rows = {sample_view().row, rollback_view().row};
    if (rows.size() > limit) rows.resize(limit);
    return rows;
  }
  std::vector<model::TimelineEntry> timeline(const DeploymentId&, std::size_t after, std::size_t) const override {
    std::vector<model::TimelineEntry> entries = {
        {known_deployment, 10, HostId(), "", "state", "preparing", "preparing", {}},
        {known_deployment, 20, HostId("web-1"), "api", "step", "done", "fetched", {{"ms", "412"}}}};
    entries.erase(entries.begin(), entries.begin() + static_cast<std::ptrdiff_t>(std::min<std::size_t>(after, 2)));
    return entries;
  }
  void when_timeline_grows(const DeploymentId&, std::size_t, std::int64_t wait_ms,
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
  fleet::Answer<bool> resume(const fleet::Caller& caller, const DeploymentId& id) override {
    return changed("resume " + id.str(), caller);
  }
  fleet::Answer<bool> declare_gone(const fleet::Caller& caller, const DeploymentId& id, const HostId& host,
                                   const std::string& reason) override {
    return changed("gone " + id.str() + " " + host.str() + " " + reason, caller);
  }

  std::vector<fleet::HostView> hosts() const override {
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
  std::optional<fleet::RecoveryView> recovery() const override {
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
  std::vector<fleet::ServingView> serving() const override {
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
    view.owed = known_rollback;
    return {view};
  }
  std::vector<store::StoredAudit> audit(std::uint64_t after, std::size_t) const override {
    return {{after + 1, {3, "local:root", "deploy.start", "d-1", "why", "unix socket", true, {{"k", "v"}}}, "ff"}};
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
  static fleet::DeploymentView rollback_view() {
    fleet::DeploymentView view;
    view.row.id = known_rollback;
    view.row.kind = model::DeploymentKind::rollback;
    view.row.rollback_of = known_deployment;
    view.row.state = model::DeploymentState::done;
    view.row.finished_wall_ms = 30;
    return view;
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
    note(std::move(what), &caller);
    return true;
  }
};

}  // namespace switchyard::testing
