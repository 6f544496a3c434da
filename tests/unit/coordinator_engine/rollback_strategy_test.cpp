#include "coordinator/model/rollback_strategy.hpp"

#include <gtest/gtest.h>

#include <algorithm>

#include "tests/unit/coordinator_engine/engine_double.hpp"

namespace switchyard::engine {
namespace {

using model::DeploymentState;
using model::RollbackStrategy;

model::PlanSettings going_back(RollbackStrategy strategy) {
  model::PlanSettings settings;
  settings.rollback_strategy = strategy;
  settings.rollback_on_failure = strategy != RollbackStrategy::manual;
  return settings;
}

/// `app` is being switched on h1 and h2.
Coordinator switching(RollbackStrategy strategy) {
  Coordinator coordinator("app@h1,h2", going_back(strategy));
  coordinator.stage("h1");
  coordinator.stage("h2");
  return coordinator;
}
void fail(Coordinator& coordinator, const std::string& host, const std::string& component = "app") {
  coordinator.say(host, protocol::Failed{coordinator.run.row.id, {}, component, "planted", "no"});
}
void revert(Coordinator& coordinator, const std::string& host, const std::string& component) {
  coordinator.say(host, protocol::Reverted{coordinator.run.row.id, component, false, "told to"});
}

TEST(RollbackStrategy, ImmediateUndoesAtTheFirstFailure) {
  Coordinator coordinator = switching(RollbackStrategy::immediate);
  fail(coordinator, "h1");
  EXPECT_EQ(coordinator.state(), DeploymentState::aborting);
  EXPECT_TRUE(coordinator.has_asked("h1 abort app"));
  EXPECT_TRUE(coordinator.has_asked("h2 abort app")) << "what is under way is cut off";
}

TEST(RollbackStrategy, BatchDecidesAtOnceAndUndoesWhenTheBatchHasEnded) {
  Coordinator coordinator = switching(RollbackStrategy::batch);
  fail(coordinator, "h1");
  EXPECT_EQ(coordinator.run.decision, model::Decision::abort) << "durable before anything else";
  EXPECT_FALSE(coordinator.has_asked("h1 abort "));
  EXPECT_FALSE(coordinator.has_asked("h2 abort "));
  coordinator.swap("h2", "app");
  EXPECT_TRUE(coordinator.has_asked("h1 abort app"));
  EXPECT_TRUE(coordinator.has_asked("h2 abort app")) << "the whole batch goes back";
}

TEST(RollbackStrategy, ABatchThatFailsOnEveryHostWaitsForNobody) {
  Coordinator coordinator = switching(RollbackStrategy::batch);
  fail(coordinator, "h1");
  fail(coordinator, "h2");
  EXPECT_TRUE(coordinator.has_asked("h2 abort app"));
}

TEST(RollbackStrategy, AHostThatIsLostIsNotWaitedFor) {
  Coordinator coordinator = switching(RollbackStrategy::graceful);
  fail(coordinator, "h1");
  coordinator.happen(AgentLost{HostId("h2"), coordinator.run.hosts.at(HostId("h2")).session});
  EXPECT_TRUE(coordinator.has_asked("h1 abort app"));
}

TEST(RollbackStrategy, ABatchThatTakesTooLongIsCutOff) {
  Coordinator coordinator = switching(RollbackStrategy::batch);
  fail(coordinator, "h1");
  coordinator.happen(TimerFired{"batch"});
  EXPECT_TRUE(coordinator.has_asked("h2 abort app"));
}

TEST(RollbackStrategy, WhatAnAnswerThatWasLostWouldHaveSaidIsAskedFor) {
  Coordinator coordinator = switching(RollbackStrategy::batch);
  fail(coordinator, "h1");
  EXPECT_TRUE(coordinator.has_asked("h2 query"));
  protocol::DeploymentReport report;
  report.deployment = coordinator.run.row.id;
  report.state = protocol::AgentState::swapped;
  report.components.push_back({"app", true, 1, "", ""});
  coordinator.say("h2", protocol::Report{report});
  EXPECT_TRUE(coordinator.has_asked("h2 abort app"));
}

TEST(RollbackStrategy, TheLeaseIsRenewedWhileTheBatchEnds) {
  Coordinator coordinator("db@h1 > app@h2,h3", going_back(RollbackStrategy::batch));
  for (const char* host : {"h1", "h2", "h3"}) coordinator.stage(host);
  coordinator.swap("h1", "db");
  fail(coordinator, "h2");
  coordinator.asked.clear();
  coordinator.happen(TimerFired{"lease"});
  EXPECT_TRUE(coordinator.has_asked("h1 extend"));
}

TEST(RollbackStrategy, NobodyWaitsForABatchAfterARestart) {
  Coordinator coordinator = switching(RollbackStrategy::batch);
  fail(coordinator, "h1");
  coordinator.run = make_run(coordinator.run.row, coordinator.run.plan, coordinator.run.decision);
  coordinator.happen(Restarted{});
  coordinator.connect("h2", protocol::AgentState::swapping);
  EXPECT_TRUE(coordinator.has_asked("h2 abort app"));
}

TEST(RollbackStrategy, APersonWhoCancelsMeansNow) {
  Coordinator coordinator = switching(RollbackStrategy::graceful);
  coordinator.happen(CancelRequested{"stop"});
  EXPECT_TRUE(coordinator.has_asked("h2 abort app"));
}

TEST(RollbackStrategy, NothingIsWaitedForWhileNothingServes) {
  Coordinator coordinator("app@h1,h2", going_back(RollbackStrategy::batch));
  coordinator.stage("h1");
  coordinator.connect("h2");
  fail(coordinator, "h2");
  EXPECT_TRUE(coordinator.has_asked("h1 abort app"));
}

/// a and b have nothing to do with each other; both are switched, and then the watch fails.
Coordinator independent(RollbackStrategy strategy) {
  Coordinator coordinator("a@h1 + b@h2", going_back(strategy));
  coordinator.stage("h1");
  coordinator.stage("h2");
  coordinator.swap("h1", "a");
  coordinator.swap("h2", "b");
  coordinator.asked.clear();
  fail(coordinator, "h2", "b");
  return coordinator;
}

TEST(RollbackStrategy, ImmediateTakesIndependentComponentsBackSideBySide) {
  Coordinator coordinator = independent(RollbackStrategy::immediate);
  EXPECT_TRUE(coordinator.has_asked("h1 abort a"));
  EXPECT_TRUE(coordinator.has_asked("h2 abort b"));
}

TEST(RollbackStrategy, GracefulTakesOneComponentBackAtATime) {
  Coordinator coordinator = independent(RollbackStrategy::graceful);
  EXPECT_TRUE(coordinator.has_asked("h2 abort b"));
  EXPECT_FALSE(coordinator.has_asked("h1 abort a"));
  revert(coordinator, "h2", "b");
  EXPECT_TRUE(coordinator.has_asked("h1 abort a"));
}

TEST(RollbackStrategy, GracefulLeavesNobodyBehindBecauseAnotherCannotGoBack) {
  Coordinator coordinator = independent(RollbackStrategy::graceful);
  coordinator.happen(TimerFired{"revert"});
  EXPECT_TRUE(coordinator.has_asked("h1 abort a"));
}

TEST(RollbackStrategy, AggressiveTakesEveryHostBackAtOnce) {
  Coordinator coordinator("db@h1 > app@h2", going_back(RollbackStrategy::aggressive));
  coordinator.stage("h1");
  coordinator.stage("h2");
  coordinator.swap("h1", "db");
  coordinator.asked.clear();
  fail(coordinator, "h2");
  EXPECT_TRUE(coordinator.has_asked("h1 abort all")) << "before app has gone back";
  EXPECT_TRUE(coordinator.has_asked("h2 abort all"));
}

TEST(RollbackStrategy, ManualAsksAPerson) {
  Coordinator coordinator = switching(RollbackStrategy::manual);
  fail(coordinator, "h1");
  EXPECT_EQ(coordinator.state(), DeploymentState::paused);
  EXPECT_FALSE(coordinator.decided);
}

TEST(RollbackStrategy, AManualRollbackHoldsBeforeTheSwitchUntilItIsResumed) {
  Coordinator coordinator("app@h1", going_back(RollbackStrategy::manual), model::DeploymentKind::rollback);
  coordinator.stage("h1");
  EXPECT_EQ(coordinator.state(), DeploymentState::paused);
  EXPECT_FALSE(coordinator.has_asked("h1 swap app"));
  coordinator.happen(ResumeRequested{});
  EXPECT_TRUE(coordinator.has_asked("h1 swap app"));
}

TEST(RollbackStrategy, AManualRollbackAsksBeforeTheSwitchAlsoAfterARestart) {
  Coordinator coordinator("app@h1,h2", going_back(RollbackStrategy::manual), model::DeploymentKind::rollback);
  coordinator.stage("h1");
  coordinator.run = make_run(coordinator.run.row, coordinator.run.plan, std::nullopt);
  coordinator.happen(Restarted{});
  coordinator.connect("h1", protocol::AgentState::staged);
  coordinator.connect("h2", protocol::AgentState::staged);
  EXPECT_EQ(coordinator.state(), DeploymentState::paused);
  EXPECT_FALSE(coordinator.has_asked("h1 swap app"));
}

TEST(RollbackStrategy, EveryNameStandsForItsStrategy) {
  for (const std::string_view name : model::rollback_strategies) {
    const auto strategy = model::rollback_strategy_from_name(name);
    ASSERT_TRUE(strategy.has_value());
    EXPECT_EQ(model::rollback_strategy_name(*strategy), name);
  }
  EXPECT_FALSE(model::rollback_strategy_from_name("Immediate").has_value());
}

}  // namespace
}  // namespace switchyard::engine
