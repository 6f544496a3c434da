#include "coordinator/fleet/serving_views.hpp"

#include <gtest/gtest.h>

#include "coordinator/fleet/last_committed.hpp"
#include "tests/unit/coordinator_fleet/fleet_world.hpp"

namespace switchyard::fleet {
namespace {

class ServingViewsTest : public ::testing::Test {
 protected:
  ServingViewsTest() {
    world.add_agent("web-1");
    world.add_agent("web-2");
  }
  DeploymentId deploy(const std::string& text, std::int64_t ms = 60'000) {
    const ReleaseId release = world.upload("api", text);
    const auto request = world.request(api_manifest("web-1, web-2", "{unreachable: {defer: 1}}"), {{"api", release}});
    return expect_value(world.start(request, ms)).row.id;
  }
  std::vector<ServingView> views() { return world.operations().serving(FleetWorld::caller); }

  FleetWorld world;
};

TEST_F(ServingViewsTest, SayWhatWasCommittedWhereAndSinceWhen) {
  const DeploymentId first = deploy("v1");
  ASSERT_EQ(views().size(), 2u);
  for (const ServingView& view : views()) {
    EXPECT_EQ(view.row.serving.release, world.upload("api", "v1"));
    EXPECT_EQ(view.row.deployment, first);
    EXPECT_EQ(view.since_wall_ms, world.row(first).finished_wall_ms);
    EXPECT_NE(view.since_wall_ms, 0);
    EXPECT_TRUE(view.connected);
    EXPECT_FALSE(view.removed);
    EXPECT_TRUE(view.owed.empty());
    EXPECT_TRUE(view.changing.empty());
  }
}

TEST_F(ServingViewsTest, TheEnvironmentsThatAreKnownAreThoseThatServeAreConfiguredOrHaveChecks) {
  const auto known = [&] { return world.operations().environments(FleetWorld::caller); };
  EXPECT_TRUE(known().empty());
  deploy("v1");
  EXPECT_EQ(known(), std::vector<std::string>{"production"});
  expect_value(world.operations().register_checks(
      FleetWorld::caller, {"qa", "checks.yaml", "health_checks: [{name: web, type: tcp, config: {port: 80}}]\n"}));
  EXPECT_EQ(known(), (std::vector<std::string>{"production", "qa"}));
  world.restart_with({{"production", {.approvals = 1}}, {"staging", {}}});
  EXPECT_EQ(known(), (std::vector<std::string>{"production", "qa", "staging"}));
}

TEST_F(ServingViewsTest, SayWhoHasStillToFollow) {
  world.disconnect(world.agent("web-2"));
  const DeploymentId first = deploy("v1");
  ASSERT_EQ(views().size(), 2u) << "also where nothing was committed yet";
  const ServingView away = views().at(1);
  EXPECT_EQ(away.row.host, HostId("web-2"));
  EXPECT_EQ(away.row.component, "api");
  EXPECT_EQ(away.row.environment, "production");
  EXPECT_EQ(away.row.serving.kind, protocol::OldKind::absent);
  EXPECT_TRUE(away.row.deployment.empty());
  EXPECT_EQ(away.owed, first);
  EXPECT_FALSE(away.connected);
  EXPECT_TRUE(views().at(0).owed.empty());
  world.connect(world.agent("web-2"));
  world.run(60'000);
  EXPECT_TRUE(views().at(1).owed.empty());
}

TEST_F(ServingViewsTest, SayWhatIsAtWork) {
  const DeploymentId first = deploy("v1");
  const DeploymentId second = deploy("v2", 0);
  ASSERT_EQ(views().size(), 2u);
  for (const ServingView& view : views()) {
    EXPECT_EQ(view.changing, second);
    EXPECT_EQ(view.row.deployment, first);
  }
}

TEST(LastCommitted, OfSeveralEnvironmentsTheNewestDeploymentSays) {
  const auto serving = [](const char* environment, const char* deployment) {
    model::ServingRow row;
    row.host = HostId("web-1");
    row.component = "api";
    row.environment = environment;
    row.deployment = DeploymentId(deployment);
    return row;
  };
  const auto row = [](const char* id) {
    model::DeploymentRow made;
    made.id = DeploymentId(id);
    return made;
  };
  const std::vector<model::ServingRow> rows = {serving("a", "d-forgotten"), serving("b", "d-2"), serving("c", "d-1")};
  const auto last = last_committed(rows, {row("d-3"), row("d-2"), row("d-1")});
  ASSERT_EQ(last.size(), 1u);
  EXPECT_EQ(last[0].environment, "b");
}

}  // namespace
}  // namespace switchyard::fleet
