#include "coordinator/fleet/rollback_targets.hpp"

#include <gtest/gtest.h>

#include "tests/unit/coordinator_fleet/fleet_world.hpp"

namespace switchyard::fleet {
namespace {

constexpr std::int64_t hour_ms = 3'600'000;

/// Versions 1, 2 and 3 of `shop` on two hosts, each of which has served for a while.
class RollbackTargets : public ::testing::Test {
 protected:
  RollbackTargets() {
    world.add_agent("web-1");
    world.add_agent("web-2");
    for (int version = 1; version <= 3; ++version) {
      ids.push_back(deploy(version));
      world.run(hour_ms * version);
    }
  }
  DeploymentId deploy(int version) {
    std::string manifest = api_manifest("web-1, web-2");
    manifest.replace(manifest.find("1.0"), 3, std::to_string(version) + ".0");
    releases[version] = world.upload("api", "content " + std::to_string(version));
    return expect_value(world.start(world.request(manifest, {{"api", releases[version]}}))).row.id;
  }
  Lineage lineage() {
    std::optional<Answer<std::vector<Lineage>>> answer;
    world.operations().rollback_targets(FleetWorld::caller, "production", "",
                                        [&](Answer<std::vector<Lineage>> given) { answer = std::move(given); });
    world.run_until([&] { return answer.has_value(); });
    return expect_value(*answer).at(0);
  }
  Answer<DeploymentView> back_to(const DeploymentId& undo, const std::string& version) {
    RollbackRequest wanted;
    wanted.deployment = undo;
    wanted.target_version = version;
    wanted.reason = "test";
    std::optional<Answer<DeploymentView>> answer;
    world.operations().start_rollback(FleetWorld::caller, wanted,
                                      [&](Answer<DeploymentView> given) { answer = std::move(given); });
    world.run_until([&] { return answer.has_value(); });
    world.run(60'000);
    return *answer;
  }
  ReleaseId serving(const std::string& host) { return world.agent(host).serving.at("api").release; }

  FleetWorld world;
  std::vector<DeploymentId> ids;
  std::map<int, ReleaseId> releases;
};

TEST_F(RollbackTargets, AreTheCommittedVersionsNewestFirst) {
  const Lineage found = lineage();
  EXPECT_EQ(found.name, "shop");
  EXPECT_EQ(found.undo, ids[2]);
  ASSERT_EQ(found.targets.size(), 3u);
  EXPECT_EQ(found.targets[0].row.version, "3.0");
  EXPECT_TRUE(found.targets[0].serving);
  EXPECT_FALSE(found.targets[1].serving);
  EXPECT_TRUE(found.targets[1].last_stable) << "of equal scores the newest";
  EXPECT_EQ(found.targets[1].score, 100);
  ASSERT_EQ(found.targets[1].places.size(), 2u);
  EXPECT_EQ(found.targets[1].places[0].present, true);
}

TEST_F(RollbackTargets, SayWhereTheBytesAreMissingAndWhoDoesNotAnswer) {
  world.agent("web-1").releases.erase(releases[2]);
  world.lose(world.agent("web-2"));
  const std::vector<TargetPlace> places = lineage().targets[1].places;
  EXPECT_EQ(places[0].present, false);
  EXPECT_EQ(places[1].present, std::nullopt);
}

TEST_F(RollbackTargets, WhatWasRolledBackIsNotStable) {
  expect_value(world.roll_back(ids[2]));
  world.run(hour_ms);
  const Lineage found = lineage();
  EXPECT_TRUE(found.targets[0].rolled_back);
  EXPECT_LE(found.targets[0].score, 50);
  EXPECT_TRUE(found.targets[1].serving);
  EXPECT_TRUE(found.targets[2].last_stable);
}

TEST_F(RollbackTargets, AVersionThatServedForAMomentIsLessStableThanAnOlderOne) {
  const DeploymentId fourth = deploy(4);
  deploy(5);
  const Lineage found = lineage();
  EXPECT_EQ(found.targets[1].row.id, fourth);
  EXPECT_LT(found.targets[1].score, 100);
  EXPECT_TRUE(found.targets[2].last_stable) << "3.0 has served for hours";
}

TEST_F(RollbackTargets, TheVersionBeforeIsReachedByTheInverse) {
  const DeploymentView back = expect_value(back_to(ids[2], "2.0"));
  EXPECT_EQ(world.row(back.row.id).state, model::DeploymentState::done);
  EXPECT_EQ(world.row(back.row.id).version, "2.0");
  EXPECT_EQ(serving("web-1"), releases[2]);
  EXPECT_EQ(serving("web-2"), releases[2]);
}

TEST_F(RollbackTargets, AVersionThatLiesFurtherBackIsReachedInOneRollback) {
  const DeploymentView back = expect_value(back_to(ids[2], "1.0"));
  EXPECT_EQ(back.row.kind, model::DeploymentKind::rollback);
  EXPECT_EQ(world.row(back.row.id).state, model::DeploymentState::done);
  EXPECT_EQ(serving("web-1"), releases[1]);
  EXPECT_EQ(serving("web-2"), releases[1]);
  const Lineage found = lineage();
  EXPECT_TRUE(found.targets[2].serving);
  EXPECT_EQ(found.undo, back.row.id);
}

TEST_F(RollbackTargets, NothingIsBegunWhereAHostLacksTheBytes) {
  world.agent("web-2").releases.erase(releases[1]);
  const Refusal refusal = expect_refusal(back_to(ids[2], "1.0"));
  EXPECT_EQ(refusal.code, "not_ready");
  EXPECT_NE(refusal.message.find("api on web-2"), std::string::npos) << refusal.message;
  EXPECT_EQ(serving("web-1"), releases[3]);
}

TEST_F(RollbackTargets, RefusesWhatServesWhatIsNotThereAndWhatIsNotTheNewest) {
  EXPECT_EQ(expect_refusal(back_to(ids[2], "3.0")).code, "serves_already");
  const Refusal unknown = expect_refusal(back_to(ids[2], "9.0"));
  EXPECT_EQ(unknown.code, "no_target");
  EXPECT_NE(unknown.message.find("2.0 (" + ids[1].str() + ")"), std::string::npos) << unknown.message;
  EXPECT_EQ(expect_refusal(back_to(ids[1], "1.0")).code, "overtaken");
}

TEST_F(RollbackTargets, OnlyTheInverseOfWhatWasApprovedNeedsNobody) {
  access::EnvironmentRule rule;
  rule.approvals = 1;
  world.restart_with({{"production", rule}});
  for (const char* host : {"web-1", "web-2"}) world.connect(world.agent(host));
  world.run(5'000);
  const DeploymentView view = expect_value(back_to(ids[2], "1.0"));
  EXPECT_EQ(world.row(view.row.id).state, model::DeploymentState::draft);
}

}  // namespace
}  // namespace switchyard::fleet
