// Whole deployments through the door of the API: planner, store, engine and agents together.
#include <gtest/gtest.h>

#include <cstring>

#include "common/limits.hpp"
#include "tests/unit/coordinator_fleet/fleet_world.hpp"

namespace switchyard::fleet {
namespace {

using model::DeploymentState;

class DeploymentsTest : public ::testing::Test {
 protected:
  DeploymentsTest() {
    world.add_agent("web-1");
    world.add_agent("web-2");
  }
  DeploymentView deploy(const std::string& text) {
    const ReleaseId release = world.upload("api", text);
    return expect_value(world.start(world.request(api_manifest("web-1, web-2"), {{"api", release}})));
  }
  ReleaseId serving(const std::string& host) { return world.agent(host).serving["api"].release; }
  Answer<PlanView> plan(const DeployRequest& request) {
    std::optional<Answer<PlanView>> answer;
    world.operations().plan(FleetWorld::caller, request, [&](Answer<PlanView> given) { answer = std::move(given); });
    world.run_until([&] { return answer.has_value(); });
    return *answer;
  }

  FleetWorld world;
};

TEST_F(DeploymentsTest, BringsEveryHostToTheNewRelease) {
  const DeploymentView started = deploy("v1");
  EXPECT_EQ(world.row(started.row.id).state, DeploymentState::done);
  EXPECT_EQ(serving("web-1"), world.upload("api", "v1"));
  EXPECT_EQ(serving("web-2"), world.upload("api", "v1"));
  EXPECT_EQ(world.store().decision(started.row.id), model::Decision::commit);
}

TEST_F(DeploymentsTest, RecordsWhatServesWhenItIsCommitted) {
  deploy("v1");
  const DeploymentView second = deploy("v2");
  const auto rows = world.store().serving();
  ASSERT_EQ(rows.size(), 2u);
  for (const model::ServingRow& row : rows) {
    EXPECT_EQ(row.serving.release, world.upload("api", "v2"));
    EXPECT_EQ(row.previous.release, world.upload("api", "v1"));
    EXPECT_NE(row.serving.slot, row.previous.slot);
    EXPECT_EQ(row.deployment, second.row.id);
    EXPECT_EQ(row.environment, "production");
  }
}

TEST_F(DeploymentsTest, LeavesEveryHostAsItWasWhenOneFails) {
  deploy("v1");
  world.agent("web-2").fail_prepare = true;
  const DeploymentView failed = deploy("v2");
  EXPECT_EQ(world.row(failed.row.id).state, DeploymentState::rolled_back);
  EXPECT_EQ(serving("web-1"), world.upload("api", "v1"));
  EXPECT_EQ(serving("web-2"), world.upload("api", "v1"));
  EXPECT_EQ(world.store().serving().at(0).serving.release, world.upload("api", "v1"));
  EXPECT_NE(world.row(failed.row.id).reason.find("no space left"), std::string::npos);
}

TEST_F(DeploymentsTest, SaysWhatBecameOfItsChecksAlsoAfterARestart) {
  const auto checks_of = [&](const DeploymentId& id) {
    return expect_value(world.operations().deployment(FleetWorld::caller, id)).checks;
  };
  const DeploymentView checked = deploy("v1");
  EXPECT_FALSE(checked.checks.has_value()) << "it has only begun";
  const DeployRequest unchecked = world.request(api_manifest("web-1, web-2", "{health_checks_enabled: false}"),
                                                {{"api", world.upload("api", "v2")}});
  const DeploymentId off = expect_value(world.start(unchecked)).row.id;
  for (int restarts = 0; restarts < 2; ++restarts) {
    ASSERT_TRUE(checks_of(checked.row.id).has_value());
    EXPECT_EQ(checks_of(checked.row.id)->outcome, model::ChecksOutcome::passed);
    ASSERT_EQ(checks_of(checked.row.id)->findings.size(), 2u) << "one check on two hosts";
    EXPECT_EQ(checks_of(checked.row.id)->findings[0].status, model::CheckStatus::pass);
    ASSERT_TRUE(checks_of(off).has_value());
    EXPECT_EQ(checks_of(off)->outcome, model::ChecksOutcome::off);
    EXPECT_EQ(checks_of(off)->warnings.size(), 1u);
    world.restart();
  }
}

TEST_F(DeploymentsTest, SaysNothingOfChecksWhereThereWasNothingToDo) {
  deploy("v1");
  EXPECT_FALSE(deploy("v1").checks.has_value());
}

TEST_F(DeploymentsTest, ReleasesItsLocksAtTheEndWhateverTheEnd) {
  const DeploymentView done = deploy("v1");
  EXPECT_EQ(world.store().lock_holder(HostId("web-1"), "api"), std::nullopt);
  world.agent("web-2").fail_prepare = true;
  deploy("v2");
  EXPECT_EQ(world.store().lock_holder(HostId("web-1"), "api"), std::nullopt);
  EXPECT_TRUE(world.store().disk()->guarded.locks.empty());
}

TEST_F(DeploymentsTest, RefusesASecondDeploymentOfTheSameComponentAndNamesTheHolder) {
  const ReleaseId release = world.upload("api", "v1");
  const auto first = expect_value(world.start(world.request(api_manifest("web-1, web-2"), {{"api", release}}), 0));
  const auto refusal = expect_refusal(world.start(world.request(api_manifest("web-1"), {{"api", release}}), 0));
  EXPECT_EQ(refusal.status, 409);
  EXPECT_EQ(refusal.details.at("holder"), first.row.id.str());
  EXPECT_NE(refusal.message.find(first.row.id.str()), std::string::npos);
  // In the watch window the hosts serve the release already, but it may still be taken back.
  world.run(2'000);
  ASSERT_EQ(world.row(first.row.id).state, DeploymentState::watching);
  EXPECT_EQ(expect_refusal(world.start(world.request(api_manifest("web-1"), {{"api", release}}), 0)).code, "locked");
}

TEST_F(DeploymentsTest, ARefusalSaysWhoHoldsTheComponentSinceWhenHowFarItIsAndWhatToDo) {
  const ReleaseId release = world.upload("api", "v1");
  const DeploymentId first =
      expect_value(world.start(world.request(api_manifest("web-1, web-2"), {{"api", release}}), 0)).row.id;
  const auto refused = [&] {
    return expect_refusal(world.start(world.request(api_manifest("web-1"), {{"api", release}}), 0));
  };
  const Refusal refusal = refused();
  EXPECT_EQ(refusal.details.at("author"), FleetWorld::caller.principal);
  EXPECT_EQ(refusal.details.at("since"), access::utc_text(world.row(first).created_wall_ms));
  EXPECT_EQ(refusal.details.at("state"), model::state_name(world.row(first).state));
  EXPECT_EQ(refusal.details.at("environment"), "production");
  for (const std::string& part : {FleetWorld::caller.principal, refusal.details.at("since"),
                                  "switchyard deploy status " + first.str(), std::string("--wait SECONDS")}) {
    EXPECT_NE(refusal.message.find(part), std::string::npos) << part << " is not in: " << refusal.message;
  }
  expect_value(world.operations().hold(FleetWorld::caller, first, "lunch"));
  world.run_until([&] { return world.row(first).state == DeploymentState::paused; });
  EXPECT_NE(refused().message.find("switchyard deploy resume " + first.str()), std::string::npos)
      << "its end would be waited for in vain";
}

TEST_F(DeploymentsTest, OneDeploymentAtATimeChangesAComponentOfAnEnvironmentOnWhateverHosts) {
  const ReleaseId release = world.upload("api", "v1");
  const auto request = [&](const char* host) { return world.request(api_manifest(host), {{"api", release}}); };
  const DeploymentId first = expect_value(world.start(request("web-1"), 0)).row.id;
  const Refusal refusal = expect_refusal(world.start(request("web-2"), 0));
  EXPECT_EQ(refusal.code, "locked");
  EXPECT_EQ(refusal.details.at("holder"), first.str());
  EXPECT_EQ(world.store().deployments(10).size(), 1u) << "nothing was begun";

  std::optional<Answer<PlanView>> looked;
  world.operations().plan(FleetWorld::caller, request("web-2"), [&](Answer<PlanView> given) { looked = given; });
  world.run_until([&] { return looked.has_value(); });
  const auto notes = expect_value(*looked).outlook.notes;
  ASSERT_EQ(notes.size(), 1u) << "it can be looked at";
  EXPECT_NE(notes.front().find("a start is refused now: component api of `production`"), std::string::npos);

  world.run(60'000);
  EXPECT_EQ(world.row(first).state, DeploymentState::done);
  EXPECT_EQ(world.row(expect_value(world.start(request("web-2"))).row.id).state, DeploymentState::done);
}

TEST_F(DeploymentsTest, AnotherEnvironmentIsNotHeldUp) {
  const ReleaseId release = world.upload("api", "v1");
  const DeploymentId first =
      expect_value(world.start(world.request(api_manifest("web-1"), {{"api", release}}), 0)).row.id;
  DeployRequest staging = world.request(api_manifest("web-2"), {{"api", release}});
  staging.environment = "staging";
  const DeploymentId second = expect_value(world.start(staging, 0)).row.id;
  EXPECT_FALSE(model::is_final(world.row(first).state));
  world.run(60'000);
  EXPECT_EQ(world.row(first).state, DeploymentState::done);
  EXPECT_EQ(world.row(second).state, DeploymentState::done);
}

TEST_F(DeploymentsTest, ARollbackWaitsForWhatChangesItsComponentElsewhereToo) {
  const ReleaseId release = world.upload("api", "v1");
  const auto request = [&](const char* host) { return world.request(api_manifest(host), {{"api", release}}); };
  const DeploymentId first = expect_value(world.start(request("web-1"))).row.id;
  const DeploymentId second = expect_value(world.start(request("web-2"), 0)).row.id;
  const Refusal refusal = expect_refusal(world.roll_back(first, 0));
  EXPECT_EQ(refusal.code, "locked");
  EXPECT_EQ(refusal.details.at("holder"), second.str());
  world.run(60'000);
  EXPECT_EQ(world.row(expect_value(world.roll_back(first)).row.id).state, DeploymentState::done);
}

TEST_F(DeploymentsTest, ChangesNothingForAPlanThatIsOnlyLookedAt) {
  const ReleaseId release = world.upload("api", "v1");
  const auto commits = world.store().commits();
  std::optional<Answer<PlanView>> answer;
  world.operations().plan(FleetWorld::caller, world.request(api_manifest("web-1"), {{"api", release}}),
                          [&](Answer<PlanView> given) { answer = std::move(given); });
  world.run(1'000);
  ASSERT_TRUE(answer.has_value());
  EXPECT_EQ(expect_value(*answer).plan.slices.size(), 1u);
  EXPECT_EQ(world.store().commits(), commits);
  EXPECT_TRUE(world.store().deployments(10).empty());
  // The host was asked what serves, and told nothing.
  EXPECT_EQ(world.agent("web-1").count<protocol::Inventory>(), 1u);
  EXPECT_EQ(world.agent("web-1").count<protocol::Plan>() + world.agent("web-1").count<protocol::Prepare>(), 0u);
}

TEST_F(DeploymentsTest, HasNothingToDoWhenTheReleaseServesAlready) {
  deploy("v1");
  const DeploymentView again = deploy("v1");
  EXPECT_EQ(again.row.state, DeploymentState::done);
  EXPECT_NE(again.row.reason.find("nothing to do"), std::string::npos);
  EXPECT_TRUE(world.store().disk()->guarded.locks.empty());
}

TEST_F(DeploymentsTest, RollsBackNoDeploymentThatChangedNothingAndNamesTheOneThatDid) {
  deploy("v1");
  const DeploymentView changed = deploy("v2");
  const DeploymentView again = deploy("v2");
  const Refusal refusal = expect_refusal(world.roll_back(again.row.id));
  EXPECT_EQ(refusal.code, "changed_nothing");
  EXPECT_NE(refusal.message.find("is " + changed.row.id.str()), std::string::npos) << refusal.message;
  EXPECT_EQ(serving("web-1"), world.upload("api", "v2"));
}

TEST_F(DeploymentsTest, StartsOneDeploymentForOneIdempotencyKey) {
  DeployRequest request = world.request(api_manifest("web-1"), {{"api", world.upload("api", "v1")}});
  request.idempotency_key = "ci-run-7";
  std::vector<DeploymentId> ids;
  const auto note = [&](Answer<DeploymentView> answer) { ids.push_back(expect_value(answer).row.id); };
  world.operations().start(FleetWorld::caller, request, note);
  world.operations().start(FleetWorld::caller, request, note);
  world.run(60'000);
  world.operations().start(FleetWorld::caller, request, note);
  world.restart();
  world.operations().start(FleetWorld::caller, request, note);
  ASSERT_EQ(ids.size(), 4u);
  EXPECT_EQ(std::set<DeploymentId>(ids.begin(), ids.end()).size(), 1u);
  EXPECT_EQ(world.store().deployments(10).size(), 1u);
}

TEST_F(DeploymentsTest, GivesNoOtherRequestTheAnswerOfAnIdempotencyKey) {
  DeployRequest request = world.request(api_manifest("web-1"), {{"api", world.upload("api", "v1")}});
  request.idempotency_key = "ci-run-9";
  std::vector<DeployRequest> others(5, request);
  others[0].manifest += "# changed\n";
  others[1].environment = "production";
  others[2].artifacts = {{"api", world.upload("api", "v2")}};
  others[3].sequential = true;
  others[4].defaults.check_deadline_s = 7;
  std::vector<Answer<DeploymentView>> answers;
  const auto note = [&](Answer<DeploymentView> answer) { answers.push_back(std::move(answer)); };
  world.operations().start(FleetWorld::caller, request, note);
  for (const DeployRequest& other : others) world.operations().start(FleetWorld::caller, other, note);
  ASSERT_EQ(answers.size(), others.size()) << "while the first is being planned";
  world.run(60'000);
  world.restart();
  for (const DeployRequest& other : others) world.operations().start(FleetWorld::caller, other, note);
  const DeploymentId first = expect_value(answers.at(others.size())).row.id;
  answers.erase(answers.begin() + static_cast<std::ptrdiff_t>(others.size()));
  ASSERT_EQ(answers.size(), 2 * others.size());
  for (const Answer<DeploymentView>& answer : answers) {
    EXPECT_EQ(expect_refusal(answer).status, 409);
    EXPECT_EQ(expect_refusal(answer).code, "idempotency_key_reused");
  }
  EXPECT_EQ(world.store().deployments(10).size(), 1u);

  // Nor is a rollback the deployment that has its key, nor the rollback of other components.
  RollbackRequest back{first, {"api"}, "a test", "ci-run-9"};
  world.operations().start_rollback(FleetWorld::caller, back, note);
  EXPECT_EQ(expect_refusal(answers.back()).code, "idempotency_key_reused");
  // Where the manifest lies is no part of what is asked.
  request.file_name = "elsewhere.yaml";
  EXPECT_EQ(expect_value(world.start(request)).row.id, first);
}

TEST_F(DeploymentsTest, ForgetsAnIdempotencyKeyWhoseStartWasRefused) {
  DeployRequest request = world.request(api_manifest("nowhere"), {{"api", world.upload("api", "v1")}});
  request.idempotency_key = "ci-run-8";
  EXPECT_EQ(expect_refusal(world.start(request)).code, "unknown_host");
  request.manifest = api_manifest("web-1");
  EXPECT_EQ(expect_value(world.start(request)).row.name, "shop");
}

TEST_F(DeploymentsTest, ForgetsAnIdempotencyKeyWhoseStartFailedWithTheStore) {
  DeployRequest request = world.request(api_manifest("web-1"), {{"api", world.upload("api", "v1")}});
  request.idempotency_key = "ci-run-10";
  world.store().fail_serving(true);
  EXPECT_EQ(expect_refusal(world.start(request, 0)).code, "store_unavailable");
  world.store().fail_serving(false);
  EXPECT_EQ(world.row(expect_value(world.start(request)).row.id).state, model::DeploymentState::done);
}

TEST_F(DeploymentsTest, APortOfAnotherDeploymentIsRefusedWhenThePlanIsMade) {
  deploy("v1");
  std::string manifest = api_manifest("web-1");
  for (const auto& [from, to] : {std::pair{"name: shop", "name: blog"},
                                 {"name: api", "name: blog"},
                                 {"stable: 8080", "stable: 8090"},
                                 {"green: 5003", "green: 5004"}}) {
    manifest.replace(manifest.find(from), std::strlen(from), to);
  }
  const DeployRequest request = world.request(manifest, {{"blog", world.upload("blog", "v1")}});
  const Refusal refusal = expect_refusal(world.start(request, 0));
  EXPECT_EQ(refusal.code, "cannot_plan");
  EXPECT_NE(refusal.message.find(":3:5: component `blog` uses port 5002 on host web-1, which the component `api` was "
                                 "deployed with there"),
            std::string::npos)
      << refusal.message;
  // The host is asked: what was taken away by hand holds nothing.
  world.agent("web-1").serving.erase("api");
  EXPECT_EQ(expect_value(world.start(request)).row.name, "blog");
}

TEST_F(DeploymentsTest, ThePlanThatWasLookedAtIsTheOneThatIsStarted) {
  deploy("v1");
  DeployRequest request = world.request(api_manifest("web-1, web-2"), {{"api", world.upload("api", "v2")}});
  const std::string looked_at = expect_value(plan(request)).plan.hash;
  world.run(60'000);
  EXPECT_EQ(expect_value(plan(request)).plan.hash, looked_at) << "nothing but the time has changed";

  request.plan_hash = looked_at;
  DeployRequest other = request;
  other.artifacts["api"] = world.upload("api", "v3");
  EXPECT_EQ(expect_refusal(world.start(other, 0)).code, "plan_changed");
  other = request;
  other.no_monitoring = true;
  const Refusal refusal = expect_refusal(world.start(other, 0));
  EXPECT_EQ(refusal.status, 409);
  EXPECT_NE(refusal.message.find("it has the hash " + expect_value(plan([&] {
                                                        other.plan_hash.clear();
                                                        return other;
                                                      }()))
                                                          .plan.hash),
            std::string::npos)
      << refusal.message;
  EXPECT_EQ(world.store().deployments(10).size(), 1u) << "nothing was begun";

  const DeploymentView started = expect_value(world.start(request));
  EXPECT_EQ(world.row(started.row.id).state, DeploymentState::done);
  EXPECT_NE(world.row(started.row.id).plan_hash, looked_at) << "what the agents verify is good once only";
  // By now it serves, and there would be nothing to do.
  EXPECT_EQ(expect_refusal(world.start(request, 0)).code, "plan_changed");
}

TEST_F(DeploymentsTest, WhatServesForAnotherEnvironmentIsNotTakenOver) {
  const DeploymentView first = deploy("v1");
  DeployRequest request = world.request(api_manifest("web-1"), {{"api", world.upload("api", "v2")}});
  request.environment = "staging";
  const Refusal refusal = expect_refusal(world.start(request, 0));
  EXPECT_EQ(refusal.code, "cannot_plan");
  EXPECT_NE(refusal.message.find(":3:5: component `api` serves on host web-1 for the environment `production` (by "
                                 "api@blue.service, deployed by " +
                                 first.row.id.str() + ")"),
            std::string::npos)
      << refusal.message;
  // In its own environment it may come from another manifest.
  request.environment.clear();
  request.manifest.replace(request.manifest.find("name: shop"), 10, "name: blog");
  EXPECT_EQ(expect_value(world.start(request)).row.name, "blog");
  // What went back to nothing is free.
  world.agent("web-1").serving.erase("api");
  request.environment = "staging";
  EXPECT_EQ(expect_value(world.start(request)).row.environment, "staging");
  request.environment.clear();
  const Refusal back = expect_refusal(world.start(request, 0));
  EXPECT_NE(back.message.find("for the environment `staging`"), std::string::npos) << back.message;
}

TEST_F(DeploymentsTest, SaysWhereAHostIsNamedThatCannotBeDeployedTo) {
  const ReleaseId release = world.upload("api", "v1");
  const Refusal unknown =
      expect_refusal(world.start(world.request(api_manifest("web-1, web-l"), {{"api", release}}), 0));
  EXPECT_EQ(unknown.code, "unknown_host");
  EXPECT_EQ(unknown.status, 422);
  EXPECT_NE(
      unknown.message.find(":3:5: component `api` names the host `web-l`, which is not in the fleet; did you mean "
                           "`web-1`?"),
      std::string::npos)
      << unknown.message;
  expect_value(world.operations().add_host(FleetWorld::caller, HostId("later"), {}));
  const Refusal later = expect_refusal(world.start(world.request(api_manifest("later"), {{"api", release}}), 0));
  EXPECT_EQ(later.code, "not_enrolled");
  EXPECT_EQ(later.status, 409);
  EXPECT_NE(later.message.find("switchyard agents token create --host later"), std::string::npos) << later.message;
}

TEST_F(DeploymentsTest, SaysWhereTheManifestIsWrong) {
  const auto refusal = expect_refusal(world.start(world.request("metadata: {nam: shop}\n", {})));
  EXPECT_EQ(refusal.status, 400);
  EXPECT_EQ(refusal.message.substr(0, 12), "deploy.yaml:");
}

TEST_F(DeploymentsTest, RefusesAReleaseThatWasNotUploaded) {
  const auto refusal =
      expect_refusal(world.start(world.request(api_manifest("web-1"), {{"api", ReleaseId(std::string(64, 'a'))}})));
  EXPECT_EQ(refusal.code, "no_artifact");
}

// What fails while the plan is written out fails after the request: it is answered all the same, and not with silence.
TEST_F(DeploymentsTest, AnswersAManifestWhosePlanIsTooLargeToBeSent) {
  std::string manifest = api_manifest("web-1");
  const std::string command = "command: [bin/api";
  const std::size_t place = manifest.find(command);
  ASSERT_NE(place, std::string::npos);
  std::string words;
  for (int i = 0; i < 30'000; ++i) words += ", aa";
  manifest.insert(place + command.size(), words);
  const auto refusal = expect_refusal(world.start(world.request(manifest, {{"api", world.upload("api", "v1")}})));
  EXPECT_EQ(refusal.status, 422);
  EXPECT_NE(refusal.message.find("are more than 65536"), std::string::npos) << refusal.message;
}

/// Nothing is wrong with the manifest: the same request is good again when the host is back.
TEST_F(DeploymentsTest, AHostThatDoesNotAnswerIsAConflictAndNoBadInput) {
  world.disconnect(world.agent("web-2"));
  const DeployRequest request = world.request(api_manifest("web-1, web-2"), {{"api", world.upload("api", "v1")}});
  const auto refusal = expect_refusal(world.start(request));
  EXPECT_EQ(refusal.status, 409);
  EXPECT_EQ(refusal.code, "host_away");
  EXPECT_NE(refusal.message.find("web-2"), std::string::npos);
  EXPECT_TRUE(world.store().disk()->guarded.locks.empty());
  world.connect(world.agent("web-2"));
  const DeploymentView done = expect_value(world.start(request));
  world.disconnect(world.agent("web-1"));
  EXPECT_EQ(expect_refusal(world.roll_back(done.row.id)).code, "host_away");
}

TEST_F(DeploymentsTest, MoreAwayThanMayBeDeferredIsAConflictAndNoBadInput) {
  world.disconnect(world.agent("web-1"));
  world.disconnect(world.agent("web-2"));
  const auto refusal = expect_refusal(world.start(
      world.request(api_manifest("web-1, web-2", "{unreachable: {defer: 1}}"), {{"api", world.upload("api", "v1")}})));
  EXPECT_EQ(refusal.status, 409);
  EXPECT_EQ(refusal.code, "host_away");
}

TEST_F(DeploymentsTest, GoesBackWhenItIsCancelled) {
  deploy("v1");
  // web-2 is silent, so that there is time for the person.
  const ReleaseId second = world.upload("api", "v2");
  const auto started = expect_value(world.start(world.request(api_manifest("web-1, web-2"), {{"api", second}}), 0));
  world.agent("web-2").deaf = true;
  world.run(500);
  expect_value(world.operations().cancel(FleetWorld::caller, started.row.id, "wrong version"));
  world.agent("web-2").deaf = false;
  world.run(120'000);
  EXPECT_EQ(world.row(started.row.id).state, DeploymentState::rolled_back);
  EXPECT_NE(serving("web-1"), second);
  EXPECT_EQ(expect_refusal(world.operations().cancel(FleetWorld::caller, started.row.id, "again")).code, "finished");
}

TEST_F(DeploymentsTest, RollsBackToTheReleaseBefore) {
  deploy("v1");
  const DeploymentView second = deploy("v2");
  const DeploymentView rollback = expect_value(world.roll_back(second.row.id));
  const auto row = world.row(rollback.row.id);
  EXPECT_EQ(row.state, DeploymentState::done);
  EXPECT_EQ(row.kind, model::DeploymentKind::rollback);
  EXPECT_EQ(row.rollback_of, second.row.id);
  EXPECT_EQ(row.version, "1.0") << "as it was deployed";
  EXPECT_EQ(serving("web-1"), world.upload("api", "v1"));
  EXPECT_EQ(serving("web-2"), world.upload("api", "v1"));
}

TEST_F(DeploymentsTest, RollsTheFirstDeploymentBackToNothing) {
  const DeploymentView first = deploy("v1");
  const DeploymentView rollback = expect_value(world.roll_back(first.row.id));
  EXPECT_EQ(world.row(rollback.row.id).state, DeploymentState::done);
  for (const model::ServingRow& row : world.store().serving()) EXPECT_EQ(row.serving.kind, protocol::OldKind::absent);
}

TEST_F(DeploymentsTest, RollsBackOnlyWhatWasCommitted) {
  EXPECT_EQ(expect_refusal(world.roll_back(DeploymentId("d-0000000000000000"))).status, 404);
  world.agent("web-2").fail_prepare = true;
  const DeploymentView failed = deploy("v1");
  EXPECT_EQ(expect_refusal(world.roll_back(failed.row.id)).code, "rolled_back");
}

TEST_F(DeploymentsTest, GoesOnAfterARestartInTheMiddle) {
  deploy("v1");
  const ReleaseId second = world.upload("api", "v2");
  const auto started = expect_value(world.start(world.request(api_manifest("web-1, web-2"), {{"api", second}}), 0));
  world.run_until([&] { return world.row(started.row.id).state == DeploymentState::swapping; });
  world.restart();
  for (const char* host : {"web-1", "web-2"}) world.connect(world.agent(host));
  world.run(60'000);
  EXPECT_EQ(world.row(started.row.id).state, DeploymentState::done);
  EXPECT_EQ(world.row(started.row.id).resumed, 1u);
  EXPECT_EQ(serving("web-1"), second);
  EXPECT_EQ(serving("web-2"), second);
}

TEST_F(DeploymentsTest, CountsWithoutAHostThatIsDeclaredGone) {
  const ReleaseId release = world.upload("api", "v1");
  const auto started = expect_value(world.start(world.request(api_manifest("web-1, web-2"), {{"api", release}}), 0));
  world.lose(world.agent("web-2"));
  expect_value(world.operations().declare_gone(FleetWorld::caller, started.row.id, HostId("web-2"), "burnt down"));
  world.run(60'000);
  const auto row = world.row(started.row.id);
  EXPECT_EQ(row.state, DeploymentState::done);
  EXPECT_EQ(row.gone, std::vector{HostId("web-2")});
  ASSERT_EQ(world.store().serving().size(), 1u);
  EXPECT_EQ(world.store().serving()[0].host.str(), "web-1");
  for (const auto& view : expect_value(world.operations().deployment(FleetWorld::caller, started.row.id)).progress) {
    EXPECT_EQ(view.state, view.host.str() == "web-2" ? "gone" : "committed");
  }
  EXPECT_NE(serving("web-2"), release);
  // It was not gone after all: then it must not go on serving what nobody else serves.
  world.connect(world.agent("web-2"));
  world.run(60'000);
  EXPECT_EQ(serving("web-2"), release);
}

TEST_F(DeploymentsTest, IsNotDoneWhenItsOnlyHostWasDeclaredGone) {
  const ReleaseId release = world.upload("api", "v1");
  FakeAgent& only = world.agent("web-1");
  const auto started = expect_value(world.start(world.request(api_manifest("web-1"), {{"api", release}}), 0));
  world.lose(only);
  expect_value(world.operations().declare_gone(FleetWorld::caller, started.row.id, HostId("web-1"), "burnt down"));
  world.run(1'000);
  EXPECT_EQ(world.row(started.row.id).state, DeploymentState::rolled_back);
  EXPECT_TRUE(world.store().serving().empty());
  EXPECT_TRUE(world.store().disk()->guarded.locks.empty());
  // It ran nowhere, so nobody is brought to it.
  world.connect(only);
  world.run(60'000);
  EXPECT_EQ(world.store().deployments(10).size(), 1u);
  EXPECT_NE(serving("web-1"), release);
}

// It would go on doing what it was told, and learn that it does not count only when it connects again.
TEST_F(DeploymentsTest, AHostWhoseAgentIsConnectedCannotBeDeclaredGone) {
  const ReleaseId release = world.upload("api", "v1");
  const auto started = expect_value(world.start(world.request(api_manifest("web-1, web-2"), {{"api", release}}), 0));
  const Refusal refusal = expect_refusal(
      world.operations().declare_gone(FleetWorld::caller, started.row.id, HostId("web-2"), "wrong host"));
  EXPECT_EQ(refusal.status, 409);
  EXPECT_EQ(refusal.code, "host_connected");
  EXPECT_NE(refusal.message.find("systemctl stop switchyard-agent"), std::string::npos) << refusal.message;
  world.run(60'000);
  EXPECT_EQ(world.row(started.row.id).state, DeploymentState::done);
  EXPECT_TRUE(world.row(started.row.id).gone.empty());
  EXPECT_EQ(serving("web-2"), release);
}

TEST_F(DeploymentsTest, BringsAHostBackInThatWasDeclaredGoneInTheMiddleOfItsPreparation) {
  const ReleaseId release = world.upload("api", "v1");
  const auto started = expect_value(world.start(world.request(api_manifest("web-1, web-2"), {{"api", release}}), 0));
  FakeAgent& late = world.agent("web-2");
  world.run_until([&] { return late.open[started.row.id].state == protocol::AgentState::accepted; });
  world.lose(late);
  expect_value(world.operations().declare_gone(FleetWorld::caller, started.row.id, HostId("web-2"), "test"));
  world.run(60'000);
  ASSERT_EQ(world.row(started.row.id).state, DeploymentState::done);
  world.connect(late);
  world.run(60'000);
  EXPECT_EQ(late.open[started.row.id].state, protocol::AgentState::reverted);
  EXPECT_EQ(serving("web-2"), release);
}

TEST_F(DeploymentsTest, TellsAHostThatWasDeclaredGoneAndIsBackWhenTheDeploymentEnds) {
  const ReleaseId release = world.upload("api", "v1");
  const auto started = expect_value(world.start(
      world.request(api_manifest("web-1, web-2", "{watch_seconds: 120, confirm_seconds: 200}"), {{"api", release}}),
      0));
  FakeAgent& late = world.agent("web-2");
  world.run_until([&] { return world.row(started.row.id).state == DeploymentState::watching; });
  world.lose(late);
  expect_value(world.operations().declare_gone(FleetWorld::caller, started.row.id, HostId("web-2"), "test"));
  world.connect(late);
  world.run(5'000);
  ASSERT_EQ(world.row(started.row.id).state, DeploymentState::watching);
  EXPECT_EQ(late.count<protocol::Commit>(), 0u);
  const std::uint64_t connection = late.connection;
  world.run(180'000);
  EXPECT_EQ(world.row(started.row.id).state, DeploymentState::done);
  EXPECT_EQ(late.open[started.row.id].state, protocol::AgentState::committed);
  EXPECT_EQ(late.connection, connection);
  EXPECT_EQ(serving("web-2"), release);
}

TEST_F(DeploymentsTest, TellsAHostThatComesBackToALostDeploymentToUndoIt) {
  const ReleaseId release = world.upload("api", "v1");
  const auto started = expect_value(world.start(world.request(api_manifest("web-1, web-2"), {{"api", release}}), 0));
  FakeAgent& late = world.agent("web-2");
  world.run_until([&] { return late.open[started.row.id].state == protocol::AgentState::accepted; });
  world.disconnect(late);
  expect_value(world.operations().cancel(FleetWorld::caller, started.row.id, "test"));
  world.run(300'000);
  ASSERT_EQ(world.row(started.row.id).state, DeploymentState::rolled_back);
  world.connect(late);
  world.run(100);
  EXPECT_EQ(late.count<protocol::Abort>(), 1u);
  EXPECT_EQ(late.open[started.row.id].state, protocol::AgentState::reverted);
}

TEST_F(DeploymentsTest, AcknowledgesAStepReportOnceInTheTimelineHoweverOftenItComes) {
  const ReleaseId release = world.upload("api", "v1");
  const auto started = expect_value(world.start(world.request(api_manifest("web-1, web-2"), {{"api", release}}), 0));
  FakeAgent& agent = world.agent("web-1");
  const auto plan = world.store().plan(started.row.id).value();
  protocol::StepEvent event;
  event.deployment = started.row.id;
  event.step = plan.slices.at(agent.host).components.at(0).steps.at(0).id;
  event.component = "api";
  event.result.state = protocol::StepState::done;
  event.result.duration_ms = 12;
  const auto lines = [&] {
    std::size_t found = 0;
    for (const auto& entry : world.operations().timeline(FleetWorld::caller, started.row.id, 0, 1000))
      found += entry.what == "step";
    return found;
  };
  for (int i = 0; i < 3; ++i) world.say(agent, event);
  world.run(latency_ms);
  EXPECT_EQ(lines(), 1u);
  EXPECT_EQ(agent.count<protocol::StepEventAck>(), 3u);
  // The old slot is retired long after the deployment has ended.
  world.run(60'000);
  ASSERT_EQ(world.row(started.row.id).state, DeploymentState::done);
  event.result.duration_ms = 13;
  for (int i = 0; i < 2; ++i) world.say(agent, event);
  world.run(latency_ms);
  EXPECT_EQ(lines(), 2u);
  EXPECT_EQ(agent.count<protocol::StepEventAck>(), 5u);
}

TEST_F(DeploymentsTest, SaysAmongItsErrorsThatTheEndOfAnOldSlotFailedLongAfterTheCommit) {
  deploy("v1");
  const ReleaseId release = world.upload("api", "v2");
  const auto started = expect_value(world.start(world.request(api_manifest("web-1, web-2"), {{"api", release}}), 0));
  world.run(60'000);
  ASSERT_EQ(world.row(started.row.id).state, DeploymentState::done);
  const model::DeploymentRow before = world.row(started.row.id);
  ASSERT_TRUE(before.failures.empty());
  FakeAgent& agent = world.agent("web-1");
  const auto plan = world.store().plan(started.row.id).value();
  protocol::StepEvent event;
  event.deployment = started.row.id;
  event.component = "api";
  event.result.state = protocol::StepState::failed;
  event.result.code = "stop_failed";
  for (const protocol::Step& step : plan.slices.at(agent.host).components.at(0).steps) {
    if (step.phase == protocol::Phase::retire) event.step = step.id;
  }
  ASSERT_FALSE(event.step.empty());
  for (int tries = 0; tries < 3; ++tries) world.say(agent, event);
  world.run(latency_ms);
  model::DeploymentRow after = world.row(started.row.id);
  ASSERT_EQ(after.failures.size(), 1u);
  EXPECT_EQ(after.failures[0].code, "stop_failed");
  EXPECT_EQ(after.failures[0].host, agent.host);
  EXPECT_EQ(after.failures[0].action, model::ErrorAction::continue_);
  after.failures.clear();
  EXPECT_EQ(after, before) << "nothing else has changed";
}

TEST_F(DeploymentsTest, AnUndoneStepIsALineOfItsOwnAndMarkedSo) {
  const ReleaseId release = world.upload("api", "v1");
  const auto started = expect_value(world.start(world.request(api_manifest("web-1, web-2"), {{"api", release}}), 0));
  FakeAgent& agent = world.agent("web-1");
  protocol::StepEvent event;
  event.deployment = started.row.id;
  event.step = world.store().plan(started.row.id).value().slices.at(agent.host).components.at(0).steps.at(0).id;
  event.component = "api";
  event.result.state = protocol::StepState::done;
  event.result.evidence["undo"] = "true";  // what a host says of itself is no mark
  world.say(agent, event);
  event.undo = true;
  world.say(agent, event);
  world.run(latency_ms);
  std::vector<bool> undone;
  for (const auto& entry : world.operations().timeline(FleetWorld::caller, started.row.id, 0, 1000)) {
    if (entry.what == "step") undone.push_back(model::is_undo(entry));
  }
  EXPECT_EQ(undone, (std::vector<bool>{false, true}));
}

TEST_F(DeploymentsTest, PromotesACanaryThatWaitsForAPersonAndNothingElse) {
  deploy("v1");
  std::string manifest = api_manifest("web-1, web-2");
  manifest.insert(manifest.find("    ports:"),
                  "    strategy: canary\n    canary: {weights: [10], pause_seconds: 1, promote: manual}\n");
  const auto started = expect_value(world.start(world.request(manifest, {{"api", world.upload("api", "v2")}}), 30'000));
  const auto view = expect_value(world.operations().deployment(FleetWorld::caller, started.row.id));
  ASSERT_EQ(view.row.state, DeploymentState::swapping);
  ASSERT_EQ(view.pauses.size(), 1u);
  EXPECT_EQ(view.pauses[0].what, "10 % of the traffic of api");
  EXPECT_TRUE(view.pauses[0].promotion);
  const Refusal refusal = expect_refusal(world.operations().promote(FleetWorld::caller, started.row.id, 50));
  EXPECT_EQ(refusal.status, 409);
  EXPECT_EQ(refusal.code, "another_share");
  EXPECT_NE(refusal.message.find("is 10 % of the traffic of api, and not only 50 %"), std::string::npos)
      << refusal.message;
  world.run(60'000);
  ASSERT_EQ(world.row(started.row.id).state, DeploymentState::swapping) << "nothing went on";
  EXPECT_EQ(expect_value(world.operations().promote(FleetWorld::caller, started.row.id, 10)),
            std::vector<std::string>{"10 % of the traffic of api"});
  world.run(60'000);
  EXPECT_EQ(world.row(started.row.id).state, DeploymentState::done);
  EXPECT_EQ(expect_refusal(world.operations().promote(FleetWorld::caller, started.row.id, std::nullopt)).code,
            "finished");
}

/// What it serves is the new release, and its word that nothing is to be undone there is worth nothing.
TEST_F(DeploymentsTest, IsStuckWhenAHostHasLostItsJournalAndStaysSoAfterARestart) {
  deploy("v1");
  const auto started =
      expect_value(world.start(world.request(api_manifest("web-1, web-2"), {{"api", world.upload("api", "v2")}}), 0));
  world.run_until([&] { return world.row(started.row.id).state == DeploymentState::watching; });
  FakeAgent& lost = world.agent("web-2");
  world.disconnect(lost);
  lost.open.clear();
  lost.plans.clear();
  world.connect(lost);
  world.run(60'000);
  EXPECT_EQ(world.row(started.row.id).state, DeploymentState::stuck);
  EXPECT_NE(world.row(started.row.id).reason.find("web-2: lost its journal"), std::string::npos);
  world.restart();
  for (const char* host : {"web-1", "web-2"}) world.connect(world.agent(host));
  world.run(60'000);
  EXPECT_EQ(world.row(started.row.id).state, DeploymentState::stuck);
}

/// How often the coordinator waits for its disk while it deploys to so many hosts.
std::uint64_t commits_of_a_deployment(int hosts) {
  FleetWorld world;
  std::string names;
  for (int i = 1; i <= hosts; ++i) {
    const std::string host = "web-" + std::to_string(i);
    world.add_agent(host);
    names += (i == 1 ? "" : ", ") + host;
  }
  const ReleaseId release = world.upload("api", "v1");
  const std::uint64_t before = world.store().commits();
  const auto started = expect_value(world.start(world.request(api_manifest(names), {{"api", release}})));
  EXPECT_EQ(world.row(started.row.id).state, DeploymentState::done);
  return world.store().commits() - before;
}

TEST(Deployments, WhatAgentsSayTogetherIsWrittenTogether) {
  EXPECT_EQ(commits_of_a_deployment(20), commits_of_a_deployment(2));
}

TEST_F(DeploymentsTest, ShowsHowFarEachHostIs) {
  const ReleaseId release = world.upload("api", "v1");
  const auto started = expect_value(world.start(world.request(api_manifest("web-1, web-2"), {{"api", release}}), 0));
  world.run_until([&] { return world.agent("web-2").open.contains(started.row.id); });
  world.agent("web-2").deaf = true;
  world.run(100);
  std::map<std::string, std::string> states;
  for (const auto& view : expect_value(world.operations().deployment(FleetWorld::caller, started.row.id)).progress) {
    states[view.host.str()] = view.state;
  }
  EXPECT_EQ(states, (std::map<std::string, std::string>{{"web-1", "staged"}, {"web-2", "staging"}}));
  world.agent("web-2").deaf = false;
  world.run(60'000);
  for (const auto& view : expect_value(world.operations().deployment(FleetWorld::caller, started.row.id)).progress) {
    EXPECT_EQ(view.state, "committed");
  }
}

TEST_F(DeploymentsTest, WritesAnAuditRowForEveryStateAndWhoStartedIt) {
  const DeploymentView started = deploy("v1");
  std::vector<std::string> operations;
  for (const store::StoredAudit& row : world.store().audit(0, 1000)) {
    if (row.entry.object == started.row.id.str()) operations.push_back(row.entry.operation);
  }
  EXPECT_EQ(operations, (std::vector<std::string>{"deployment.start", "deployment.preparing", "deployment.swapping",
                                                  "deployment.holding", "deployment.watching", "deployment.committing",
                                                  "deployment.done"}));
}

TEST_F(DeploymentsTest, WillNotRemoveAHostThatIsAtWork) {
  const ReleaseId release = world.upload("api", "v1");
  const auto started = expect_value(world.start(world.request(api_manifest("web-1"), {{"api", release}}), 0));
  EXPECT_EQ(expect_refusal(world.operations().remove_host(FleetWorld::caller, HostId("web-1"))).code, "host_busy");
  world.run(60'000);
  expect_value(world.operations().remove_host(FleetWorld::caller, HostId("web-1")));
}

TEST_F(DeploymentsTest, AHostThatWasRemovedIsStillListedAndMarkedSo) {
  expect_value(world.operations().remove_host(FleetWorld::caller, HostId("web-1")));
  std::map<std::string, bool> removed;
  for (const HostView& host : world.operations().hosts(FleetWorld::caller))
    removed[host.row.id.str()] = host.row.removed;
  EXPECT_EQ(removed, (std::map<std::string, bool>{{"web-1", true}, {"web-2", false}}));
}

TEST_F(DeploymentsTest, APlanIsNotMadeOverADeploymentThatMayStillBeUndone) {
  deploy("v1");
  const DeployRequest second = world.request(api_manifest("web-1, web-2"), {{"api", world.upload("api", "v2")}});
  const auto started = expect_value(world.start(second, 0));
  world.run_until([&] { return world.row(started.row.id).state == DeploymentState::watching; });
  // What serves is provisional: the same release would be "nothing to do" now, and is not once this one has gone back.
  const Refusal refusal = expect_refusal(plan(second));
  EXPECT_EQ(refusal.status, 409);
  EXPECT_EQ(refusal.code, "locked");
  EXPECT_NE(refusal.message.find(started.row.id.str()), std::string::npos) << refusal.message;
  world.run(60'000);
  EXPECT_TRUE(expect_value(plan(second)).plan.slices.empty());
}

TEST_F(DeploymentsTest, AnUploadThatBroughtNothingHasNoAuditRow) {
  const auto uploads = [&] {
    std::size_t found = 0;
    for (const store::StoredAudit& row : world.store().audit(0, 1000))
      found += row.entry.operation == "artifact.upload";
    return found;
  };
  world.upload("api", "v1");
  EXPECT_EQ(uploads(), 1u);
  world.upload("api", "v1");
  EXPECT_EQ(uploads(), 1u);
  world.upload("api", "v2");
  EXPECT_EQ(uploads(), 2u);
}

/// The same bytes may be a release of several versions.
TEST_F(DeploymentsTest, AnArtifactThatIsThereMayBeGivenAnotherVersionAndTheAuditSaysSo) {
  const ReleaseId release = world.upload("api", "v1");
  const auto name = [&](const std::string& component, const std::string& version) {
    expect_value(world.operations().complete_artifact(FleetWorld::caller, release, component, version));
  };
  name("api", "2.0");
  const store::StoredAudit row = world.store().audit(0, 1'000).back();
  EXPECT_EQ(row.entry.operation, "artifact.rename");
  EXPECT_EQ(row.entry.object, release.str());
  EXPECT_EQ(row.entry.details.at("version"), "2.0");
  EXPECT_EQ(row.entry.details.at("before"), "api version of v1");
  EXPECT_EQ(world.store().artifacts().at(0).version, "2.0");

  const auto rows = world.store().audit(0, 1'000).size();
  for (const std::string component : {"worker", "api", "worker"}) name(component, "2.0");
  name("api", "");
  EXPECT_EQ(world.store().audit(0, 1'000).size(), rows) << "neither is another version";
  EXPECT_EQ(world.store().artifacts().at(0).component, "api");
  EXPECT_EQ(world.store().artifacts().at(0).version, "2.0");
}

TEST_F(DeploymentsTest, ARollbackBearsTheVersionThatServedWhateverItsBytesAreCalledSince) {
  const auto deploy_as = [&](const std::string& version) {
    std::string manifest = api_manifest("web-1, web-2");
    manifest.replace(manifest.find("1.0"), 3, version);
    return expect_value(world.start(world.request(manifest, {{"api", world.upload("api", version)}}))).row.id;
  };
  deploy_as("1.0");
  const DeploymentId second = deploy_as("2.0");
  const ReleaseId first = world.upload("api", "1.0");
  expect_value(world.operations().complete_artifact(FleetWorld::caller, first, "api", "3.0"));
  EXPECT_EQ(world.row(expect_value(world.roll_back(second)).row.id).version, "1.0");
}

TEST_F(DeploymentsTest, RollingBackWhatWasDeployedOverIsAConflict) {
  const DeploymentView first = deploy("v1");
  deploy("v2");
  const Refusal refusal = expect_refusal(world.roll_back(first.row.id));
  EXPECT_EQ(refusal.status, 409);
  EXPECT_EQ(refusal.code, "overtaken");
}

TEST_F(DeploymentsTest, SaysThatTheKeyOfAHostIsRevokedAndNotThatItIsSilent) {
  expect_value(world.operations().revoke_agent(FleetWorld::caller, HostId("web-2")));
  const Refusal refusal =
      expect_refusal(world.start(world.request(api_manifest("web-1, web-2"), {{"api", world.upload("api", "v1")}}), 0));
  EXPECT_EQ(refusal.code, "revoked");
  EXPECT_EQ(refusal.status, 409);
  EXPECT_NE(refusal.message.find("whose agent's key is revoked"), std::string::npos) << refusal.message;
  EXPECT_NE(refusal.message.find("switchyard hosts replace web-2"), std::string::npos) << refusal.message;
}

TEST_F(DeploymentsTest, SaysWhichRollbackUndidADeployment) {
  deploy("v1");
  const DeploymentView second = deploy("v2");
  EXPECT_TRUE(expect_value(world.operations().deployment(FleetWorld::caller, second.row.id)).rolled_back_by.empty());
  const DeploymentView rollback = expect_value(world.roll_back(second.row.id));
  const DeploymentView view = expect_value(world.operations().deployment(FleetWorld::caller, second.row.id));
  EXPECT_EQ(view.rolled_back_by, rollback.row.id);
  EXPECT_EQ(view.previous_version, "") << "it undoes nothing";
  EXPECT_EQ(expect_value(world.operations().deployment(FleetWorld::caller, rollback.row.id)).previous_version,
            view.row.version);
  EXPECT_EQ(view.row.version, "1.0");
  ASSERT_EQ(view.progress.size(), 2u);
  for (const ProgressView& line : view.progress) {
    EXPECT_EQ(line.state, "committed");
    EXPECT_EQ(line.detail, "undone by rollback " + rollback.row.id.str());
  }
}

TEST_F(DeploymentsTest, ShowsWhichHostHasFailedWhileItIsPaused) {
  world.agent("web-2").fail_prepare = true;
  const std::string manifest = api_manifest("web-1, web-2", "{rollback_on_failure: false}");
  const auto started = expect_value(world.start(world.request(manifest, {{"api", world.upload("api", "v1")}}), 5'000));
  ASSERT_EQ(world.row(started.row.id).state, DeploymentState::paused);
  std::map<std::string, std::string> states;
  for (const auto& view : expect_value(world.operations().deployment(FleetWorld::caller, started.row.id)).progress) {
    states[view.host.str()] = view.state;
  }
  EXPECT_EQ(states, (std::map<std::string, std::string>{{"web-1", "staged"}, {"web-2", "failed"}}));
}

TEST_F(DeploymentsTest, WhoWasToldToSwitchAndHasNotSaidSoServesNobodyKnowsWhat) {
  const auto started = expect_value(world.start(
      world.request(api_manifest("web-1, web-2", "{rollback_on_failure: false}"), {{"api", world.upload("api", "v1")}}),
      0));
  const DeploymentId id = started.row.id;
  world.run_until([&] { return world.row(id).state == DeploymentState::swapping; });
  for (const char* host : {"web-1", "web-2"}) world.agent(host).deaf = true;
  expect_value(world.operations().hold(FleetWorld::caller, id, "lunch"));
  world.run_until([&] { return world.row(id).state == DeploymentState::paused; });
  world.run(1'000);
  std::size_t told = 0;
  for (const auto& view : expect_value(world.operations().deployment(FleetWorld::caller, id)).progress) {
    const bool was_told = world.agent(view.host.str()).count<protocol::Swap>() > 0;
    told += was_told ? 1 : 0;
    EXPECT_EQ(view.state, was_told ? "swapping" : "staged") << view.host.str();
    EXPECT_FALSE(view.may_have_gone_back) << "it is connected";
  }
  EXPECT_GT(told, 0u);

  for (const char* host : {"web-1", "web-2"}) world.lose(world.agent(host));
  for (const auto& view : expect_value(world.operations().deployment(FleetWorld::caller, id)).progress) {
    const bool was_told = world.agent(view.host.str()).count<protocol::Swap>() > 0;
    EXPECT_EQ(view.may_have_gone_back, was_told) << view.host.str();
    EXPECT_EQ(view.detail.starts_with("not connected; may have gone back by itself"), was_told) << view.detail;
  }
}

TEST_F(DeploymentsTest, AHostWasLastSeenWhenItsAgentWasLastHeard) {
  const auto last_seen = [&] {
    for (const HostView& host : world.operations().hosts(FleetWorld::caller)) {
      if (host.row.id.str() == "web-2") return host.row.last_seen_wall_ms;
    }
    return std::int64_t{0};
  };
  world.run(600'000);  // pings only
  EXPECT_LE(world.clock.wall_ms() - last_seen(), limits::ping_interval_ms + 2 * latency_ms);
  world.lose(world.agent("web-2"));
  const std::int64_t lost = last_seen();
  EXPECT_LE(world.clock.wall_ms() - lost, limits::session_silence_ms_max + 2 * limits::ping_interval_ms);
  // And that is kept, so that a restarted coordinator says the same.
  world.restart();
  EXPECT_EQ(last_seen(), lost);
}

}  // namespace
}  // namespace switchyard::fleet
