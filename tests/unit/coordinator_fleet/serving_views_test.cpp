#include "coordinator/fleet/serving_views.hpp"

#include <gtest/gtest.h>

#include "common/limits.hpp"
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
  std::vector<ServingView> views() { return world.serving(); }
  ServingNow now_of(const char* host) {
    for (const ServingView& view : views()) {
      if (view.row.host == HostId(host)) return view.now;
    }
    return {};
  }

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

TEST_F(ServingViewsTest, SayWhatEachHostFindsNow) {
  using State = ServingNow::State;
  deploy("v1");
  EXPECT_EQ(now_of("web-1").state, State::as_committed);
  EXPECT_EQ(now_of("web-1").why, "");

  world.agent("web-1").unit_states["api"] = "failed";
  EXPECT_EQ(now_of("web-1").state, State::different);
  EXPECT_NE(now_of("web-1").why.find(".service is failed"), std::string::npos) << now_of("web-1").why;
  EXPECT_EQ(now_of("web-2").state, State::as_committed) << "of each host its own";
  world.agent("web-1").unit_states.clear();

  const ReleaseId other = world.upload("api", "by hand");
  world.agent("web-1").serving["api"].release = other;
  EXPECT_EQ(now_of("web-1").why, "release " + other.str().substr(0, 12) + " serves");
  world.agent("web-1").serving.erase("api");
  EXPECT_EQ(now_of("web-1").why, "nothing serves");
}

TEST_F(ServingViewsTest, OfAHostThatIsAwayTheySaySinceWhen) {
  deploy("v1");
  const std::int64_t before = world.clock.wall_ms();
  world.disconnect(world.agent("web-2"));
  world.run(3'600'000);
  const ServingView away = views().at(1);
  EXPECT_EQ(away.now.state, ServingNow::State::unknown);
  EXPECT_EQ(away.now.why, "its agent is not connected");
  EXPECT_LE(away.last_seen_wall_ms, before);
  EXPECT_GT(away.last_seen_wall_ms, before - 60'000);
  EXPECT_FALSE(away.connected);
}

TEST_F(ServingViewsTest, WhoDoesNotAnswerIsNotWaitedForLongAndNotTakenAtItsOldWord) {
  deploy("v1");
  world.agent("web-2").deaf = true;
  const std::int64_t before = world.clock.boot_ms();
  const std::vector<ServingView> all = views();
  EXPECT_LE(world.clock.boot_ms() - before, limits::inventory_ms_max + 1'000);
  EXPECT_EQ(all.at(0).now.state, ServingNow::State::as_committed);
  EXPECT_EQ(all.at(1).now.state, ServingNow::State::unknown);
  EXPECT_EQ(all.at(1).now.why, "its agent does not answer");
}

TEST_F(ServingViewsTest, AnAnswerOfWhatIsBeingChangedCountsForNothing) {
  deploy("v1");
  deploy("v2", 0);
  for (const ServingView& view : views()) {
    EXPECT_EQ(view.now.state, ServingNow::State::unknown);
    EXPECT_EQ(view.now.why, "it is being changed");
  }
}

TEST(NoteAnswers, WhatWasCommittedWhileTheHostsWereAskedIsNotComparedWithAnOldAnswer) {
  ServingView before;
  before.row.host = HostId("web-1");
  before.row.component = "api";
  before.row.deployment = DeploymentId("d-1");
  before.row.serving = {protocol::OldKind::release, "blue", ReleaseId(std::string(64, 'a')), "api@blue.service"};
  before.connected = true;
  protocol::ComponentFact fact;
  fact.component = "api";
  fact.serving = before.row.serving;
  fact.unit_state = "active";
  fact.enablement = "enabled";
  const InventoryRounds::Answers answers = {{HostId("web-1"), {fact}}};
  const auto noted = [&](const ServingView& after) {
    std::vector<ServingView> views = {after};
    note_answers({before}, answers, views);
    return views.at(0).now;
  };
  EXPECT_EQ(noted(before).state, ServingNow::State::as_committed);
  ServingView after = before;
  after.row.deployment = DeploymentId("d-2");
  EXPECT_EQ(noted(after).why, "it is being changed");
  after = before;
  after.changing = DeploymentId("d-2");
  EXPECT_EQ(noted(after).why, "it is being changed");
}

TEST(CompareServing, SaysHowItDiffers) {
  model::ServingRow row;
  row.serving = {protocol::OldKind::release, "blue", ReleaseId(std::string(64, 'a')), "api@blue.service"};
  protocol::ComponentFact fact;
  fact.serving = row.serving;
  fact.unit_state = "active";
  const auto why = [&] { return compare_serving(row, fact).why; };
  EXPECT_EQ(why(), "") << "an agent of an older version says nothing of the next boot";
  fact.serving.slot = "green";
  EXPECT_EQ(why(), "") << "which slot serves does not matter";
  fact.enablement = "disabled";
  EXPECT_EQ(why(), "api@blue.service does not start at the next boot");
  fact.releases = {{row.serving.release, false}};
  EXPECT_EQ(why(), "files of the release that serves are missing");
  fact.unit_state = "inactive";
  EXPECT_EQ(why(), "api@blue.service is inactive");
  fact.serving = {protocol::OldKind::legacy, "", ReleaseId(), "old.service"};
  EXPECT_EQ(why(), "what ran before Switchyard serves");
  fact.problem = "systemd does not answer";
  EXPECT_EQ(compare_serving(row, fact).state, ServingNow::State::unknown);
  EXPECT_EQ(why(), "systemd does not answer");
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
