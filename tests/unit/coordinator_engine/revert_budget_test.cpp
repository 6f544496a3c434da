#include "coordinator/engine/revert_budget.hpp"

#include <gtest/gtest.h>

#include "common/limits.hpp"
#include "tests/unit/coordinator_engine/engine_double.hpp"

// How long a way back may take: by the clock of the test.
namespace switchyard::engine {
namespace {

using model::DeploymentState;

constexpr std::int64_t confirm_ms = limits::confirm_ms_default;

/// `app` serves the new release on h1, and has to go back.
class GoingBack : public ::testing::Test {
 protected:
  GoingBack() {
    coordinator.stage("h1");
    coordinator.swap("h1", "app");
    for (const protocol::Step& step : app().steps) {
      if (step.undo) undos.push_back(step.id);
    }
    coordinator.say("h1", protocol::Failed{coordinator.run.row.id, {}, "app", "planted", "no"});
    began_ms = coordinator.now_ms;
  }
  protocol::SliceComponent& app() { return coordinator.run.plan.slices.at(HostId("h1")).components.at(0); }
  void may_take(const StepId& undo, std::uint32_t ms) {
    for (protocol::Step& step : app().steps) {
      if (step.id == undo) step.timeout_ms = ms;
    }
  }
  void hear(const StepId& undo, protocol::StepState state) {
    protocol::StepEvent event{coordinator.run.row.id, undo, "app", {}, true};
    event.result.state = state;
    coordinator.say("h1", event);
  }
  void begin(const StepId& undo) { hear(undo, protocol::StepState::started); }
  void end(const StepId& undo) { hear(undo, protocol::StepState::done); }
  void lose() { coordinator.happen(AgentLost{HostId("h1"), coordinator.run.hosts.at(HostId("h1")).session}); }

  Coordinator coordinator{"app@h1"};
  std::vector<StepId> undos;
  std::int64_t began_ms = 0;
};

TEST_F(GoingBack, IsStuckAfterFourConfirmTimesWithoutNews) {
  ASSERT_EQ(coordinator.state(), DeploymentState::aborting);
  coordinator.pass(4 * confirm_ms - 1);
  EXPECT_EQ(coordinator.state(), DeploymentState::aborting);
  coordinator.pass(1);
  EXPECT_EQ(coordinator.state(), DeploymentState::stuck);
}

TEST_F(GoingBack, IsNotStuckWhileAnUndoIsUnderWayThatMayTakeLonger) {
  may_take(undos.at(0), 600'000);
  coordinator.pass(1'000);
  begin(undos.at(0));
  coordinator.pass(550'000);
  EXPECT_EQ(coordinator.state(), DeploymentState::aborting);
  end(undos.at(0));
  coordinator.say("h1", protocol::Reverted{coordinator.run.row.id, {}, true, "told to"});
  EXPECT_EQ(coordinator.state(), DeploymentState::rolled_back);
}

TEST_F(GoingBack, IsStuckWhenAnUndoTakesLongerThanItMay) {
  may_take(undos.at(0), 600'000);
  begin(undos.at(0));
  coordinator.pass(confirm_ms + 600'000 + confirm_ms);
  EXPECT_EQ(coordinator.state(), DeploymentState::stuck);
}

TEST_F(GoingBack, EachUndoThatEndsGivesTimeForTheNext) {
  for (int i = 0; i < 10; ++i) {
    begin(undos.at(0));
    coordinator.pass(confirm_ms);
    end(undos.at(0));
    coordinator.pass(confirm_ms);
    ASSERT_EQ(coordinator.state(), DeploymentState::aborting) << "after " << coordinator.now_ms - began_ms << " ms";
  }
  coordinator.pass(3 * confirm_ms);
  EXPECT_EQ(coordinator.state(), DeploymentState::stuck) << "and then nothing more was heard";
}

// A bound remains, whatever a host goes on saying.
TEST_F(GoingBack, HasAnEndHoweverManyNewsThereAre) {
  const std::int64_t end_ms = revert_end_ms(coordinator.run.plan);
  ASSERT_LE(end_ms, limits::revert_ms_max);
  while (coordinator.state() == DeploymentState::aborting && coordinator.now_ms - began_ms <= end_ms) {
    begin(undos.at(0));
    end(undos.at(0));
    coordinator.pass(confirm_ms / 2);
  }
  EXPECT_EQ(coordinator.state(), DeploymentState::stuck);
}

TEST_F(GoingBack, StillEndsWellWhenItWasCalledStuck) {
  coordinator.pass(4 * confirm_ms);
  ASSERT_EQ(coordinator.state(), DeploymentState::stuck);
  coordinator.say("h1", protocol::Reverted{coordinator.run.row.id, {}, true, "told to"});
  EXPECT_EQ(coordinator.state(), DeploymentState::rolled_back);
}

TEST_F(GoingBack, DoesNotWaitForTheUndoOfAHostThatIsLost) {
  may_take(undos.at(0), 600'000);
  begin(undos.at(0));
  coordinator.pass(2 * confirm_ms);
  lose();
  coordinator.pass(3 * confirm_ms - 1);
  EXPECT_EQ(coordinator.state(), DeploymentState::aborting);
  coordinator.pass(1);
  EXPECT_EQ(coordinator.state(), DeploymentState::stuck);
}

TEST_F(GoingBack, WaitsForItAgainWhenTheHostIsBack) {
  may_take(undos.at(0), 600'000);
  begin(undos.at(0));
  coordinator.pass(2 * confirm_ms);
  lose();
  coordinator.pass(confirm_ms);
  coordinator.connect("h1", protocol::AgentState::reverting);
  coordinator.pass(10 * confirm_ms);
  EXPECT_EQ(coordinator.state(), DeploymentState::aborting);
}

TEST(RevertBudget, IsTheSumOfWhatTheComponentsMayTakeOneAfterTheOther) {
  model::Plan plan = testing::plan_from_text("db@h1 > app@h1,h2");
  const auto set_undos = [&](std::uint32_t ms) {
    for (auto& [host, slice] : plan.slices) {
      for (protocol::SliceComponent& component : slice.components) {
        for (protocol::Step& step : component.steps) step.undo.reset();
        component.steps.front().undo = component.steps.front().action;
        component.steps.front().timeout_ms = ms;
      }
    }
  };
  const std::int64_t silence_ms = 4 * std::int64_t{plan.settings.confirm_ms};
  set_undos(100'000);
  EXPECT_EQ(revert_end_ms(plan), silence_ms + 2 * 100'000) << "hosts go back side by side";
  set_undos(86'400'000);
  EXPECT_EQ(revert_end_ms(plan), limits::revert_ms_max);
  plan.settings.confirm_ms = 86'400'000;
  EXPECT_EQ(revert_end_ms(plan), 4 * std::int64_t{86'400'000}) << "what is heard of nobody has its time in any case";
}

}  // namespace
}  // namespace switchyard::engine
