// What others do while a plan is being made.
#include "coordinator/fleet/plan_ground.hpp"

#include <gtest/gtest.h>

#include <cstring>
#include <memory>

#include "common/limits.hpp"
#include "tests/unit/coordinator_fleet/fleet_world.hpp"

namespace switchyard::fleet {
namespace {

using model::DeploymentState;
using Pending = std::shared_ptr<std::optional<Answer<DeploymentView>>>;

/// api_manifest() with another component, whose slots have ports of their own: the stable port alone is the same.
std::string blog_manifest(const std::string& hosts, const std::string& settings = "{}") {
  std::string manifest = api_manifest(hosts, settings);
  for (const auto& [from, to] : {std::pair{"name: shop", "name: blog"},
                                 {"name: api", "name: blog"},
                                 {"blue: 5002", "blue: 6002"},
                                 {"green: 5003", "green: 6003"}}) {
    manifest.replace(manifest.find(from), std::strlen(from), to);
  }
  return manifest;
}

constexpr const char* may_miss_one = "{unreachable: {defer: 1}}";

class PlanGroundTest : public ::testing::Test {
 protected:
  PlanGroundTest() {
    world.add_agent("web-1");
    world.add_agent("web-2");
  }
  Pending begin(const DeployRequest& request) {
    Pending pending = std::make_shared<std::optional<Answer<DeploymentView>>>();
    world.operations().start(FleetWorld::caller, request,
                             [pending](Answer<DeploymentView> given) { *pending = given; });
    return pending;
  }
  Answer<DeploymentView> await(const Pending& pending) {
    world.run_until([&] { return pending->has_value(); });
    return **pending;
  }
  DeployRequest api(const std::string& hosts, const std::string& text, const std::string& settings = "{}") {
    return world.request(api_manifest(hosts, settings), {{"api", world.upload("api", text)}});
  }
  DeployRequest blog(const std::string& hosts, const std::string& settings = "{}") {
    return world.request(blog_manifest(hosts, settings), {{"blog", world.upload("blog", "b1")}});
  }
  /// Every plan that names web-2 takes as long as plans may take, and does without it.
  void silence_second_host() { world.agent("web-2").deaf = true; }

