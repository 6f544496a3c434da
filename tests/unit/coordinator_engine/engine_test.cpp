#include "coordinator/engine/engine.hpp"

#include <gtest/gtest.h>

#include <algorithm>

#include "coordinator/engine/ready_nodes.hpp"
#include "coordinator/engine/stray.hpp"
#include "tests/unit/coordinator_engine/engine_double.hpp"

namespace switchyard::engine {
namespace {

using model::DeploymentState;

TEST(Engine, SwapsOnlyWhenEveryHostIsStaged) {
  Coordinator coordinator("app@h1,h2");
  coordinator.stage("h1");
  EXPECT_EQ(coordinator.state(), DeploymentState::preparing);
  EXPECT_FALSE(coordinator.has_asked("h1 swap app"));
  coordinator.stage("h2");
  EXPECT_TRUE(coordinator.has_asked("h1 swap app"));
  EXPECT_TRUE(coordinator.has_asked("h2 swap app"));
}

TEST(Engine, SwapsADependencyBeforeWhatDependsOnIt) {
  Coordinator coordinator("db@h1 > app@h2");
  coordinator.connect("h2");
  coordinator.say("h2", protocol::PlanAck{});
  coordinator.stage("h1");
  coordinator.say("h2", protocol::Staged{coordinator.run.row.id, "app", 0});
  EXPECT_TRUE(coordinator.has_asked("h1 swap db"));
  EXPECT_FALSE(coordinator.has_asked("h2 swap app"));
  coordinator.swap("h1", "db");
  EXPECT_TRUE(coordinator.has_asked("h2 swap app"));
}

/// A canary on two hosts: 10 %, then all of it; every component staged.
class CanaryTest : public ::testing::Test {
 protected:
  explicit CanaryTest(bool by_hand = false) {
    model::Plan& plan = coordinator.run.plan;
    plan.nodes.push_back(plan.nodes.front());
    plan.nodes.front().pause_ms = 60'000;
    plan.nodes.front().promoted_by_hand = by_hand;
    plan.nodes.back().stage = 2;
    plan.nodes.back().after = {0};
    for (const char* host : {"h1", "h2"}) coordinator.stage(host);
    swap(1);
  }
  void swap(std::uint32_t stage) {
    for (const char* host : {"h1", "h2"}) {
      coordinator.say(host, protocol::Swapped{coordinator.run.row.id, "app", stage, 0});
    }
  }
  std::size_t swaps_asked() const {
    return static_cast<std::size_t>(std::count(coordinator.asked.begin(), coordinator.asked.end(), "h1 swap app"));
  }
  Coordinator coordinator{"app@h1,h2"};
};
class PromotedByHand : public CanaryTest {
 protected:
  PromotedByHand() : CanaryTest(true) {}
};

TEST_F(CanaryTest, GivesTheNextShareOnlyWhenThePauseIsOver) {
  EXPECT_EQ(swaps_asked(), 1u);
  coordinator.happen(TimerFired{"pause:0"});
  EXPECT_EQ(swaps_asked(), 2u);
  swap(2);
  EXPECT_EQ(coordinator.state(), DeploymentState::holding);
}

TEST_F(CanaryTest, IsNoLackOfProgressWhileItIsWatched) {
  coordinator.happen(TimerFired{"deadline"});
  EXPECT_EQ(coordinator.state(), DeploymentState::swapping);
  coordinator.happen(TimerFired{"pause:0"});
  coordinator.happen(TimerFired{"deadline"});
  EXPECT_EQ(coordinator.state(), DeploymentState::aborting) << "now hosts are at work, and silent";
}

TEST_F(CanaryTest, GoesBackWhenItFallsIllInThePause) {
  coordinator.say("h2", protocol::Health{coordinator.run.row.id, "app", false, "answers 500"});
  EXPECT_EQ(coordinator.state(), DeploymentState::aborting);
  coordinator.happen(TimerFired{"pause:0"});
  EXPECT_EQ(swaps_asked(), 1u);
}

TEST_F(CanaryTest, GoesOnOnlyAfterAGoodLastLook) {
  coordinator.say("h2", protocol::Health{coordinator.run.row.id, "app", true, "one bad look"});
  coordinator.happen(TimerFired{"pause:0"});
  EXPECT_EQ(swaps_asked(), 1u);
  coordinator.say("h2", protocol::Health{coordinator.run.row.id, "app", true, ""});
  coordinator.happen(TimerFired{"pause:0"});
  EXPECT_EQ(swaps_asked(), 2u);
}

TEST_F(CanaryTest, GoesBackWithoutAGoodLastLook) {
  coordinator.say("h2", protocol::Health{coordinator.run.row.id, "app", true, "one bad look"});
  coordinator.happen(TimerFired{"pause:0"});
  coordinator.happen(TimerFired{"pause:0"});
  EXPECT_EQ(coordinator.state(), DeploymentState::aborting);
}

TEST_F(CanaryTest, GoesOnAtOnceWhenItIsPromoted) {
  coordinator.happen(Promoted{});
  EXPECT_EQ(swaps_asked(), 2u);
}

TEST_F(PromotedByHand, WaitsForAPersonAfterThePause) {
  coordinator.happen(TimerFired{"pause:0"});
  EXPECT_EQ(swaps_asked(), 1u);
  EXPECT_EQ(coordinator.run.pauses.at(0), Pause::ripe);
  coordinator.happen(Promoted{});
  EXPECT_EQ(swaps_asked(), 2u);
}

void lose(Coordinator& coordinator, const std::string& host) {
  coordinator.happen(AgentLost{HostId(host), coordinator.run.hosts.at(HostId(host)).session});
}

/// It keeps nothing of what it had prepared, and says so: nobody waits for it to switch.
TEST(Engine, AHostThatBootsBeforeItsSwitchPreparesOnceMoreAndIsSwitchedThen) {
  Coordinator coordinator("app@h1,h2");
  for (const char* host : {"h1", "h2"}) coordinator.stage(host);
  coordinator.swap("h1", "app");
  lose(coordinator, "h2");
  coordinator.asked.clear();
  coordinator.connect("h2", protocol::AgentState::accepted);
  EXPECT_TRUE(coordinator.has_asked("h2 prepare"));
  EXPECT_FALSE(coordinator.has_asked("h2 swap app"));
  coordinator.say("h2", protocol::Staged{coordinator.run.row.id, "app", 0});
  EXPECT_TRUE(coordinator.has_asked("h2 swap app"));
  coordinator.swap("h2", "app");
  EXPECT_EQ(coordinator.state(), DeploymentState::holding);
}

/// Of a host that does not answer nobody knows what it serves.
TEST_F(CanaryTest, GoesOnOnlyWhenEveryHostThatHasTheShareIsConnected) {
  lose(coordinator, "h2");
  coordinator.happen(TimerFired{"pause:0"});
  EXPECT_EQ(swaps_asked(), 1u);
  coordinator.happen(TimerFired{"pause:0"});
  EXPECT_EQ(coordinator.state(), DeploymentState::aborting);
  EXPECT_NE(coordinator.run.row.reason.find("h2: not connected"), std::string::npos) << coordinator.run.row.reason;
}

TEST_F(PromotedByHand, GoesBackWhenAHostWasAwayForSoLongThatItHasGoneBack) {
  coordinator.happen(TimerFired{"pause:0"});
  lose(coordinator, "h2");
  coordinator.happen(TimerFired{"missed:h2"});
  EXPECT_EQ(coordinator.state(), DeploymentState::aborting);
  EXPECT_NE(coordinator.run.row.reason.find("h2: was lost"), std::string::npos) << coordinator.run.row.reason;
}

TEST_F(PromotedByHand, WaitsOnWhenTheHostWasAwayForAMoment) {
  lose(coordinator, "h2");
  protocol::DeploymentReport report;
  report.deployment = coordinator.run.row.id;
  report.state = protocol::AgentState::swapping;
  report.components.push_back({"app", true, 1, "", ""});
  coordinator.happen(AgentConnected{HostId("h2"), ++coordinator.session, report});
  coordinator.happen(TimerFired{"missed:h2"});
  EXPECT_EQ(coordinator.state(), DeploymentState::swapping);
}

/// `app` as a canary in two shares with a pause between, and `side`, which does not depend on it.
class CanaryBesideAnother : public ::testing::Test {
 protected:
  CanaryBesideAnother() {
    model::Plan& plan = coordinator.run.plan;
    plan.nodes.push_back(plan.nodes.front());
    plan.nodes.front().pause_ms = 60'000;
    plan.nodes.back().stage = 2;
    plan.nodes.back().after = {0};
    plan.nodes.front().priority = plan.nodes.back().priority = 200;
  }
  void begin() {
    coordinator.stage("h1");
    coordinator.swap("h1", "app");
  }
  Coordinator coordinator{"app@h1 + side@h1"};
};

TEST_F(CanaryBesideAnother, LetsTheOtherGoOnInItsPause) {
  begin();
  EXPECT_TRUE(coordinator.has_asked("h1 swap side"));
}

TEST_F(CanaryBesideAnother, IsAloneAlsoInItsPauseAndBetweenItsShares) {
  for (model::PlanNode& node : coordinator.run.plan.nodes) node.exclusive = node.component == "app";
  coordinator.run.plan.nodes[1].priority = 900;
  coordinator.run.plan.nodes[1].after = {};
  coordinator.run.plan.nodes[0].priority = 1'000;
  begin();
  EXPECT_FALSE(coordinator.has_asked("h1 swap side"));
  coordinator.happen(TimerFired{"pause:0"});
  EXPECT_FALSE(coordinator.has_asked("h1 swap side"));
  coordinator.say("h1", protocol::Swapped{coordinator.run.row.id, "app", 2, 0});
  EXPECT_TRUE(coordinator.has_asked("h1 swap side"));
}

TEST_F(CanaryBesideAnother, CountsAsOneOfThoseThatMayBeUnderWayInItsPause) {
  coordinator.run.plan.settings.max_parallel = 1;
  begin();
  EXPECT_FALSE(coordinator.has_asked("h1 swap side"));
  coordinator.happen(TimerFired{"pause:0"});
  coordinator.say("h1", protocol::Swapped{coordinator.run.row.id, "app", 2, 0});
  EXPECT_TRUE(coordinator.has_asked("h1 swap side"));
}

/// Of a pause nothing is written down: it begins anew, but only where nothing has come after it.
TEST_F(CanaryTest, IsWatchedAnewAfterARestart) {
  DeploymentRun again = make_run(coordinator.run.row, coordinator.run.plan, std::nullopt);
  coordinator.run = again;
  coordinator.asked.clear();
  coordinator.happen(Restarted{});
  const auto report = [&](const char* host, std::uint32_t stage) {
    protocol::DeploymentReport said{coordinator.run.row.id, protocol::AgentState::swapping, {}, 0};
    said.components.push_back({"app", true, stage, "", ""});
    coordinator.happen(AgentConnected{HostId(host), ++coordinator.session, said});
  };
  report("h1", 1);
  report("h2", 1);
  EXPECT_EQ(coordinator.run.pauses.at(0), Pause::running);
  EXPECT_EQ(swaps_asked(), 0u);

  coordinator.run = again;
  coordinator.happen(Restarted{});
  report("h1", 2);
  report("h2", 1);
  EXPECT_EQ(coordinator.run.pauses.at(0), Pause::over);
  EXPECT_TRUE(coordinator.has_asked("h2 swap app"));
}

TEST(Engine, DecidesOnlyWhenEveryHostHolds) {
  model::PlanSettings settings;
  settings.watch_ms = 0;
  Coordinator coordinator("app@h1,h2", settings);
  coordinator.stage("h1");
  coordinator.stage("h2");
  coordinator.swap("h1", "app");
  coordinator.swap("h2", "app");
  coordinator.connect("h1", protocol::AgentState::swapped);
  coordinator.connect("h2", protocol::AgentState::swapped);
  coordinator.say("h1", protocol::Held{});
  EXPECT_FALSE(coordinator.decided);
  coordinator.say("h2", protocol::Held{});
  EXPECT_EQ(coordinator.run.decision, model::Decision::commit);
  EXPECT_TRUE(coordinator.has_asked("h1 commit"));
}

/// Both hosts have held, and are watched.
class WatchedTest : public ::testing::Test {
 protected:
  WatchedTest() {
    for (const char* host : {"h1", "h2"}) coordinator.stage(host);
    for (const char* host : {"h1", "h2"}) coordinator.swap(host, "app");
    for (const char* host : {"h1", "h2"}) coordinator.connect(host, protocol::AgentState::swapped);
    for (const char* host : {"h1", "h2"}) coordinator.say(host, protocol::Held{coordinator.run.row.id});
  }
  void report(const char* host, protocol::AgentState state) {
    protocol::DeploymentReport report;
    report.deployment = coordinator.run.row.id;
    report.state = state;
    report.components.push_back({"app", true, 1, "", ""});
    coordinator.say(host, protocol::Report{report});
  }
  Coordinator coordinator{"app@h1,h2"};
};

TEST_F(WatchedTest, GoesBackWhenAHostTakesBackItsVote) {
  ASSERT_EQ(coordinator.state(), DeploymentState::watching);
  report("h2", protocol::AgentState::swapped);
  EXPECT_EQ(coordinator.run.decision, model::Decision::abort);
  coordinator.happen(TimerFired{"watch"});
  EXPECT_EQ(coordinator.run.decision, model::Decision::abort);
}

/// Until it has looked it doubts.
TEST_F(WatchedTest, NeitherCommitsNorGoesBackBecauseAnAgentBeganAnew) {
  lose(coordinator, "h2");
  coordinator.connect("h2", protocol::AgentState::held);
  coordinator.say("h2", protocol::Health{coordinator.run.row.id, "app", true, "not looked at yet"});
  coordinator.happen(TimerFired{"watch"});
  EXPECT_EQ(coordinator.run.decision, std::nullopt);
  coordinator.say("h2", protocol::Health{coordinator.run.row.id, "app", true, ""});
  EXPECT_EQ(coordinator.run.decision, model::Decision::commit);
}

/// Its answer to ABORT is that it knows of nothing to revert; what it serves is the new release.
TEST_F(WatchedTest, IsStuckAndNotRolledBackWhenAHostHasLostItsJournal) {
  coordinator.connect("h2");
  EXPECT_EQ(coordinator.run.decision, model::Decision::abort);
  EXPECT_FALSE(coordinator.has_asked("h2 abort "));
  EXPECT_TRUE(coordinator.has_asked("h1 abort app")) << "the other host does not wait for it";
  coordinator.say("h1", protocol::Reverted{coordinator.run.row.id, {}, true, ""});
  EXPECT_EQ(coordinator.state(), DeploymentState::stuck);
  EXPECT_NE(coordinator.run.row.reason.find("h2: lost its journal"), std::string::npos) << coordinator.run.row.reason;
}

TEST_F(WatchedTest, IsStuckAlsoWhenTheJournalWasLostWhileTheCoordinatorWasAway) {
  coordinator.run = make_run(coordinator.run.row, coordinator.run.plan, std::nullopt);
  note_switching(coordinator.run);
  coordinator.happen(Restarted{});
  coordinator.connect("h1", protocol::AgentState::held);
  coordinator.connect("h2");
  // Should it have heard ABORT all the same.
  coordinator.say("h2", protocol::Reverted{coordinator.run.row.id, {}, true, "unknown here: nothing was changed"});
  coordinator.say("h1", protocol::Reverted{coordinator.run.row.id, {}, true, ""});
  EXPECT_EQ(coordinator.state(), DeploymentState::stuck);
}

/// After an old copy of the store was restored: h2 has ended this deployment, and so many since that it has forgotten
/// it.
class ForgottenTest : public WatchedTest {
 protected:
  void take_up(std::optional<model::Decision> decision) {
    coordinator.run = make_run(coordinator.run.row, coordinator.run.plan, decision);
    note_switching(coordinator.run);
    coordinator.asked.clear();
    coordinator.happen(Restarted{});
  }
  void forget(const std::string& host) {
    protocol::DeploymentReport report;
    report.deployment = coordinator.run.row.id;
    report.forgotten = true;
    coordinator.happen(AgentConnected{HostId(host), ++coordinator.session, report});
  }
};

TEST_F(ForgottenTest, NothingIsDecidedAndNobodyIsToldToGoBackUntilAPersonSaysSo) {
  take_up(std::nullopt);
  forget("h2");
  coordinator.connect("h1", protocol::AgentState::held);
  for (const char* timer : {"rejoin", "deadline", "watch", "last_look"}) coordinator.happen(TimerFired{timer});
  EXPECT_EQ(coordinator.state(), DeploymentState::paused);
  EXPECT_EQ(coordinator.run.decision, std::nullopt);
  EXPECT_EQ(coordinator.asked, std::vector<std::string>{});
  EXPECT_NE(coordinator.run.row.reason.find("h2: has ended later deployments since"), std::string::npos);
}

TEST_F(ForgottenTest, ItIsStuckWhenThePersonHasTheOthersGoBack) {
  take_up(std::nullopt);
  forget("h2");
  coordinator.connect("h1", protocol::AgentState::held);
  coordinator.happen(CancelRequested{"looked there"});
  EXPECT_TRUE(coordinator.has_asked("h1 abort app"));
  EXPECT_FALSE(coordinator.has_asked("h2 abort "));
  coordinator.say("h1", protocol::Reverted{coordinator.run.row.id, {}, true, ""});
  EXPECT_EQ(coordinator.state(), DeploymentState::stuck);
}

TEST_F(ForgottenTest, ItGoesOnWithoutThatHostWhenThePersonSaysSo) {
  take_up(std::nullopt);
  forget("h2");
  coordinator.connect("h1", protocol::AgentState::held);
  coordinator.happen(HostGone{HostId("h2")});
  coordinator.happen(ResumeRequested{});
  coordinator.happen(TimerFired{"watch"});
  EXPECT_TRUE(coordinator.has_asked("h1 commit"));
}

/// A host holds before a commit is decided, and goes back by itself no more: it can have ended it in one way only.
TEST_F(ForgottenTest, WhatIsDecidedToBeCommittedWasCommittedThere) {
  take_up(model::Decision::commit);
  forget("h2");
  coordinator.connect("h1", protocol::AgentState::held);
  coordinator.say("h1", protocol::Committed{coordinator.run.row.id});
  EXPECT_EQ(coordinator.state(), DeploymentState::done);
}

TEST_F(ForgottenTest, ItsAnswerToAnAbortIsNotTakenForARevert) {
  take_up(model::Decision::abort);
  coordinator.connect("h1", protocol::AgentState::held);
  coordinator.connect("h2", protocol::AgentState::held);
  protocol::DeploymentReport report;
  report.deployment = coordinator.run.row.id;
  report.forgotten = true;
  coordinator.say("h2", protocol::Report{report});
  coordinator.say("h1", protocol::Reverted{coordinator.run.row.id, {}, true, ""});
  EXPECT_EQ(coordinator.state(), DeploymentState::stuck);
}

TEST_F(WatchedTest, GoesBackWhenTheLostJournalIsGivenBack) {
  coordinator.connect("h2");
  coordinator.say("h1", protocol::Reverted{coordinator.run.row.id, {}, true, ""});
  coordinator.connect("h2", protocol::AgentState::held);
  EXPECT_TRUE(coordinator.has_asked("h2 abort app"));
  coordinator.say("h2", protocol::Reverted{coordinator.run.row.id, {}, true, ""});
  EXPECT_EQ(coordinator.state(), DeploymentState::rolled_back);
}

TEST(Engine, AsksForTheVoteOnlyOverAYoungerConnection) {
  Coordinator coordinator("app@h1");
  coordinator.stage("h1");
  coordinator.swap("h1", "app");
  EXPECT_EQ(coordinator.state(), DeploymentState::holding);
  EXPECT_FALSE(coordinator.has_asked("h1 hold"));
  coordinator.connect("h1", protocol::AgentState::swapped);
  EXPECT_TRUE(coordinator.has_asked("h1 hold"));
}

TEST(Engine, RevertsInTheExactReverseOrder) {
  Coordinator coordinator("db@h1 > app@h2 > web@h3");
  for (const char* host : {"h1", "h2", "h3"}) {
    coordinator.connect(host);
    coordinator.say(host, protocol::PlanAck{});
  }
  coordinator.say("h1", protocol::Staged{{}, "db", 0});
  coordinator.say("h2", protocol::Staged{{}, "app", 0});
  coordinator.say("h3", protocol::Staged{{}, "web", 0});
  coordinator.swap("h1", "db");
  coordinator.swap("h2", "app");
  coordinator.say("h3", protocol::Failed{{}, {}, "web", "planted", "no"});
  EXPECT_EQ(coordinator.state(), DeploymentState::aborting);
  EXPECT_TRUE(coordinator.has_asked("h3 abort web"));
  EXPECT_FALSE(coordinator.has_asked("h2 abort app"));
  coordinator.say("h3", protocol::Reverted{{}, "web", false, ""});
  EXPECT_TRUE(coordinator.has_asked("h2 abort app"));
  EXPECT_FALSE(coordinator.has_asked("h1 abort db"));
  coordinator.say("h2", protocol::Reverted{{}, "app", false, ""});
  EXPECT_TRUE(coordinator.has_asked("h1 abort db"));
  coordinator.say("h1", protocol::Reverted{{}, "db", false, ""});
  for (const char* host : {"h1", "h2", "h3"}) {
    EXPECT_TRUE(coordinator.has_asked(std::string(host) + " abort all"));
    coordinator.say(host, protocol::Reverted{{}, {}, true, ""});
  }
  EXPECT_EQ(coordinator.state(), DeploymentState::rolled_back);
}

/// The pause that this event sets until the host is asked once more; -1: it sets none.
std::int64_t pause_after(Coordinator& coordinator, const Event& event, const std::string& host) {
  std::int64_t pause = -1;
  for (const SetTimer& timer : apply(coordinator.run, event).timers) {
    if (timer.timer == "resend:" + host) pause = timer.ms;
  }
  return pause;
}
/// Those after each of so many questions that had no answer.
std::vector<std::int64_t> pauses_without_answer(Coordinator& coordinator, const std::string& host, int questions) {
  std::vector<std::int64_t> pauses;
  for (int i = 0; i < questions; ++i) {
    pauses.push_back(pause_after(coordinator, TimerFired{"resend:" + host}, host));
  }
  return pauses;
}

/// app is being switched on h1 and h2, and db has been.
Coordinator switching_with(std::uint32_t confirm_ms) {
  model::PlanSettings settings;
  settings.confirm_ms = confirm_ms;
  Coordinator coordinator("db@h3 > app@h1,h2", settings);
  for (const char* host : {"h1", "h2", "h3"}) coordinator.stage(host);
  coordinator.swap("h3", "db");
  return coordinator;
}
AgentSaid failed_on_h2(const Coordinator& coordinator) {
  const HostId host("h2");
  return {host, coordinator.run.hosts.at(host).session,
          protocol::Failed{coordinator.run.row.id, {}, "app", "planted", "no"}};
}

// Who hears nothing for the confirm time goes back alone.
TEST(Engine, AsksAHostThatWaitsForItsTurnOnTheWayBackThreeTimesWithinItsPatience) {
  Coordinator coordinator = switching_with(9'000);
  coordinator.happen(failed_on_h2(coordinator));
  ASSERT_EQ(coordinator.state(), DeploymentState::aborting);
  EXPECT_FALSE(coordinator.has_asked("h3 abort db")) << "app goes first";
  EXPECT_EQ(pauses_without_answer(coordinator, "h3", 4), (std::vector<std::int64_t>{2'000, 3'000, 3'000, 3'000}));
}

TEST(Engine, AsksNobodyMoreOftenThanOnceASecondOnTheWayBack) {
  Coordinator coordinator = switching_with(1'500);
  coordinator.happen(failed_on_h2(coordinator));
  EXPECT_EQ(pauses_without_answer(coordinator, "h3", 3), (std::vector<std::int64_t>{1'000, 1'000, 1'000}));
}

TEST(Engine, BeginsWithShortPausesOnTheWayBackHoweverLongItHasAskedBefore) {
  Coordinator coordinator = switching_with(9'000);
  EXPECT_EQ(pauses_without_answer(coordinator, "h1", 6).back(), 30'000) << "nobody goes back alone yet";
  EXPECT_EQ(pause_after(coordinator, failed_on_h2(coordinator), "h1"), 1'000);
}

TEST(Engine, LeavesAHostThatIsStuckTheTimeToTryAnew) {
  Coordinator coordinator = switching_with(9'000);
  coordinator.happen(failed_on_h2(coordinator));
  coordinator.say("h2", protocol::Stuck{coordinator.run.row.id, {}, "stop_failed", "app: it does not stop"});
  ASSERT_EQ(coordinator.state(), DeploymentState::stuck);
  EXPECT_EQ(pauses_without_answer(coordinator, "h2", 6).back(), 30'000);
  EXPECT_EQ(pauses_without_answer(coordinator, "h3", 6).back(), 3'000) << "it waits for its turn all the same";
}

TEST(Engine, AbortsWhenAHostBecomesUnhealthyDuringTheWatch) {
  Coordinator coordinator("app@h1");
  coordinator.stage("h1");
  coordinator.swap("h1", "app");
  coordinator.connect("h1", protocol::AgentState::swapped);
  coordinator.say("h1", protocol::Held{});
  EXPECT_EQ(coordinator.state(), DeploymentState::watching);
  coordinator.say("h1", protocol::Health{{}, "app", false, "status 503"});
  EXPECT_EQ(coordinator.run.decision, model::Decision::abort);
}

/// Two hosts in the watch window, and what the agent of h2 says last is that a look was not good.
Coordinator watching_with_a_doubt() {
  Coordinator coordinator("app@h1,h2");
  for (const char* host : {"h1", "h2"}) coordinator.stage(host);
  for (const char* host : {"h1", "h2"}) coordinator.swap(host, "app");
  for (const char* host : {"h1", "h2"}) coordinator.connect(host, protocol::AgentState::swapped);
  for (const char* host : {"h1", "h2"}) coordinator.say(host, protocol::Held{});
  coordinator.say("h2", protocol::Health{{}, "app", true, "status 503"});
  coordinator.happen(TimerFired{"watch"});
  return coordinator;
}

TEST(Engine, CommitsAfterTheWatchOnlyOnAGoodLastLookOfEveryHost) {
  Coordinator coordinator = watching_with_a_doubt();
  EXPECT_EQ(coordinator.state(), DeploymentState::watching);
  EXPECT_FALSE(coordinator.decided);
  coordinator.say("h2", protocol::Health{{}, "app", true, ""});
  EXPECT_EQ(coordinator.run.decision, model::Decision::commit);
}

TEST(Engine, GoesBackWhenTheLookAfterTheWatchMakesAHostUnhealthy) {
  Coordinator coordinator = watching_with_a_doubt();
  coordinator.say("h2", protocol::Health{{}, "app", false, "status 503"});
  EXPECT_EQ(coordinator.run.decision, model::Decision::abort);
}

TEST(Engine, GoesBackWhenNoGoodLookComesAfterTheWatch) {
  Coordinator coordinator = watching_with_a_doubt();
  coordinator.happen(AgentLost{HostId("h2"), coordinator.run.hosts.at(HostId("h2")).session});
  EXPECT_FALSE(coordinator.decided);
  coordinator.happen(TimerFired{"last_look"});
  EXPECT_EQ(coordinator.run.decision, model::Decision::abort);
  EXPECT_NE(coordinator.run.row.reason.find("h2: app: status 503"), std::string::npos) << coordinator.run.row.reason;
}

TEST(Engine, DoesNotRevertForAnUnhealthyHostBeforeItHasHeardOfAllAfterARestart) {
  Coordinator coordinator("app@h1,h2");
  model::DeploymentRow row = coordinator.run.row;
  row.state = DeploymentState::watching;
  coordinator.run = make_run(row, coordinator.run.plan, std::nullopt);
  coordinator.happen(Restarted{});
  coordinator.connect("h2", protocol::AgentState::held);
  coordinator.say("h2", protocol::Health{{}, "app", false, "status 503"});
  EXPECT_FALSE(coordinator.decided);
  coordinator.connect("h1", protocol::AgentState::held);
  EXPECT_EQ(coordinator.state(), DeploymentState::watching);
  coordinator.happen(TimerFired{"watch"});
  EXPECT_FALSE(coordinator.decided);
  coordinator.happen(TimerFired{"last_look"});
  EXPECT_EQ(coordinator.run.decision, model::Decision::abort);
}

TEST(Engine, CommitsAtTheEndOfTheWatchWhenEveryLastLookWasGood) {
  Coordinator coordinator = watching_with_a_doubt();
  coordinator.happen(HostGone{HostId("h2")});
  EXPECT_EQ(coordinator.run.decision, model::Decision::commit);
}

TEST(Engine, HoldsStillInsteadOfRevertingWhenToldSoAndGoesOnWhenResumed) {
  model::PlanSettings settings;
  settings.rollback_on_failure = false;
  Coordinator coordinator("app@h1", settings);
  coordinator.stage("h1");
  coordinator.say("h1", protocol::Failed{{}, {}, "app", "planted", "no"});
  EXPECT_EQ(coordinator.state(), DeploymentState::paused);
  EXPECT_FALSE(coordinator.decided);
  coordinator.asked.clear();
  coordinator.happen(ResumeRequested{});
  EXPECT_TRUE(coordinator.has_asked("h1 swap app"));
}

TEST(Engine, StandsStillWhereItIsHeldAndGoesOnWhenResumed) {
  Coordinator coordinator("app@h1 > web@h2");
  coordinator.stage("h1");
  coordinator.stage("h2");
  coordinator.happen(HoldRequested{"lunch"});
  EXPECT_EQ(coordinator.state(), DeploymentState::paused);
  EXPECT_EQ(coordinator.run.row.reason, "held: lunch");
  coordinator.asked.clear();
  coordinator.swap("h1", "app");
  EXPECT_FALSE(coordinator.has_asked("h2 swap web"));
  EXPECT_FALSE(coordinator.decided);
  coordinator.happen(ResumeRequested{});
  EXPECT_TRUE(coordinator.has_asked("h2 swap web"));
}

TEST(Engine, WhatIsHeldKeepsItsLeaseAndIsAbandonedAsAnyOther) {
  Coordinator coordinator("app@h1");
  coordinator.stage("h1");
  coordinator.swap("h1", "app");
  coordinator.happen(HoldRequested{"lunch"});
  coordinator.asked.clear();
  coordinator.happen(TimerFired{"deadline"});
  coordinator.happen(TimerFired{"lease"});
  EXPECT_EQ(coordinator.state(), DeploymentState::paused);
  EXPECT_TRUE(coordinator.has_asked("h1 extend"));
  coordinator.happen(CancelRequested{"cold feet"});
  EXPECT_EQ(coordinator.state(), DeploymentState::aborting);
}

TEST(Engine, ADecisionIsNotHeld) {
  Coordinator coordinator("app@h1");
  coordinator.stage("h1");
  coordinator.swap("h1", "app");
  coordinator.happen(CancelRequested{"no"});
  coordinator.happen(HoldRequested{"lunch"});
  EXPECT_EQ(coordinator.state(), DeploymentState::aborting);
}

TEST(Engine, CarriesARecordedDecisionOutAfterARestart) {
  Coordinator coordinator("app@h1");
  model::DeploymentRow row = coordinator.run.row;
  row.state = DeploymentState::committing;
  coordinator.run = make_run(row, coordinator.run.plan, model::Decision::commit);
  coordinator.happen(Restarted{});
  coordinator.connect("h1", protocol::AgentState::held);
  EXPECT_TRUE(coordinator.has_asked("h1 commit"));
  EXPECT_FALSE(coordinator.decided);
}

TEST(Engine, GoesOnAfterARestartOnlyWhenEveryHostWasHeard) {
  Coordinator coordinator("app@h1,h2");
  model::DeploymentRow row = coordinator.run.row;
  row.state = DeploymentState::swapping;
  coordinator.run = make_run(row, coordinator.run.plan, std::nullopt);
  coordinator.asked.clear();
  coordinator.happen(Restarted{});
  coordinator.connect("h1", protocol::AgentState::swapped);
  EXPECT_FALSE(coordinator.has_asked("h2 swap app"));
  coordinator.connect("h2", protocol::AgentState::staged);
  EXPECT_TRUE(coordinator.has_asked("h2 swap app"));
  EXPECT_EQ(coordinator.run.row.resumed, 1u);
}

TEST(Engine, AbortsAfterARestartWhenAHostHasRevertedMeanwhile) {
  Coordinator coordinator("app@h1,h2");
  model::DeploymentRow row = coordinator.run.row;
  row.state = DeploymentState::swapping;
  coordinator.run = make_run(row, coordinator.run.plan, std::nullopt);
  coordinator.happen(Restarted{});
  coordinator.connect("h1", protocol::AgentState::swapped);
  coordinator.connect("h2", protocol::AgentState::reverted);
  EXPECT_EQ(coordinator.run.decision, model::Decision::abort);
}

TEST(Engine, SaysWhatAHostSawThatRevertedByItself) {
  Coordinator coordinator("app@h1,h2");
  coordinator.stage("h1");
  coordinator.stage("h2");
  protocol::DeploymentReport report;
  report.deployment = coordinator.run.row.id;
  report.state = protocol::AgentState::reverted;
  report.components = {{"app", false, 0, "", ""}};
  report.why = "the host rebooted before the deployment was confirmed";
  coordinator.happen(AgentConnected{HostId("h2"), ++coordinator.session, report});
  EXPECT_EQ(coordinator.run.decision, model::Decision::abort);
  EXPECT_NE(coordinator.run.row.reason.find("reverted by itself: the host rebooted before"), std::string::npos)
      << coordinator.run.row.reason;
}

TEST(Engine, ListensToNobodyOnAConnectionThatIsOver) {
  Coordinator coordinator("app@h1");
  coordinator.stage("h1");
  const std::uint64_t old = coordinator.run.hosts.at(HostId("h1")).session;
  coordinator.connect("h1", protocol::AgentState::staged);
  coordinator.happen(AgentSaid{HostId("h1"), old, protocol::Swapped{{}, "app", 1, 0}});
  EXPECT_EQ(coordinator.state(), DeploymentState::swapping);
}

TEST(Engine, CountsAHostThatWasNeverToldToSwapAsOld) {
  Coordinator coordinator("app@h1,h2");
  coordinator.stage("h1");
  coordinator.happen(CancelRequested{"test"});
  coordinator.say("h1", protocol::Reverted{{}, "app", false, ""});
  coordinator.say("h1", protocol::Reverted{{}, {}, true, ""});
  EXPECT_EQ(coordinator.state(), DeploymentState::rolled_back);
}

TEST(Engine, RunsAnExclusiveNodeAlone) {
  Coordinator coordinator("a@h1 + b@h1 + c@h1");
  coordinator.run.plan.nodes[1].exclusive = true;
  coordinator.run.begun.clear();
  for (int round = 0; round < 3; ++round) {
    const std::vector<std::size_t> working = working_nodes(coordinator.run, Pass::prepare);
    const bool alone = std::find(working.begin(), working.end(), 1u) == working.end() || working.size() == 1;
    EXPECT_TRUE(alone);
    for (const std::size_t index : working) {
      coordinator.run.hosts.at(HostId("h1")).staged.insert(coordinator.run.plan.nodes[index].component);
    }
  }
  EXPECT_EQ(coordinator.run.hosts.at(HostId("h1")).staged.size(), 3u);
}

TEST(Engine, PreparesARollbackOnAllHostsAtOnceAndSwapsItInOrder) {
  model::PlanSettings settings;
  settings.prepare_together = true;
  Coordinator coordinator("db@h1 > app@h2", settings);
  for (const char* host : {"h1", "h2"}) {
    coordinator.connect(host);
    coordinator.say(host, protocol::PlanAck{});
  }
  EXPECT_TRUE(coordinator.has_asked("h1 prepare"));
  EXPECT_TRUE(coordinator.has_asked("h2 prepare"));
  coordinator.say("h2", protocol::Staged{{}, "app", 0});
  coordinator.say("h1", protocol::Staged{{}, "db", 0});
  EXPECT_TRUE(coordinator.has_asked("h1 swap db"));
  EXPECT_FALSE(coordinator.has_asked("h2 swap app"));
}

TEST(Engine, TellsAStrayAgentHowItEnded) {
  protocol::DeploymentReport report;
  report.deployment = DeploymentId("d-00000000000000aa");
  report.state = protocol::AgentState::swapped;
  EXPECT_TRUE(std::holds_alternative<protocol::Abort>(*settle_stray(report, std::nullopt)));
  report.state = protocol::AgentState::held;
  EXPECT_TRUE(std::holds_alternative<protocol::Commit>(*settle_stray(report, model::Decision::commit)));
  report.state = protocol::AgentState::committed;
  EXPECT_FALSE(settle_stray(report, model::Decision::commit).has_value());
}

// Who was counted had said HELD. Who had not was declared gone: it must let go, or it could never be brought to
// anything.
TEST(Engine, GoesBackWhenNoHostIsLeftThatCouldProveTheRelease) {
  for (const bool restarted : {false, true}) {
    Coordinator coordinator("db@h1 > app@h1,h2");
    coordinator.stage("h1");
    coordinator.happen(HostGone{HostId("h1")});
    EXPECT_EQ(coordinator.run.row.state, DeploymentState::preparing);
    if (restarted) coordinator.happen(Restarted{});
    coordinator.happen(HostGone{HostId("h2")});
    EXPECT_EQ(coordinator.run.row.state, DeploymentState::rolled_back);
    EXPECT_EQ(coordinator.run.decision, model::Decision::abort);
    EXPECT_NE(coordinator.run.row.reason.find("declared gone"), std::string::npos);
  }
}

TEST(Engine, TellsAHostThatWasDeclaredGoneBeforeItHeldToUndoWhatTheOthersCommitted) {
  using protocol::AgentState;
  protocol::DeploymentReport report;
  report.deployment = DeploymentId("d-00000000000000aa");
  for (const AgentState state : {AgentState::accepted, AgentState::staging, AgentState::staged, AgentState::swapping,
                                 AgentState::swapped, AgentState::reverting, AgentState::stuck}) {
    report.state = state;
    const auto message = settle_stray(report, model::Decision::commit);
    ASSERT_TRUE(message && std::holds_alternative<protocol::Abort>(*message)) << protocol::agent_state_name(state);
  }
  for (const AgentState state : {AgentState::idle, AgentState::committed, AgentState::reverted}) {
    report.state = state;
    EXPECT_FALSE(settle_stray(report, model::Decision::commit)) << protocol::agent_state_name(state);
  }
}

/// Found by the simulation: a reverted batch between the two made the coordinator forget that the first waits for the
/// last.
TEST(ReadyNodes, TakesAComponentBackOnlyAfterEveryBatchOfWhatNeedsIt) {
  DeploymentRun run;
  const HostId h1("h1"), h2("h2");
  model::PlanNode api, first, second;
  api.component = "api";
  api.hosts = {h1, h2};
  first.component = second.component = "web";
  first.hosts = {h1};
  first.after = {0};
  second.hosts = {h2};
  second.after = {1};
  run.plan.nodes = {api, first, second};
  run.hosts[h1].reverted_all = true;
  run.hosts[h2].swap_asked = true;
  EXPECT_EQ(reverting_nodes(run), (std::vector<std::size_t>{2}));
  run.hosts[h2].reverted = {"web"};
  EXPECT_EQ(reverting_nodes(run), (std::vector<std::size_t>{0}));
}

}  // namespace
}  // namespace switchyard::engine
