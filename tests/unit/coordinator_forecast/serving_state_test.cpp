#include "coordinator/forecast/serving_state.hpp"

#include <gtest/gtest.h>

#include "tests/support/plan_builder.hpp"

namespace switchyard::forecast {
namespace {

using model::Strategy;
using protocol::EnsureUnit;
using protocol::UnitState;
using switchyard::testing::plan_from_text;

class ServingStateTest : public ::testing::Test {
 protected:
  static protocol::SliceComponent planned(Strategy strategy, bool first = false) {
    return plan_from_text("api@h1", {.first = first, .strategy = strategy}).slices.begin()->second.components.front();
  }
  static EnsureUnit unit(const std::string& slot, UnitState state) {
    return {"api@" + slot + ".service", state, protocol::UnitEnablement::unchanged};
  }
  /// The step of that title.
  static const protocol::Step& step(const protocol::SliceComponent& component, const std::string& title) {
    for (const protocol::Step& step : component.steps) {
      if (step.title == title) return step;
    }
    throw std::logic_error("no step " + title);
  }
};

TEST_F(ServingStateTest, IsTheOldOrNothingBeforeAnythingIsDone) {
  const auto later = planned(Strategy::blue_green), first = planned(Strategy::blue_green, true);
  EXPECT_EQ(ServingState(later).text(), "old");
  EXPECT_EQ(ServingState(first).text(), "nothing");
}

TEST_F(ServingStateTest, ARunningUnitServesNobodyUntilTheTrafficLeadsThere) {
  const auto component = planned(Strategy::blue_green);
  ServingState serving(component);
  serving.take(unit("green", UnitState::started));
  EXPECT_EQ(serving.text(), "old");
  serving.take(step(component, "switch api to green").action);
  EXPECT_EQ(serving.text(), "new");
  serving.take(*step(component, "switch api to green").undo);
  EXPECT_EQ(serving.text(), "old");
}

TEST_F(ServingStateTest, WithoutASwitchTheUnitThatRunsServes) {
  const auto component = planned(Strategy::recreate);
  ServingState serving(component);
  serving.take(unit("blue", UnitState::stopped));
  EXPECT_EQ(serving.text(), "nothing");
  serving.take(unit("green", UnitState::started));
  EXPECT_EQ(serving.text(), "new");
  serving.take(unit("green", UnitState::stopped));
  serving.take(unit("blue", UnitState::started));
  EXPECT_EQ(serving.text(), "old");
}

TEST_F(ServingStateTest, WhatWasCutOffIsNotKnownUntilItIsUndone) {
  const auto component = planned(Strategy::blue_green);
  ServingState serving(component);
  serving.take(unit("green", UnitState::started));
  serving.doubt(step(component, "switch api to green").action);
  EXPECT_EQ(serving.text(), "not known");
  serving.take(*step(component, "switch api to green").undo);
  EXPECT_EQ(serving.text(), "old");
  serving.doubt(*step(component, "switch api to green").undo);
  EXPECT_EQ(serving.text(), "old") << "it was so already";
}

TEST_F(ServingStateTest, AUnitThatWasDownServesNothing) {
  auto component = planned(Strategy::recreate);
  for (protocol::Step& one : component.steps) {
    if (auto* verify = std::get_if<protocol::VerifyOld>(&one.action)) verify->expected.unit.clear();
  }
  EXPECT_EQ(ServingState(component).text(), "nothing");
}

}  // namespace
}  // namespace switchyard::forecast
