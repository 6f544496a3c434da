// --dry-run of whatever changes something: everything is checked, and neither the store nor a host is another
// afterwards.
#include "coordinator/fleet/rehearsal.hpp"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <set>

#include "common/hex.hpp"
#include "coordinator/api/router.hpp"
#include "protocol/artifact.hpp"
#include "tests/unit/coordinator_fleet/approvals_fixture.hpp"

namespace switchyard::fleet {
namespace {

using Outcome = Answer<bool>;
using Ask = std::function<Outcome(const Caller&)>;

template <class T>
Outcome outcome_of(const Answer<T>& answer) {
  if (const auto* refusal = std::get_if<Refusal>(&answer)) return *refusal;
  return true;
}

/// A fleet of two hosts, and what a rehearsal must leave as it is.
class Stage {
 public:
  explicit Stage(std::uint32_t approvals = 0)
      : world(access::EnvironmentRules{{"production", {.approvals = approvals}}}) {
    world.add_agent("web-1");
    world.add_agent("web-2");
  }

  Operations& operations() { return world.operations(); }
  /// Of an operation that answers later.
  template <class T, class Start>
  Outcome later(Start start) {
    std::optional<Answer<T>> answer;
    start([&](Answer<T> given) { answer = std::move(given); });
    world.run_until([&] { return answer.has_value(); });
    return outcome_of(*answer);
  }
  DeployRequest request(const std::string& text, const std::string& settings = "{}") {
    return world.request(api_manifest("web-1, web-2", settings), {{"api", world.upload("api", text)}});
  }
  DeploymentId started(const DeployRequest& wanted, std::int64_t ms) {
    return expect_value(world.start(wanted, ms)).row.id;
  }
  DeploymentId at_work() { return started(request("v1", "{watch_seconds: 600}"), 5'000); }

  /// Rehearsed, it changes nothing; in earnest it does.
  void expect_rehearsed(const Ask& ask) {
    Caller caller = FleetWorld::caller;
    caller.rehearses = true;
    const Ground before = ground();
    const Outcome answer = ask(caller);
    EXPECT_EQ(ground(), before) << "the rehearsal has changed something";
    const Refusal would = expect_refusal(answer);
    EXPECT_EQ(would.code, rehearsed_code) << would.message;
    EXPECT_EQ(would.status, 200);
    EXPECT_FALSE(would.message.empty());
    expect_done(ask, before);
  }
  /// What changes nothing in any case is answered as else.
  void expect_answered(const Ask& ask) {
    Caller caller = FleetWorld::caller;
    caller.rehearses = true;
    const Ground before = ground();
    EXPECT_TRUE(std::holds_alternative<bool>(ask(caller)));
    EXPECT_EQ(ground(), before) << "the rehearsal has changed something";
  }

  FleetWorld world;

 private:
  struct Ground {
    std::uint64_t commits = 0, plan_seq = 0, epoch = 0;
    std::map<std::string, HostId> allowed;
    std::map<std::string, std::size_t> told;       ///< by host: all that it heard but questions
    std::map<std::string, std::string> artifacts;  ///< by path
    bool operator==(const Ground&) const = default;
  };
  Ground ground() {
    Ground now;
    now.commits = world.store().commits();
    now.plan_seq = world.store().disk()->plan_seq;
    now.epoch = world.store().disk()->epoch;
    now.allowed = world.allowed();
    for (const auto& entry : std::filesystem::recursive_directory_iterator(world.artifact_directory())) {
      std::string& bytes = now.artifacts[entry.path()];
      if (entry.is_regular_file()) {
        std::ifstream file(entry.path(), std::ios::binary);
        bytes.assign(std::istreambuf_iterator<char>(file), {});
      }
    }
    for (const char* host : {"web-1", "web-2"}) {
      for (const protocol::Message& message : world.agent(host).heard) {
        const bool asks = std::holds_alternative<protocol::Ping>(message) ||
                          std::holds_alternative<protocol::Inventory>(message) ||
                          std::holds_alternative<protocol::Query>(message);
        if (!asks) ++now.told[host];
      }
    }
    return now;
  }
  void expect_done(const Ask& ask, const Ground& before) {
    const Outcome done = ask(FleetWorld::caller);
    if (const auto* refusal = std::get_if<Refusal>(&done)) ADD_FAILURE() << refusal->code << ": " << refusal->message;
    EXPECT_NE(ground(), before) << "in earnest it changes nothing either: that it was rehearsed proves nothing";
  }
};

ApprovalWish wish_for(Stage& stage, const DeploymentId& id, bool grant) {
  return {id, grant, stage.world.row(id).plan_hash, "", ""};
}

void decide(bool grant) {
  Stage stage(1);
  const DeploymentId id = expect_value(stage.world.start(stage.request("v1"), 1'000, build)).row.id;
  stage.expect_rehearsed([&](const Caller& who) {
    return stage.later<ApprovalView>([&](Reply<ApprovalView> reply) {
      stage.operations().decide_approval(who, wish_for(stage, id, grant), std::move(reply));
    });
  });
}

void plan_something() {
  Stage stage;
  const DeployRequest wanted = stage.request("v1");
  stage.expect_answered([&](const Caller& who) {
    return stage.later<PlanView>(
        [&](Reply<PlanView> reply) { stage.operations().plan(who, wanted, std::move(reply)); });
  });
}

void simulate_something() {
  Stage stage;
  const DeployRequest wanted = stage.request("v1");
  stage.expect_answered([&](const Caller& who) {
    return stage.later<SimulationView>(
        [&](Reply<SimulationView> reply) { stage.operations().simulate(who, wanted, "", std::move(reply)); });
  });
}

/// Each of the three steps is rehearsed before it is done.
void take_an_artifact() {
  Stage stage;
  const protocol::ArtifactManifest manifest{
      .bytes = 2, .unpacked_bytes = 2, .entries = 1, .chunk_bytes = 4, .chunks = {sha256("v1")}};
  const std::string encoded = protocol::encode_artifact(manifest);
  const ReleaseId release = protocol::release_id(encoded);
  stage.expect_rehearsed(
      [&](const Caller& who) { return outcome_of(stage.operations().begin_artifact(who, release, encoded)); });
  stage.expect_rehearsed(
      [&](const Caller& who) { return outcome_of(stage.operations().put_chunk(who, release, 0, "v1")); });
  stage.expect_rehearsed(
      [&](const Caller& who) { return outcome_of(stage.operations().complete_artifact(who, release, "api", "2")); });
}

void start(std::uint32_t approvals) {
  Stage stage(approvals);
  const DeployRequest wanted = stage.request("v1");
  stage.expect_rehearsed([&](const Caller& who) {
    return stage.later<DeploymentView>(
        [&](Reply<DeploymentView> reply) { stage.operations().start(who, wanted, std::move(reply)); });
  });
}

void roll_back() {
  Stage stage;
  stage.started(stage.request("v1"), 60'000);
  RollbackRequest wanted;
  wanted.deployment = stage.started(stage.request("v2"), 60'000);
  wanted.reason = "test";
  wanted.idempotency_key = "the-same";
  stage.expect_rehearsed([&](const Caller& who) {
    return stage.later<DeploymentView>(
        [&](Reply<DeploymentView> reply) { stage.operations().start_rollback(who, wanted, std::move(reply)); });
  });
}

SnapshotId snapshot_of_stage(Stage& stage) {
  stage.started(stage.request("v1"), 60'000);
  std::optional<Answer<SnapshotView>> answer;
  stage.operations().create_snapshot(FleetWorld::caller, {"production", "", "test"},
                                     [&](Answer<SnapshotView> given) { answer = std::move(given); });
  stage.world.run_until([&] { return answer.has_value(); });
  return expect_value(*answer).row.id;
}

void make_snapshot() {
  Stage stage;
  DeployRequest wanted = stage.request("v1");
  wanted.manifest.insert(wanted.manifest.find("    ports:"), "    files_to_backup: [/srv/api/state]\n");
  stage.started(wanted, 60'000);
  stage.expect_rehearsed([&](const Caller& who) {
    return stage.later<SnapshotView>([&](Reply<SnapshotView> reply) {
      stage.operations().create_snapshot(who, {"production", "shop", "test"}, std::move(reply));
    });
  });
}

void restore_snapshot(std::uint32_t approvals) {
  Stage stage;
  const SnapshotId id = snapshot_of_stage(stage);
  stage.started(stage.request("v2"), 60'000);
  if (approvals > 0) {
    stage.world.restart_with({{"production", {.approvals = approvals}}});
    for (const char* host : {"web-1", "web-2"}) stage.world.connect(stage.world.agent(host));
    stage.world.run(5'000);
  }
  stage.expect_rehearsed([&](const Caller& who) {
    return stage.later<DeploymentView>([&](Reply<DeploymentView> reply) {
      stage.operations().restore_snapshot(who, {id, "test", "the-same"}, std::move(reply));
    });
  });
}

void remove_snapshot() {
  Stage stage;
  const SnapshotId id = snapshot_of_stage(stage);
  stage.expect_rehearsed([&](const Caller& who) { return stage.operations().remove_snapshot(who, id); });
}

void resume() {
  Stage stage;
  const DeploymentId id = stage.at_work();
  expect_value(stage.operations().hold(FleetWorld::caller, id, ""));
  stage.world.run(10'000);
  stage.expect_rehearsed([&](const Caller& who) { return stage.operations().resume(who, id); });
}

void promote() {
  Stage stage;
  stage.started(stage.request("v1"), 60'000);
  DeployRequest canary = stage.request("v2");
  canary.manifest.insert(canary.manifest.find("    ports:"),
                         "    strategy: canary\n    canary: {weights: [10], pause_seconds: 1, promote: manual}\n");
  const DeploymentId id = stage.started(canary, 30'000);
  stage.expect_rehearsed(
      [&](const Caller& who) { return outcome_of(stage.operations().promote(who, id, std::nullopt)); });
}

void declare_gone() {
  Stage stage;
  const DeploymentId id = stage.started(stage.request("v1"), 0);
  stage.world.lose(stage.world.agent("web-2"));
  stage.expect_rehearsed(
      [&](const Caller& who) { return stage.operations().declare_gone(who, id, HostId("web-2"), "burnt down"); });
}

void recover() {
  Stage stage;
  stage.world.store().commit({store::SetRestored{true}});
  stage.world.restart();
  for (const char* host : {"web-1", "web-2"}) stage.world.connect(stage.world.agent(host));
  stage.world.run(1'000);
  stage.expect_rehearsed([&](const Caller& who) {
    return outcome_of(stage.operations().recover(who, {{}, "the disk was replaced"}));
  });
}

/// An operation that needs nothing but two hosts.
std::function<void()> simple(std::function<Outcome(Operations&, const Caller&)> ask) {
  return [ask = std::move(ask)] {
    Stage stage;
    stage.expect_rehearsed([&](const Caller& who) { return ask(stage.operations(), who); });
  };
}
/// One on a deployment that is at work.
std::function<void()> on_deployment(std::function<Outcome(Operations&, const Caller&, const DeploymentId&)> ask) {
  return [ask = std::move(ask)] {
    Stage stage;
    const DeploymentId id = stage.at_work();
    stage.expect_rehearsed([&](const Caller& who) { return ask(stage.operations(), who, id); });
  };
}

const HostId web_1("web-1");

const RegisterChecksRequest checks{"production", "f.yaml",
                                   "health_checks: [{name: web, type: tcp, config: {port: 8000}}]"};

/// Registered, where something serves.
void with_check(const std::function<void(Stage&)>& then) {
  Stage stage;
  model::ServingRow row;
  row.host = web_1;
  row.environment = "production";
  row.component = "api";
  row.serving = {protocol::OldKind::release, "blue", ReleaseId(std::string(64, 'a')), "api@blue.service"};
  stage.world.store().commit({store::PutServing{row}});
  expect_value(stage.operations().register_checks(FleetWorld::caller, checks));
  then(stage);
}

void remove_check() {
  with_check([](Stage& stage) {
    stage.expect_rehearsed(
        [&](const Caller& who) { return stage.operations().remove_check(who, "production", "web"); });
  });
}

void run_checks() {
  with_check([](Stage& stage) {
    RunChecksRequest wanted;
    wanted.environment = "production";
    wanted.all = true;
    stage.expect_rehearsed([&](const Caller& who) {
      return stage.later<model::Verdict>(
          [&](Reply<model::Verdict> reply) { stage.operations().run_checks(who, wanted, std::move(reply)); });
    });
  });
}

void revoke_token() {
  Stage stage;
  ApiTokenRequest wanted;
  wanted.name = "ann";
  wanted.environment = "production";
  const std::string id = expect_value(stage.operations().create_api_token(FleetWorld::caller, wanted)).row.id;
  stage.expect_rehearsed([&](const Caller& who) { return stage.operations().revoke_api_token(who, id); });
}

const std::map<std::string, std::function<void()>>& cases() {
  static const std::map<std::string, std::function<void()>> all = {
      {"PUT /v1/artifacts/{release}/manifest", take_an_artifact},
      {"PUT /v1/artifacts/{release}/chunks/{index}", take_an_artifact},
      {"POST /v1/artifacts/{release}/complete", take_an_artifact},
      {"POST /v1/plans", plan_something},
      {"POST /v1/simulations", simulate_something},
      {"POST /v1/deployments", [] { start(0), start(1); }},
      {"POST /v1/deployments/{id}/cancel",
       on_deployment([](Operations& on, const Caller& who, const DeploymentId& id) { return on.cancel(who, id, ""); })},
      {"POST /v1/deployments/{id}/hold",
       on_deployment([](Operations& on, const Caller& who, const DeploymentId& id) { return on.hold(who, id, ""); })},
      {"POST /v1/deployments/{id}/resume", resume},
      {"POST /v1/deployments/{id}/promote", promote},
      {"POST /v1/deployments/{id}/resolve", declare_gone},
      {"POST /v1/rollbacks", roll_back},
      {"POST /v1/snapshots", make_snapshot},
      {"POST /v1/snapshots/{id}/restore", [] { restore_snapshot(0), restore_snapshot(1); }},
      {"DELETE /v1/snapshots/{id}", remove_snapshot},
      {"POST /v1/agents/tokens",
       simple([](Operations& on, const Caller& who) { return outcome_of(on.create_token(who, "web-*")); })},
      {"POST /v1/agents/{host}/revoke",
       simple([](Operations& on, const Caller& who) { return on.revoke_agent(who, web_1); })},
      {"POST /v1/hosts",
       simple([](Operations& on, const Caller& who) { return on.add_host(who, HostId("web-9"), {}); })},
      {"DELETE /v1/hosts/{host}", simple([](Operations& on, const Caller& who) { return on.remove_host(who, web_1); })},
      {"POST /v1/hosts/{host}/replace",
       simple([](Operations& on, const Caller& who) { return outcome_of(on.replace_host(who, web_1)); })},
      {"POST /v1/approvals/{id}/approve", [] { decide(true); }},
      {"POST /v1/approvals/{id}/reject", [] { decide(false); }},
      {"POST /v1/tokens", simple([](Operations& on, const Caller& who) {
         ApiTokenRequest wanted;
         wanted.name = "ann";
         wanted.environment = "production";
         return outcome_of(on.create_api_token(who, wanted));
       })},
      {"POST /v1/tokens/{token}/revoke", revoke_token},
      {"POST /v1/totp", simple([](Operations& on, const Caller& who) { return outcome_of(on.enrol_totp(who, "")); })},
      {"POST /v1/totp/{person}/reset",
       [] {
         Stage stage;
         expect_value(stage.operations().enrol_totp(ann, ""));
         stage.expect_rehearsed([&](const Caller& who) { return stage.operations().reset_totp(who, "ann"); });
       }},
      {"POST /v1/health-checks",
       simple([](Operations& on, const Caller& who) { return outcome_of(on.register_checks(who, checks)); })},
      {"POST /v1/health-checks/run", run_checks},
      {"DELETE /v1/health-checks/{environment}/{check}", remove_check},
      {"POST /v1/secrets", simple([](Operations& on, const Caller& who) {
         return outcome_of(on.set_secret(who, {"production", "DB_PASSWORD", SecretText("s")}));
       })},
      {"DELETE /v1/secrets/{environment}/{name}",
       [] {
         Stage stage;
         expect_value(
             stage.operations().set_secret(FleetWorld::caller, {"production", "DB_PASSWORD", SecretText("s")}));
         stage.expect_rehearsed(
             [&](const Caller& who) { return stage.operations().remove_secret(who, "production", "DB_PASSWORD"); });
       }},
      {"POST /v1/keys/renew", simple([](Operations& on, const Caller& who) {
         return outcome_of(on.renew_keys(who, {{}, "it is time"}));
       })},
      {"POST /v1/recovery", recover},
  };
  return all;
}

TEST(Rehearsal, ChangesNeitherTheStoreNorAHostWhateverRouteIsRehearsed) {
  std::set<std::string> routes;
  for (const api::Route& route : api::routes()) {
    if (route.method == api::Method::get) continue;
    routes.insert(std::string(api::method_name(route.method)) + " " + std::string(route.path));
  }
  for (const std::string& route : routes) {
    SCOPED_TRACE(route);
    const auto found = cases().find(route);
    if (found == cases().end()) {
      ADD_FAILURE() << "what does this route do when it is only rehearsed (--dry-run)?";
    } else {
      found->second();
    }
  }
  for (const auto& [route, unused] : cases()) EXPECT_TRUE(routes.contains(route)) << route;
}

TEST(Rehearsal, IsRefusedWhereTheDeedWouldBe) {
  Stage stage;
  Caller rehearsing = FleetWorld::caller;
  rehearsing.rehearses = true;
  EXPECT_EQ(expect_refusal(stage.operations().revoke_agent(rehearsing, HostId("web-9"))).code, "unknown_host");
  EXPECT_EQ(expect_refusal(stage.operations().hold(rehearsing, DeploymentId("d-1"), "")).code, "unknown_deployment");
  stage.at_work();
  EXPECT_EQ(expect_refusal(stage.operations().remove_host(rehearsing, web_1)).code, "host_busy");
  const DeployRequest wanted = stage.request("v2");
  const Outcome answer = stage.later<DeploymentView>(
      [&](Reply<DeploymentView> reply) { stage.operations().start(rehearsing, wanted, std::move(reply)); });
  EXPECT_EQ(expect_refusal(answer).code, "locked");
}

TEST(Rehearsal, AndAPlanNeedNoBytesOfAnArtifactAndAStartDoes) {
  Stage stage;
  const ReleaseId release(std::string(64, 'a'));
  DeployRequest wanted = stage.world.request(api_manifest("web-1, web-2"), {{"api", release}});
  const Ask plan = [&](const Caller& who) {
    return stage.later<PlanView>(
        [&](Reply<PlanView> reply) { stage.operations().plan(who, wanted, std::move(reply)); });
  };
  const Ask start = [&](const Caller& who) {
    return stage.later<DeploymentView>(
        [&](Reply<DeploymentView> reply) { stage.operations().start(who, wanted, std::move(reply)); });
  };
  EXPECT_EQ(expect_refusal(plan(FleetWorld::caller)).code, "no_artifact");
  wanted.artifact_sizes["api"] = {.bytes = 100, .unpacked_bytes = 300};
  EXPECT_TRUE(std::holds_alternative<bool>(plan(FleetWorld::caller)));
  Caller rehearsing = FleetWorld::caller;
  rehearsing.rehearses = true;
  EXPECT_EQ(expect_refusal(start(rehearsing)).code, rehearsed_code);
  EXPECT_EQ(expect_refusal(start(FleetWorld::caller)).code, "no_artifact");
}

TEST(Rehearsal, NeedsTheSameRight) {
  Stage stage(1);
  Caller viewer = caller_named("token:dora", access::Kind::person, access::Role::viewer);
  viewer.rehearses = true;
  EXPECT_EQ(expect_refusal(stage.world.now().guarded.revoke_agent(viewer, web_1)).status, 403);
}

/// A key that only a rehearsal has used does not hold up, or stand for, the start in earnest.
TEST(Rehearsal, LeavesAnIdempotencyKeyFree) {
  Stage stage;
  DeployRequest wanted = stage.request("v1");
  wanted.idempotency_key = "once";
  Caller rehearsing = FleetWorld::caller;
  rehearsing.rehearses = true;
  int rehearsals = 0;
  stage.operations().start(rehearsing, wanted,
                           [&](const Answer<DeploymentView>& answer) { rehearsals += expect_refusal(answer).status; });
  const DeploymentId id = stage.started(wanted, 60'000);
  EXPECT_EQ(rehearsals, 200);
  EXPECT_EQ(stage.world.row(id).state, model::DeploymentState::done);
}

}  // namespace
}  // namespace switchyard::fleet
