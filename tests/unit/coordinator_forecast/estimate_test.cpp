#include "coordinator/forecast/estimate.hpp"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <set>

#include "coordinator/forecast/simulation.hpp"
#include "coordinator/forecast/step_kind.hpp"
#include "tests/support/plan_builder.hpp"
#include "tests/unit/coordinator_forecast/drawn_plan.hpp"

namespace switchyard::forecast {
namespace {

using switchyard::testing::plan_from_text;

model::TimelineEntry step_line(const std::string& component, const protocol::Step& step, std::int64_t ms) {
  model::TimelineEntry entry;
  entry.component = component;
  entry.what = "step";
  entry.state = "done";
  entry.fields = {{"step", step.id.str()}, {"ms", std::to_string(ms)}};
  return entry;
}

model::TimelineEntry state_line(model::DeploymentState state, std::int64_t wall_ms) {
  model::TimelineEntry entry;
  entry.what = "state";
  entry.state = model::state_name(state);
  entry.wall_ms = wall_ms;
  return entry;
}

/// Every step took `ms`, and the hosts needed `hold_ms` to dial anew.
std::vector<model::TimelineEntry> timeline_of(const model::Plan& plan, std::int64_t ms, std::int64_t hold_ms) {
  std::vector<model::TimelineEntry> lines;
  for (const auto& [host, slice] : plan.slices) {
    for (const auto& component : slice.components) {
      for (const auto& step : component.steps) lines.push_back(step_line(component.name, step, ms));
    }
  }
  lines.push_back(state_line(model::DeploymentState::holding, 1'000));
  lines.push_back(state_line(model::DeploymentState::watching, 1'000 + hold_ms));
  return lines;
}

std::int64_t steps_in(const model::Plan& plan, protocol::Phase phase) {
  const auto& steps = plan.slices.begin()->second.components.front().steps;
  return std::count_if(steps.begin(), steps.end(), [&](const auto& step) { return step.phase == phase; });
}

TEST(Estimate, SaysThatThereIsNoHistoryInsteadOfGuessing) {
  const Estimate estimate = estimate_duration(plan_from_text("app@h1"), {});
  EXPECT_FALSE(estimate.spread.has_value());
  EXPECT_NE(std::find(estimate.unmeasured.begin(), estimate.unmeasured.end(), "app: prepare start"),
            estimate.unmeasured.end());
  EXPECT_TRUE(estimate_text(estimate).starts_with("no history of "));
}

TEST(Estimate, IsTheSumOfWhatTheStepsTookAndOfWhatThePlanWaits) {
  const model::Plan plan = plan_from_text("app@h1");
  DurationHistory history;
  history.add(plan, timeline_of(plan, 100, 700));
  const Estimate estimate = estimate_duration(plan, history);
  ASSERT_TRUE(estimate.spread.has_value()) << estimate_text(estimate);
  const std::int64_t steps = steps_in(plan, protocol::Phase::prepare) + steps_in(plan, protocol::Phase::swap) +
                             steps_in(plan, protocol::Phase::commit);
  EXPECT_EQ(estimate.spread->median_ms, steps * 100 + 700 + plan.settings.watch_ms);
  EXPECT_EQ(estimate.spread->samples, 1u);
}

TEST(Estimate, HostsSideBySideTakeNoLongerThanOne) {
  const model::Plan one = plan_from_text("app@h1"), three = plan_from_text("app@h1,h2,h3");
  DurationHistory history;
  history.add(one, timeline_of(one, 100, 700));
  EXPECT_EQ(estimate_duration(three, history).spread->median_ms, estimate_duration(one, history).spread->median_ms);
}

TEST(Estimate, WhatDependsOnAnotherComesAfterIt) {
  const model::Plan chain = plan_from_text("db@h1 > app@h2"), beside = plan_from_text("db@h1 + app@h2");
  DurationHistory history;
  history.add(chain, timeline_of(chain, 100, 0));
  EXPECT_GT(estimate_duration(chain, history).spread->median_ms, estimate_duration(beside, history).spread->median_ms);
}

/// The parts of a plan whose steps all take 100 ms, one component of it taken alone.
std::int64_t alone_ms(const model::Plan& plan, protocol::Phase phase) { return steps_in(plan, phase) * 100; }

TEST(Estimate, KeepsToHowManyMayWorkSideBySide) {
  using protocol::Phase;
  model::Plan plan = plan_from_text("a@h1 + b@h2 + c@h3 + d@h4", {.settings = {.watch_ms = 0}});
  DurationHistory history;
  history.add(plan, timeline_of(plan, 100, 0));
  const auto rounds = [&](std::uint32_t most) {
    plan.settings.max_parallel = most;
    const std::int64_t moved_ms = estimate_duration(plan, history).spread->median_ms - alone_ms(plan, Phase::commit);
    return static_cast<double>(moved_ms) /
           static_cast<double>(alone_ms(plan, Phase::prepare) + alone_ms(plan, Phase::swap));
  };
  EXPECT_EQ(rounds(0), 1);
  EXPECT_EQ(rounds(1), 4);
  EXPECT_EQ(rounds(2), 2);
  EXPECT_EQ(rounds(3), 2);
  EXPECT_EQ(rounds(4), 1);
}

TEST(Estimate, OnlyWhatRunsAloneKeepsTheOthersWaiting) {
  using protocol::Phase;
  model::Plan plan = plan_from_text("a@h1 + b@h2 + c@h3", {.settings = {.watch_ms = 0}});
  DurationHistory history;
  history.add(plan, timeline_of(plan, 100, 0));
  plan.nodes.front().exclusive = true;
  const std::int64_t round_ms = alone_ms(plan, Phase::prepare) + alone_ms(plan, Phase::swap);
  EXPECT_EQ(estimate_duration(plan, history).spread->median_ms, 2 * round_ms + alone_ms(plan, Phase::commit));
}

/// Every kind of step takes some time of its own.
DurationHistory drawn_history(const model::Plan& plan, std::int64_t hold_ms) {
  const int slow = *rc::gen::inRange(1, 200);
  DurationHistory history;
  std::set<std::string> seen;
  for (const auto& [host, slice] : plan.slices) {
    for (const auto& component : slice.components) {
      for (const auto& step : component.steps) {
        const std::string kind = step_kind(step);
        const auto digit = static_cast<std::int64_t>(std::hash<std::string>{}(component.name + kind) % 7);
        if (seen.insert(component.name + kind).second) history.add(component.name, kind, 1 + slow * digit);
      }
    }
  }
  history.add("", hold_kind, hold_ms);
  return history;
}

RC_GTEST_PROP(Estimate, IsWhatTheEngineTakes, ()) {
  model::Plan plan = drawn_plan();
  plan.settings.confirm_ms = 600'000;
  for (auto& [host, slice] : plan.slices) slice.confirm_ms = 600'000;
  // Who promotes one share ends every pause that is on.
  for (model::PlanNode& node : plan.nodes) node.promoted_by_hand = false;
  // Hosts that dial anew take no time: a pause that ends meanwhile would wait for one more look at them.
  const DurationHistory history = drawn_history(plan, 0);
  SimulationInput input;
  input.duration_ms = [&](const std::string& component, const protocol::Step& step, bool) {
    return history.find(component, step_kind(step))->median_ms;
  };
  const Simulation simulation = simulate(plan, input);
  RC_ASSERT(simulation.end == model::DeploymentState::done);
  RC_ASSERT(estimate_duration(plan, history).spread->median_ms == simulation.took_ms);
}

TEST(Estimate, CountsTheDowntimeFromTheStopToTheLastCheck) {
  const model::Plan plan = plan_from_text("app@h1", {.strategy = model::Strategy::recreate});
  DurationHistory history;
  history.add(plan, timeline_of(plan, 50, 0));
  const std::vector<Downtime> downtime = estimate_downtime(plan, history);
  ASSERT_EQ(downtime.size(), 1u);
  EXPECT_EQ(downtime.front().component, "app");
  EXPECT_EQ(downtime.front().estimate.spread->median_ms, steps_in(plan, protocol::Phase::swap) * 50);
  EXPECT_TRUE(estimate_downtime(plan_from_text("app@h1"), history).empty());
}

TEST(Estimate, ACommandWithAnotherNameHasAHistoryOfItsOwn) {
  protocol::Step step;
  step.action = protocol::Run{};
  step.title = "run migrate";
  EXPECT_EQ(step_kind(step), "prepare run migrate");
  step.title = "run warm-up";
  EXPECT_EQ(step_kind(step), "prepare run warm-up");
}

TEST(DurationHistory, IgnoresWhatFailedAndWhatIsNoNumber) {
  const model::Plan plan = plan_from_text("app@h1");
  std::vector<model::TimelineEntry> lines = timeline_of(plan, 100, 0);
  const std::string kind = step_kind(plan.slices.begin()->second.components.front().steps.front());
  for (model::TimelineEntry& line : lines) line.state = line.what == "step" ? "failed" : line.state;
  DurationHistory history;
  history.add(plan, lines);
  EXPECT_FALSE(history.find("app", kind).has_value());
  for (model::TimelineEntry& line : lines) {
    line.state = "done";
    line.fields["ms"] = "soon";
  }
  history.add(plan, lines);
  EXPECT_FALSE(history.find("app", kind).has_value());
}

TEST(DurationHistory, TakesTheHoldThatLedToTheWatch) {
  using model::DeploymentState;
  DurationHistory history;
  history.add(plan_from_text("app@h1"),
              {state_line(DeploymentState::holding, 1'000), state_line(DeploymentState::swapping, 2'000),
               state_line(DeploymentState::holding, 5'000), state_line(DeploymentState::watching, 5'300)});
  ASSERT_TRUE(history.find("", hold_kind).has_value());
  EXPECT_EQ(history.find("", hold_kind)->median_ms, 300);
}

TEST(DurationHistory, TakesNoHoldOfWhatStoodStill) {
  using model::DeploymentState;
  DurationHistory history;
  history.add(plan_from_text("app@h1"),
              {state_line(DeploymentState::holding, 1'000), state_line(DeploymentState::paused, 2'000),
               state_line(DeploymentState::swapping, 9'000'000), state_line(DeploymentState::holding, 9'000'001),
               state_line(DeploymentState::watching, 9'000'002)});
  EXPECT_FALSE(history.find("", hold_kind).has_value()) << "some hosts had held before it stood still";
}

TEST(DurationHistory, CountsAStepThatWasDoneAgainOnce) {
  const model::Plan plan = plan_from_text("app@h1");
  const protocol::Step& step = plan.slices.begin()->second.components.front().steps.front();
  DurationHistory history;
  history.add(plan, {step_line("app", step, 4'000), step_line("app", step, 3)});
  const auto spread = history.find("app", step_kind(step));
  ASSERT_TRUE(spread.has_value());
  EXPECT_EQ(spread->samples, 1u) << "the second time it was so already";
  EXPECT_EQ(spread->median_ms, 4'000);
}

RC_GTEST_PROP(DurationHistory, TheFiguresWereMeasuredAndAreInOrder, ()) {
  const auto measured = *rc::gen::nonEmpty(rc::gen::container<std::vector<std::int64_t>>(rc::gen::inRange(0, 100'000)));
  DurationHistory history;
  for (const std::int64_t ms : measured) history.add("app", "swap start", ms);
  const auto spread = history.find("app", "swap start");
  RC_ASSERT(spread.has_value());
  RC_ASSERT(spread->p10_ms <= spread->median_ms && spread->median_ms <= spread->p90_ms);
  for (const std::int64_t figure : {spread->p10_ms, spread->median_ms, spread->p90_ms}) {
    RC_ASSERT(std::find(measured.begin(), measured.end(), figure) != measured.end());
  }
  RC_ASSERT(spread->samples == measured.size());
}

}  // namespace
}  // namespace switchyard::forecast
