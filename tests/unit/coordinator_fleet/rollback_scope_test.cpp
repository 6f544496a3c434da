#include "coordinator/fleet/rollback_scope.hpp"

#include <gtest/gtest.h>

#include "tests/unit/coordinator_fleet/fleet_world.hpp"

namespace switchyard::fleet {
namespace {

using model::DeploymentState;

class RollbackScopeTest : public ::testing::Test {
 protected:
  RollbackScopeTest() {
    world.add_agent("web-1");
    world.add_agent("web-2");
  }
  DeploymentId deploy(const std::string& text, const std::string& manifest = api_manifest("web-1, web-2")) {
    return expect_value(world.start(world.request(manifest, {{"api", world.upload("api", text)}}))).row.id;
  }
  Answer<DeploymentView> roll_back(RollbackRequest request, std::int64_t ms = 60'000) {
    request.reason = "test";
    std::optional<Answer<DeploymentView>> answer;
    world.operations().start_rollback(FleetWorld::caller, request, [&](auto given) { answer = std::move(given); });
    world.run_until([&] { return answer.has_value(); });
    world.run(ms);
    return *answer;
  }
  ReleaseId serving(const std::string& host) { return world.agent(host).serving["api"].release; }

  FleetWorld world;
};

TEST_F(RollbackScopeTest, AServiceIsTakenAwayOnlyWhenThatIsMeant) {
  const DeploymentId first = deploy("v1");
  const Refusal refusal = expect_refusal(roll_back({.deployment = first}));
  EXPECT_EQ(refusal.status, 409);
  EXPECT_EQ(refusal.code, "to_nothing");
  EXPECT_EQ(refusal.message, "nothing ran before deployment " + first.str() +
                                 ": to roll it back stops api on web-1, web-2, with nothing in its place. If that is "
                                 "meant, say so with --to-nothing; to serve something else, deploy it");
  EXPECT_EQ(serving("web-1"), world.upload("api", "v1"));
  EXPECT_EQ(world.store().deployments(10).size(), 1u) << "nothing was begun";
  const DeploymentView done = expect_value(roll_back({.deployment = first, .to_nothing = true}));
  EXPECT_EQ(world.row(done.row.id).state, DeploymentState::done);
  EXPECT_TRUE(serving("web-1").empty());
}

TEST_F(RollbackScopeTest, AHostThatIsNewToTheComponentCountsAlone) {
  deploy("v1", api_manifest("web-1"));
  const DeploymentId second = deploy("v2");
  const Refusal refusal = expect_refusal(roll_back({.deployment = second}));
  EXPECT_NE(refusal.message.find("stops api on web-2, with nothing"), std::string::npos) << refusal.message;
}

TEST_F(RollbackScopeTest, WhatHasAPastNeedsNoWord) {
  deploy("v1");
  expect_value(roll_back({.deployment = deploy("v2")}));
  EXPECT_EQ(serving("web-2"), world.upload("api", "v1"));
}

/// Nobody is asked when a first deployment fails.
TEST_F(RollbackScopeTest, AFailedFirstDeploymentIsStillTakenBackByItself) {
  world.agent("web-2").fail_prepare = true;
  EXPECT_EQ(world.row(deploy("v1")).state, DeploymentState::rolled_back);
  EXPECT_TRUE(serving("web-1").empty());
}

TEST_F(RollbackScopeTest, AHostThatDoesNotAnswerMayBeLeftOutAndFollows) {
  deploy("v1");
  const DeploymentId second = deploy("v2");
  world.lose(world.agent("web-2"));
  const Refusal refusal = expect_refusal(roll_back({.deployment = second}));
  EXPECT_EQ(refusal.code, "host_away");
  EXPECT_NE(refusal.message.find("`--without web-2`"), std::string::npos) << refusal.message;
  const DeploymentView done = expect_value(roll_back({.deployment = second, .without = {HostId("web-2")}}));
  const model::DeploymentRow row = world.row(done.row.id);
  EXPECT_EQ(row.state, DeploymentState::done);
  EXPECT_EQ(row.gone, std::vector{HostId("web-2")});
  EXPECT_EQ(serving("web-1"), world.upload("api", "v1"));
  EXPECT_EQ(serving("web-2"), world.upload("api", "v2"));
  world.connect(world.agent("web-2"));
  world.run(120'000);
  EXPECT_EQ(serving("web-2"), world.upload("api", "v1"));
}

TEST_F(RollbackScopeTest, WhoAnswersOrTakesNoPartCannotBeLeftOut) {
  deploy("v1");
  const DeploymentId second = deploy("v2");
  EXPECT_EQ(expect_refusal(roll_back({.deployment = second, .without = {HostId("web-1")}})).code, "host_connected");
  EXPECT_EQ(expect_refusal(roll_back({.deployment = second, .without = {HostId("web-9")}})).code, "unknown_host");
  world.lose(world.agent("web-1"));
  world.lose(world.agent("web-2"));
  EXPECT_EQ(expect_refusal(roll_back({.deployment = second, .without = {HostId("web-1"), HostId("web-2")}})).code,
            "no_host_left");
}

TEST_F(RollbackScopeTest, AHostThatLeftTheFleetIsLeftOutForGood) {
  deploy("v1");
  const DeploymentId second = deploy("v2");
  world.lose(world.agent("web-2"));
  expect_value(world.operations().remove_host(FleetWorld::caller, HostId("web-2")));
  const Refusal refusal = expect_refusal(roll_back({.deployment = second}));
  EXPECT_EQ(refusal.code, "unknown_host");
  EXPECT_EQ(refusal.status, 409);
  EXPECT_NE(refusal.message.find("leaves it out with `--without web-2`"), std::string::npos) << refusal.message;
  const DeploymentView done = expect_value(roll_back({.deployment = second, .without = {HostId("web-2")}}));
  EXPECT_EQ(world.row(done.row.id).state, DeploymentState::done);
  EXPECT_TRUE(world.row(done.row.id).gone.empty());
  EXPECT_EQ(serving("web-1"), world.upload("api", "v1"));
}

TEST_F(RollbackScopeTest, ARequestThatIsSentAgainIsAnsweredThoughTheHostIsBack) {
  deploy("v1");
  const DeploymentId second = deploy("v2");
  world.lose(world.agent("web-2"));
  RollbackRequest request{.deployment = second, .without = {HostId("web-2")}};
  request.idempotency_key = "once";
  const DeploymentId id = expect_value(roll_back(request)).row.id;
  world.connect(world.agent("web-2"));
  EXPECT_EQ(expect_value(roll_back(request)).row.id, id);
  request.without.clear();
  EXPECT_EQ(expect_refusal(roll_back(request)).code, "idempotency_key_reused");
}

TEST_F(RollbackScopeTest, APartialOneSaysWhatItLeaves) {
  const std::string manifest =
      "metadata: {name: shop, environment: production}\ncomponents:\n"
      "  - {name: api, hosts: [web-1], artifact: {directory: a}, service: {command: [bin/a]}, ports: {stable: 80, "
      "blue: 81, green: 82}}\n"
      "  - {name: web, hosts: [web-1], artifact: {directory: a}, service: {command: [bin/a]}, ports: {stable: 90, "
      "blue: 91, green: 92}}\n";
  const auto both = [&](const std::string& version) {
    const ReleaseId release = world.upload("api", version);
    return expect_value(world.start(world.request(manifest, {{"api", release}, {"web", release}}))).row.id;
  };
  both("v1");
  const DeploymentId second = both("v2");
  const DeploymentView part = expect_value(roll_back({.deployment = second, .components = {"api"}}));
  EXPECT_EQ(part.kept, std::vector<std::string>{"web"});
  EXPECT_EQ(expect_value(world.operations().deployment(FleetWorld::caller, part.row.id)).kept,
            std::vector<std::string>{"web"});
  EXPECT_TRUE(expect_value(world.operations().deployment(FleetWorld::caller, second)).kept.empty());
}

}  // namespace
}  // namespace switchyard::fleet
