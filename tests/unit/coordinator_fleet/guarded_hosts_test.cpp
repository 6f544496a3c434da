// Hosts that several environments share: who guards one of them is asked by whatever starts there, when it starts.
#include <gtest/gtest.h>

#include "tests/unit/coordinator_fleet/approvals_fixture.hpp"

namespace switchyard::fleet {
namespace {

using access::Kind;
using access::Role;
using model::ApprovalState;
using model::DeploymentState;

class GuardedHosts : public ::testing::Test {
 protected:
  GuardedHosts() {
    world.add_agent("web-1");
    world.add_agent("web-2");
  }
  /// As coordinator.yaml says from now on.
  void guard(std::initializer_list<const char*> environments) {
    access::EnvironmentRules rules;
    for (const char* environment : environments) rules[environment].approvals = 1;
    world.restart_with(rules);
    for (const char* host : {"web-1", "web-2"}) world.connect(world.agent(host));
    world.run(5'000);
  }
  static std::string part(const std::string& name, const std::string& host, int port) {
    return "  - name: " + name + "\n    hosts: [" + host + "]\n    artifact: {directory: files}\n" +
           "    service: {command: [bin/x]}\n    ports: {stable: " + std::to_string(port) +
           ", blue: " + std::to_string(port + 1) + ", green: " + std::to_string(port + 2) + "}\n";
  }
  Answer<DeploymentView> start(const std::string& environment, const std::string& parts, const std::string& bytes) {
    const std::string manifest =
        "metadata: {name: " + environment + "-shop, environment: " + environment + "}\ncomponents:\n" + parts;
    std::map<std::string, ReleaseId> artifacts;
    for (const std::string component : {"api", "web", "job"}) {
      const bool named = parts.find("name: " + component + "\n") != std::string::npos;
      if (named) artifacts[component] = world.upload(component, component + " " + bytes);
    }
    return world.start(world.request(manifest, std::move(artifacts)));
  }
  DeploymentId deploy(const std::string& environment, const std::string& parts, const std::string& bytes) {
    const DeploymentId id = expect_value(start(environment, parts, bytes)).row.id;
    if (world.row(id).state == DeploymentState::draft) {
      expect_value(approve(id));
      world.run(60'000);
    }
    EXPECT_EQ(world.row(id).state, DeploymentState::done) << world.row(id).reason;
    return id;
  }
  Answer<DeploymentView> roll_back(Operations& door, const Caller& who, RollbackRequest wanted) {
    wanted.reason = "test";
    std::optional<Answer<DeploymentView>> answer;
    door.start_rollback(who, wanted, [&](Answer<DeploymentView> given) { answer = std::move(given); });
    world.run_until([&] { return answer.has_value(); });
    world.run(60'000);
    return *answer;
  }
  Answer<ApprovalView> approve(const DeploymentId& id) {
    std::optional<Answer<ApprovalView>> answer;
    world.operations().decide_approval(ann, {id, true, world.row(id).plan_hash, {}, {}},
                                       [&](Answer<ApprovalView> given) { answer = std::move(given); });
    world.run_until([&] { return answer.has_value(); });
    return *answer;
  }
  ReleaseId serving(const std::string& host, const std::string& component) {
    return world.agent(host).serving[component].release;
  }

  FleetWorld world;
  const std::string api = part("api", "web-1", 8'080);
  const std::string web = part("web", "web-2", 9'090);
  const std::string job = part("job", "web-1", 7'070);
};

TEST_F(GuardedHosts, AnApprovalStartsNothingWhereAnotherGuardedEnvironmentHasComeMeanwhile) {
  guard({"production", "eu"});
  const DeploymentId waits = expect_value(start("production", api, "v1")).row.id;
  ASSERT_EQ(world.row(waits).state, DeploymentState::draft);
  deploy("eu", job, "v1");
  const Refusal refusal = expect_refusal(approve(waits));
  EXPECT_EQ(refusal.code, "guarded_host");
  EXPECT_EQ(refusal.details.at("environment"), "eu");
  EXPECT_EQ(world.row(waits).state, DeploymentState::draft);
  EXPECT_TRUE(world.store().approval(waits)->votes.empty()) << "the word can be said again";
  world.run(60'000);
  EXPECT_TRUE(serving("web-1", "api").empty());
}

TEST_F(GuardedHosts, ARollbackIsNotStartedWhereAGuardedEnvironmentHasComeSince) {
  guard({"production"});
  deploy("staging", api, "v1");
  const DeploymentId second = deploy("staging", api, "v2");
  deploy("production", job, "v1");
  const std::size_t rows = world.store().deployments(100).size();
  EXPECT_EQ(expect_refusal(roll_back(world.operations(), FleetWorld::caller, {.deployment = second})).code,
            "guarded_host");
  EXPECT_EQ(world.store().deployments(100).size(), rows) << "nothing was begun";
  EXPECT_EQ(serving("web-1", "api"), world.upload("api", "api v2"));
}

TEST_F(GuardedHosts, ARollbackThatWaitedIsNotStartedWhereAnotherEnvironmentIsGuardedNow) {
  deploy("eu", job, "v1");
  deploy("production", api, "v1");
  const DeploymentId second = deploy("production", api, "v2");
  world.run(world.store().plan(second)->settings.keep_old_ms);
  guard({"production"});
  const DeploymentId back =
      expect_value(roll_back(world.operations(), FleetWorld::caller, {.deployment = second})).row.id;
  ASSERT_EQ(world.row(back).state, DeploymentState::draft);
  guard({"production", "eu"});
  EXPECT_EQ(expect_refusal(approve(back)).code, "guarded_host");
  EXPECT_EQ(world.store().approval(back)->state, ApprovalState::waiting);
  EXPECT_EQ(serving("web-1", "api"), world.upload("api", "api v2"));
}

TEST_F(GuardedHosts, NothingIsProposedWhereItCouldNotStart) {
  deploy("eu", job, "v1");
  deploy("production", api, "v1");
  const DeploymentId second = deploy("production", api, "v2");
  world.run(world.store().plan(second)->settings.keep_old_ms);
  guard({"production", "eu"});
  EXPECT_EQ(expect_refusal(roll_back(world.operations(), FleetWorld::caller, {.deployment = second})).code,
            "guarded_host");
  EXPECT_TRUE(world.store().approvals(10).empty());
}

TEST_F(GuardedHosts, ARehearsalSaysSoToo) {
  guard({"production"});
  deploy("staging", api, "v1");
  const DeploymentId second = deploy("staging", api, "v2");
  deploy("production", job, "v1");
  Caller rehearsing = FleetWorld::caller;
  rehearsing.rehearses = true;
  EXPECT_EQ(expect_refusal(roll_back(world.operations(), rehearsing, {.deployment = second})).code, "guarded_host");
}

TEST_F(GuardedHosts, ARollbackTakesTheRightInTheNeighboursEnvironmentToo) {
  deploy("staging", api + web, "v1");
  const DeploymentId second = deploy("staging", api + web, "v2");
  deploy("qa", job, "v1");
  Caller dora = caller_named("token:dora", Kind::person, Role::operator_);
  dora.who.grants = {{Role::operator_, "staging"}};
  Operations& door = world.now().guarded;
  const Refusal refusal = expect_refusal(roll_back(door, dora, {.deployment = second}));
  EXPECT_EQ(refusal.status, 403);
  EXPECT_NE(refusal.message.find("host web-1 serves for `qa` too"), std::string::npos) << refusal.message;
  EXPECT_EQ(serving("web-1", "api"), world.upload("api", "api v2"));

  const DeploymentId part = expect_value(roll_back(door, dora, {.deployment = second, .components = {"web"}})).row.id;
  EXPECT_EQ(world.row(part).state, DeploymentState::done) << "of hosts that serve for nobody else";
  dora.who.grants = {{Role::operator_, "*"}};
  const DeploymentId rest = expect_value(roll_back(door, dora, {.deployment = second, .components = {"api"}})).row.id;
  EXPECT_EQ(world.row(rest).state, DeploymentState::done);
  EXPECT_EQ(serving("web-1", "api"), world.upload("api", "api v1"));
}

}  // namespace
}  // namespace switchyard::fleet