  FleetWorld world;
};

TEST_F(PlanGroundTest, OfTwoDeploymentsAtOnceThatWantOnePortOneIsRefused) {
  const Pending first = begin(api("web-1, web-2", "v1"));
  const Pending second = begin(blog("web-2"));
  EXPECT_EQ(expect_value(await(first)).row.name, "shop");
  const Refusal refusal = expect_refusal(await(second));
  EXPECT_EQ(refusal.status, 409);
  EXPECT_EQ(refusal.code, "claimed");
  EXPECT_NE(refusal.message.find("component blog would use port 8080 on host web-2, and so does component api of "
                                 "deployment d-"),
            std::string::npos)
      << refusal.message;
  EXPECT_EQ(world.store().deployments(10).size(), 1u);
}

TEST_F(PlanGroundTest, ADeploymentThatIsUnderWayHoldsItsPortsAlreadyWhenAPlanIsLookedAt) {
  const DeploymentView live = expect_value(world.start(api("web-1", "v1"), 0));
  ASSERT_FALSE(model::is_final(world.row(live.row.id).state));
  std::optional<Answer<PlanView>> answer;
  world.operations().plan(FleetWorld::caller, blog("web-1"), [&](Answer<PlanView> given) { answer = given; });
  world.run_until([&] { return answer.has_value(); });
  EXPECT_EQ(expect_refusal(*answer).details.at("holder"), live.row.id.str());
  EXPECT_NE(expect_refusal(*answer).message.find("under way"), std::string::npos);
}

TEST_F(PlanGroundTest, AnAbortedDeploymentHoldsNothing) {
  world.agent("web-1").fail_prepare = true;
  expect_value(world.start(api("web-1", "v1")));
  world.agent("web-1").fail_prepare = false;
  EXPECT_EQ(expect_value(world.start(blog("web-1"))).row.name, "blog");
}

TEST_F(PlanGroundTest, APortThatWasTakenWhileTheHostsWereAskedIsRefused) {
  silence_second_host();
  const Pending slow = begin(blog("web-1, web-2", may_miss_one));
  world.run(100);
  const DeploymentView quick = expect_value(world.start(api("web-1", "v1"), limits::inventory_ms_max - 1'000));
  ASSERT_EQ(world.row(quick.row.id).state, DeploymentState::done);
  ASSERT_FALSE(slow->has_value());
  const Refusal refusal = expect_refusal(await(slow));
  EXPECT_EQ(refusal.code, "claimed");
  EXPECT_EQ(refusal.details.at("holder"), quick.row.id.str());
}

// The same for one that was under way before the plan was begun, and ended before it was made.
TEST_F(PlanGroundTest, APortOfADeploymentThatEndedWhileTheHostsWereAskedIsRefused) {
  const DeploymentView quick = expect_value(world.start(api("web-1", "v1"), 0));
  silence_second_host();
  const Pending slow = begin(blog("web-1, web-2", may_miss_one));
  world.run(limits::inventory_ms_max - 1'000);
  ASSERT_EQ(world.row(quick.row.id).state, DeploymentState::done);
  EXPECT_EQ(expect_refusal(await(slow)).code, "claimed");
}

TEST_F(PlanGroundTest, HasNotNothingToDoWhenTheComponentWasDeployedWhileTheHostsWereAsked) {
  expect_value(world.start(api("web-1, web-2", "v1")));
  silence_second_host();
  const Pending slow = begin(api("web-1, web-2", "v1", may_miss_one));
  world.run(100);
  const DeploymentView quick = expect_value(world.start(api("web-1", "v2"), limits::inventory_ms_max - 1'000));
  ASSERT_EQ(world.row(quick.row.id).state, DeploymentState::done);
  const Refusal refusal = expect_refusal(await(slow));
  EXPECT_EQ(refusal.status, 409);
  EXPECT_EQ(refusal.code, "overtaken");
  EXPECT_EQ(refusal.details.at("deployment"), quick.row.id.str());
  EXPECT_EQ(world.store().deployments(10).size(), 2u);
}

TEST_F(PlanGroundTest, WhatWasDeployedToOtherHostsOvertakesNothing) {
  world.add_agent("web-3");
  silence_second_host();
  const Pending slow = begin(api("web-1, web-2", "v1", may_miss_one));
  world.run(100);
  expect_value(world.start(api("web-3", "v2"), limits::inventory_ms_max - 1'000));
  EXPECT_EQ(expect_value(await(slow)).row.deferred, std::vector{HostId("web-2")});
}

/// By turns: each leaves the fleet without a host.
class TakenAway : public PlanGroundTest, public ::testing::WithParamInterface<std::string> {
 protected:
  void take_away(const HostId& host) {
    if (GetParam() == "removed") expect_value(world.operations().remove_host(FleetWorld::caller, host));
    if (GetParam() == "replaced") expect_value(world.operations().replace_host(FleetWorld::caller, host));
    if (GetParam() == "revoked") expect_value(world.operations().revoke_agent(FleetWorld::caller, host));
  }
};

TEST_P(TakenAway, WhileItIsPlannedForAHostIsNotDeployedTo) {
  silence_second_host();
  const Pending slow = begin(api("web-1, web-2", "v1", may_miss_one));
  world.run(100);
  take_away(HostId("web-1"));
  const Refusal refusal = expect_refusal(await(slow));
  EXPECT_EQ(refusal.status, 409);
  EXPECT_EQ(refusal.code, "host_changed");
  EXPECT_NE(refusal.message.find("host web-1 "), std::string::npos) << refusal.message;
  EXPECT_NE(refusal.message.find(GetParam()), std::string::npos) << refusal.message;
  EXPECT_TRUE(world.store().deployments(10).empty());
}

INSTANTIATE_TEST_SUITE_P(PlanGround, TakenAway, ::testing::Values("removed", "replaced", "revoked"),
                         [](const auto& way) { return way.param; });

}  // namespace
}  // namespace switchyard::fleet
