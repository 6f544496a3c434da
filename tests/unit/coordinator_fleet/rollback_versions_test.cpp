// Going back to versions that differ in their configuration alone, or of which only a part has changed.
#include <gtest/gtest.h>

#include "common/limits.hpp"
#include "coordinator/planner/host_history.hpp"
#include "tests/unit/coordinator_fleet/approvals_fixture.hpp"

namespace switchyard::fleet {
namespace {

using model::DeploymentState;

/// `shop` of two components; its versions have the same bytes, and are coloured by their configuration.
class RollbackVersions : public ::testing::Test {
 protected:
  RollbackVersions() { world.add_agent("web-1"); }

  static std::string part(const std::string& name, int port, const std::string& colour,
                          const std::string& hosts = "web-1") {
    return "  - name: " + name + "\n    hosts: [" + hosts + "]\n    artifact: {directory: files}\n" +
           "    service: {command: [bin/x], environment: {COLOUR: " + colour + "}}\n" +
           "    ports: {stable: " + std::to_string(port) + ", blue: " + std::to_string(port + 1) +
           ", green: " + std::to_string(port + 2) + "}\n" + "    run:\n      - {name: migrate-" + colour +
           ", command: [bin/migrate], user: www}\n" + "    hooks:\n      - {name: leave-" + colour +
           ", phase: pre_rollback, command: [bin/leave], user: www}\n" +
           "    health_checks:\n      - {name: buys, type: http, tier: 1, config: {url: "
           "\"http://localhost:${port}/\"}}\n";
  }
  DeploymentId deploy(const std::string& version, const std::string& parts, const std::string& name = "shop",
                      const std::string& settings = "{}") {
    const std::string manifest = "metadata: {name: " + name + ", environment: production, version: \"" + version +
                                 "\"}\ncomponents:\n" + parts + "deployment_settings: " + settings + "\n";
    std::map<std::string, ReleaseId> artifacts;
    for (const std::string component : {"api", "web", "job"}) {
      if (parts.find("name: " + component + "\n") != std::string::npos) {
        artifacts[component] = world.upload(component, "the bytes of " + component);
      }
    }
    const DeploymentId id = expect_value(world.start(world.request(manifest, std::move(artifacts)))).row.id;
    EXPECT_EQ(world.row(id).state, DeploymentState::done) << world.row(id).reason;
    return id;
  }
  DeploymentId deploy_both(const std::string& version, const std::string& api, const std::string& web) {
    return deploy(version, part("api", 8'080, api) + part("web", 9'090, web));
  }
  Answer<DeploymentView> roll_back(RollbackRequest wanted) {
    wanted.reason = "test";
    std::optional<Answer<DeploymentView>> answer;
    world.operations().start_rollback(FleetWorld::caller, wanted,
                                      [&](Answer<DeploymentView> given) { answer = std::move(given); });
    world.run_until([&] { return answer.has_value(); });
    world.run(60'000);
    return *answer;
  }
  DeploymentId back_to(const DeploymentId& undo, const std::string& version) {
    return expect_value(roll_back({.deployment = undo, .target_version = version})).row.id;
  }
  Lineage lineage() {
    std::optional<Answer<std::vector<Lineage>>> answer;
    world.operations().rollback_targets(FleetWorld::caller, "production", "shop",
                                        [&](Answer<std::vector<Lineage>> given) { answer = std::move(given); });
    world.run_until([&] { return answer.has_value(); });
    return expect_value(*answer).at(0);
  }
  std::vector<std::string> serving_versions() {
    std::vector<std::string> versions;
    for (const RollbackTarget& target : lineage().targets) {
      if (target.serving) versions.push_back(target.row.version);
    }
    return versions;
  }
  const protocol::SliceComponent& brought(const DeploymentId& id, const std::string& component,
                                          const std::string& host = "web-1") {
    for (const protocol::SliceComponent& candidate : world.agent(host).plans.at(id).components) {
      if (candidate.name == component) return candidate;
    }
    throw Error("no " + component + " in " + id.str());
  }
  /// As the unit file says that the deployment has written there.
  std::string colour(const DeploymentId& id, const std::string& component, const std::string& host = "web-1") {
    const protocol::EnsureFile* file = planner::find_unit_file(brought(id, component, host));
    if (file == nullptr) return "(no unit file)";
    const std::string key = "Environment=COLOUR=";
    const std::size_t at = file->content.find(key) + key.size();
    return file->content.substr(at, file->content.find('\n', at) - at);
  }
  bool has_step(const DeploymentId& id, const std::string& component, const std::string& title) {
    for (const protocol::Step& step : brought(id, component).steps) {
      if (step.title.find(title) != std::string::npos) return true;
    }
    return false;
  }
  /// From now on whoever deploys there needs an approval.
  void ask_approvers() {
    access::EnvironmentRule rule;
    rule.approvals = 1;
    world.restart_with({{"production", rule}});
    world.connect(world.agent("web-1"));
    world.run(5'000);
  }
  model::ApprovalRow approve(const DeploymentId& id) {
    std::optional<Answer<ApprovalView>> answer;
    world.operations().decide_approval(ann, {id, true, world.row(id).plan_hash, {}, {}},
                                       [&](Answer<ApprovalView> given) { answer = std::move(given); });
    world.run_until([&] { return answer.has_value(); });
    expect_value(*answer);
    world.run(60'000);
    return world.store().approval(id).value();
  }

  FleetWorld world;
};

TEST_F(RollbackVersions, TheSameBytesWithAnotherConfigurationAreAnotherVersion) {
  deploy_both("1.0", "red", "red");
  deploy_both("2.0", "amber", "red");
  const DeploymentId third = deploy_both("3.0", "grey", "red");
  EXPECT_EQ(serving_versions(), std::vector<std::string>{"3.0"});
  const DeploymentId back = back_to(third, "1.0");
  EXPECT_EQ(world.row(back).state, DeploymentState::done) << world.row(back).reason;
  EXPECT_EQ(colour(back, "api"), "red");
  EXPECT_EQ(brought(back, "api").slot, "green") << "where amber was";
  EXPECT_EQ(serving_versions(), std::vector<std::string>{"1.0"}) << "in whichever slot it is";
}

TEST_F(RollbackVersions, AVersionWithTheSameBytesThatDoesNotServeIsNotTakenForTheOneThatDoes) {
  deploy_both("1.0", "red", "red");
  const DeploymentId second = deploy_both("2.0", "amber", "red");
  EXPECT_EQ(expect_refusal(roll_back({.deployment = second, .target_version = "2.0"})).code, "serves_already");
  const DeploymentId back = back_to(second, "1.0");
  EXPECT_EQ(colour(back, "api"), "red");
  EXPECT_EQ(brought(back, "api").slot, "blue") << "it is the inverse: the warm slot";
}

TEST_F(RollbackVersions, TheInverseIsCalledByTheVersionThatComesBackAndNotByAnotherOfTheSameBytes) {
  deploy_both("1.0", "red", "red");
  const DeploymentId second = deploy_both("2.0", "amber", "red");
  const DeploymentId third = deploy_both("3.0", "grey", "red");
  EXPECT_EQ(world.row(expect_value(roll_back({.deployment = third})).row.id).version, "2.0");
  EXPECT_EQ(world.row(expect_value(roll_back({.deployment = second})).row.id).version, "1.0");
}

TEST_F(RollbackVersions, OfADeploymentThatChangedSomeComponentsItIsTheInverseForThese) {
  deploy_both("1.0", "red", "red");
  const DeploymentId second = deploy_both("2.0", "amber", "red");
  ASSERT_EQ(world.store().plan(second)->slices.at(HostId("web-1")).components.size(), 1u) << "web served already";
  ask_approvers();
  const DeploymentId back = back_to(second, "1.0");
  EXPECT_EQ(world.row(back).state, DeploymentState::done) << "the inverse of what was approved needs nobody";
  EXPECT_EQ(colour(back, "api"), "red");
}

TEST_F(RollbackVersions, AVersionIsReachedOfWhichAnotherPartServesOn) {
  deploy_both("1.0", "red", "red");
  deploy_both("2.0", "amber", "red");
  const DeploymentId third = deploy_both("3.0", "amber", "grey");
  EXPECT_EQ(serving_versions(), std::vector<std::string>{"3.0"}) << "api of 2.0 serves, and web does not";
  const DeploymentId back = back_to(third, "2.0");
  EXPECT_EQ(colour(back, "web"), "red");
  EXPECT_EQ(brought(back, "web").slot, "blue");
  EXPECT_EQ(serving_versions(), std::vector<std::string>{"2.0"});
}

TEST_F(RollbackVersions, EachComponentGoesItsOwnWayBack) {
  deploy_both("1.0", "red", "red");
  deploy_both("2.0", "amber", "red");
  const DeploymentId third = deploy_both("3.0", "grey", "grey");
  const DeploymentId back = back_to(third, "1.0");
  EXPECT_EQ(colour(back, "api"), "red");
  EXPECT_EQ(brought(back, "api").slot, "green") << "deployed anew";
  EXPECT_EQ(colour(back, "web"), "red");
  EXPECT_EQ(brought(back, "web").slot, "blue") << "undone";
  EXPECT_EQ(serving_versions(), std::vector<std::string>{"1.0"});
}

TEST_F(RollbackVersions, WhatAVersionNeverHadIsTakenAwayOnlyWhenThatIsMeant) {
  deploy("1.0", part("api", 8'080, "red"));
  const DeploymentId second = deploy_both("2.0", "amber", "red");
  RollbackRequest wanted{.deployment = second, .target_version = "1.0"};
  EXPECT_EQ(expect_refusal(roll_back(wanted)).code, "to_nothing");
  wanted.to_nothing = true;
  const DeploymentId back = expect_value(roll_back(wanted)).row.id;
  EXPECT_EQ(colour(back, "api"), "red");
  EXPECT_TRUE(brought(back, "web").release.empty());
  EXPECT_EQ(serving_versions(), std::vector<std::string>{"1.0"});
}

TEST_F(RollbackVersions, WhatCameBetweenAndBelongsToNoVersionIsNotGuessed) {
  deploy("1.0", part("api", 8'080, "red"));
  deploy_both("2.0", "amber", "red");
  const DeploymentId third = deploy_both("3.0", "grey", "grey");
  const Refusal refusal = expect_refusal(roll_back({.deployment = third, .target_version = "1.0"}));
  EXPECT_EQ(refusal.status, 422);
  EXPECT_NE(refusal.message.find("component `web` on host web-1"), std::string::npos) << refusal.message;
  EXPECT_NE(refusal.message.find("did not bring it there"), std::string::npos) << refusal.message;
}

/// `api` on two hosts, one of which may be away.
class RollbackVersionsOfTwoHosts : public RollbackVersions {
 protected:
  RollbackVersionsOfTwoHosts() { world.add_agent("web-2"); }
  DeploymentId deploy_on_both(const std::string& version, const std::string& colour) {
    return deploy(version, part("api", 8'080, colour, "web-1, web-2"), "shop", "{unreachable: {defer: 1}}");
  }
  void web_2_comes_back() {
    world.connect(world.agent("web-2"));
    world.run(120'000);
  }
};

/// It kept what it had, which has the same bytes; the version's own configuration never reached it.
TEST_F(RollbackVersionsOfTwoHosts, AHostThatMissedAVersionIsBroughtToItAndNotToWhatItHad) {
  deploy_on_both("1.0", "red");
  world.lose(world.agent("web-2"));
  deploy_on_both("2.0", "amber");
  const DeploymentId third = deploy_on_both("3.0", "grey");
  web_2_comes_back();
  ASSERT_TRUE(world.row(third).deferred.empty());
  const DeploymentId back = back_to(third, "2.0");
  EXPECT_EQ(world.row(back).state, DeploymentState::done) << world.row(back).reason;
  EXPECT_EQ(colour(back, "api", "web-1"), "amber");
  EXPECT_EQ(colour(back, "api", "web-2"), "amber");
}

TEST_F(RollbackVersionsOfTwoHosts, AHostThatFollowedLaterGoesBackToWhatTheOthersGoBackToAndNotToTheSameBytes) {
  deploy_on_both("1.0", "red");
  world.lose(world.agent("web-2"));
  deploy_on_both("2.0", "amber");
  const DeploymentId third = deploy_on_both("3.0", "grey");
  web_2_comes_back();
  const DeploymentId back = expect_value(roll_back({.deployment = third})).row.id;
  EXPECT_EQ(colour(back, "api", "web-1"), "amber");
  EXPECT_EQ(colour(back, "api", "web-2"), "amber");
}

TEST_F(RollbackVersionsOfTwoHosts, WhoWasLeftOutIsOwedTheVersionAndNotTheSameBytes) {
  deploy_on_both("1.0", "red");
  deploy_on_both("2.0", "amber");
  const DeploymentId third = deploy_on_both("3.0", "grey");
  world.lose(world.agent("web-2"));
  RollbackRequest wanted{.deployment = third, .without = {HostId("web-2")}, .target_version = "1.0"};
  const DeploymentId back = expect_value(roll_back(wanted)).row.id;
  EXPECT_EQ(colour(back, "api", "web-1"), "red");
  web_2_comes_back();
  const model::DeploymentRow newest = world.store().deployments(1).at(0);
  ASSERT_EQ(newest.kind, model::DeploymentKind::converge);
  EXPECT_EQ(newest.state, DeploymentState::done) << newest.reason;
  EXPECT_EQ(colour(newest.id, "api", "web-2"), "red");
}

TEST_F(RollbackVersions, ThePlanThatTheOldReleaseCameWithIsRememberedHoweverOldItIs) {
  deploy("1.0", part("api", 8'080, "red"));
  for (std::size_t i = 0; i <= limits::planning_history_max; ++i) {
    deploy("1", part("job", 7'070, "shade-" + std::to_string(i)), "jobs");
  }
  const DeploymentId second = deploy("2.0", part("api", 8'080, "amber"));
  const DeploymentId back = expect_value(roll_back({.deployment = second})).row.id;
  EXPECT_EQ(colour(back, "api"), "red");
}

// What a rollback does and does not do (docs/rollback.md).
TEST_F(RollbackVersions, ToDeployAVersionAnewIsARollbackAllTheSame) {
  const std::string slow = "{prepare_seconds: 777, confirm_seconds: 99}";
  deploy("1.0", part("api", 8'080, "red"), "shop", slow);
  deploy("2.0", part("api", 8'080, "amber"));
  const DeploymentId third = deploy("3.0", part("api", 8'080, "grey"));
  const DeploymentId back = back_to(third, "1.0");
  EXPECT_FALSE(has_step(back, "api", "migrate-"));
  EXPECT_FALSE(has_step(back, "api", "buys"));
  EXPECT_FALSE(has_step(back, "api", "leave-red"));
  EXPECT_TRUE(has_step(back, "api", "hook leave-grey (pre_rollback)")) << "of what is undone";
  const model::PlanSettings settings = world.store().plan(back)->settings;
  EXPECT_EQ(settings.prepare_ms, 777'000u);
  EXPECT_EQ(settings.confirm_ms, limits::lease_ms_default) << "at least what hooks in a swap need";
}

TEST_F(RollbackVersions, WhatIsDeployedAnewAndToBeVerifiedPassesItsTestsAndIsWatched) {
  deploy("1.0", part("api", 8'080, "red"));
  deploy("2.0", part("api", 8'080, "amber"));
  const DeploymentId third = deploy("3.0", part("api", 8'080, "grey"));
  RollbackRequest wanted{.deployment = third, .verify_after_rollback = true, .target_version = "1.0"};
  const DeploymentId back = expect_value(roll_back(wanted)).row.id;
  EXPECT_TRUE(has_step(back, "api", "check buys"));
  EXPECT_FALSE(has_step(back, "api", "migrate-"));
  EXPECT_EQ(world.store().plan(back)->settings.watch_ms, limits::watch_ms_default);
}

// --- that wait for approval
// --------------------------------------------------------------------------------------------

/// It was looked for by the releases that its plan brings, and found in the newest version that has them.
TEST_F(RollbackVersions, ExactlyTheVersionThatWasProposedIsApproved) {
  const DeploymentId first = deploy_both("1.0", "red", "red");
  deploy_both("2.0", "amber", "red");
  const DeploymentId third = deploy_both("3.0", "grey", "red");
  ask_approvers();
  const DeploymentId back = back_to(third, "1.0");
  ASSERT_EQ(world.row(back).state, DeploymentState::draft) << "it deploys something anew";
  const model::ApprovalRow asked = world.store().approval(back).value();
  EXPECT_EQ(asked.target, first);
  EXPECT_FALSE(asked.inverse);
  EXPECT_EQ(approve(back).state, model::ApprovalState::granted);
  EXPECT_EQ(world.row(back).state, DeploymentState::done) << world.row(back).reason;
  EXPECT_EQ(colour(back, "api"), "red");
}

TEST_F(RollbackVersions, AnInverseIsApprovedAsOneAlsoWhenAVersionWasNamed) {
  const DeploymentId first = deploy_both("1.0", "red", "red");
  const DeploymentId second = deploy_both("2.0", "amber", "red");
  world.run(limits::keep_old_ms_default);
  ask_approvers();
  const DeploymentId back = back_to(second, "1.0");
  ASSERT_EQ(world.row(back).state, DeploymentState::draft) << "the old slot is cold";
  const model::ApprovalRow asked = world.store().approval(back).value();
  EXPECT_EQ(asked.target, first);
  EXPECT_TRUE(asked.inverse);
  EXPECT_EQ(approve(back).state, model::ApprovalState::granted);
  EXPECT_EQ(colour(back, "api"), "red");
}

TEST_F(RollbackVersions, WhetherItIsToBeVerifiedIsKeptUntilItIsApproved) {
  for (const bool verify : {false, true}) {
    SCOPED_TRACE(verify);
    deploy_both("1.0", "red", "red");
    deploy_both("2.0", "amber", "red");
    const DeploymentId third = deploy_both("3.0", "grey", "red");
    ask_approvers();
    RollbackRequest wanted{.deployment = third, .target_version = "1.0"};
    wanted.strategy = model::RollbackStrategy::graceful;  // which is watched in any case
    wanted.verify_after_rollback = verify;
    const DeploymentId back = expect_value(roll_back(wanted)).row.id;
    EXPECT_EQ(world.store().approval(back)->verify, verify);
    EXPECT_EQ(approve(back).state, model::ApprovalState::granted);
    EXPECT_EQ(has_step(back, "api", "check buys"), verify);
    world.restart_with({});
    world.connect(world.agent("web-1"));
    world.run(5'000);
  }
}

}  // namespace
}  // namespace switchyard::fleet
