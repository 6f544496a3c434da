#include "coordinator/planner/what_runs.hpp"

#include <gtest/gtest.h>

#include "tests/support/plan_builder.hpp"
#include "tests/unit/coordinator_planner/plan_view.hpp"

// When two plans have brought the same, and when only the same bytes.
namespace switchyard::planner {
namespace {

using switchyard::testing::facts_for;
using switchyard::testing::manifest_from_text;
using switchyard::testing::release_of;
using testing::component_on;

using Environment = std::map<std::string, std::string>;

model::Manifest with_environment(const Environment& environment) {
  model::Manifest manifest = manifest_from_text("api@h1");
  manifest.components[0].service.environment = environment;
  return manifest;
}

/// The first deployment comes into the slot blue, and one over it into green.
protocol::SliceComponent in_blue(const model::Manifest& manifest) {
  return component_on(plan_deployment(manifest, facts_for(manifest, {.first = true}), {}), "api", "h1");
}
protocol::SliceComponent in_green(const model::Manifest& manifest) {
  return component_on(plan_deployment(manifest, facts_for(manifest), {}), "api", "h1");
}
bool same(const protocol::SliceComponent& one, const protocol::SliceComponent& other) {
  const bool forth = runs_the_same(what_runs(one).value(), what_runs(other).value());
  EXPECT_EQ(forth, runs_the_same(what_runs(other).value(), what_runs(one).value())) << "it has no direction";
  EXPECT_EQ(forth, may_run_the_same(&one, &other));
  return forth;
}

TEST(WhatRuns, IsTheSameInEitherSlot) {
  const model::Manifest manifest = with_environment({{"MODE", "fast"}});
  ASSERT_EQ(in_blue(manifest).slot, "blue");
  ASSERT_EQ(in_green(manifest).slot, "green");
  EXPECT_TRUE(same(in_blue(manifest), in_green(manifest)));
}

TEST(WhatRuns, IsTheSameInEitherSlotWhereTheServiceIsToldItsPort) {
  model::Manifest manifest = with_environment({{"SELF", "http://127.0.0.1:${port}/"}});
  manifest.components[0].service.command = {"bin/server", "--listen=:${port}"};
  EXPECT_TRUE(same(in_blue(manifest), in_green(manifest)));
}

TEST(WhatRuns, IsTheSameOfAComponentWithoutPorts) {
  model::Manifest manifest = manifest_from_text("api@h1", {.strategy = model::Strategy::recreate});
  manifest.components[0].ports = {};
  EXPECT_TRUE(same(in_blue(manifest), in_green(manifest)));
}

TEST(WhatRuns, AreNotTheBytesAlone) {
  const protocol::SliceComponent fast = in_blue(with_environment({{"MODE", "fast"}}));
  for (const protocol::SliceComponent& slow :
       {in_blue(with_environment({{"MODE", "slow"}})), in_green(with_environment({{"MODE", "slow"}}))}) {
    EXPECT_EQ(fast.release, slow.release);
    EXPECT_FALSE(same(fast, slow));
  }
}

TEST(WhatRuns, AreTheBytesToo) {
  const model::Manifest manifest = with_environment({});
  PlanningFacts facts = facts_for(manifest);
  facts.artifacts.at("api").release = release_of("api", '3');
  EXPECT_FALSE(same(in_green(manifest), component_on(plan_deployment(manifest, facts, {}), "api", "h1")));
}

TEST(WhatRuns, IsAnotherWithAnotherConfiguration) {
  const auto configured = [](const std::string& digest) {
    model::Manifest manifest = manifest_from_text("api@h1");
    manifest.components[0].service.configuration = {model::ConfigurationFormat::json, "app.json"};
    manifest.components[0].service.delivery = {digest, {}, false, {{"h1", "box of " + digest}}};
    return manifest;
  };
  EXPECT_TRUE(same(in_blue(configured("d1")), in_green(configured("d1"))));
  EXPECT_FALSE(same(in_blue(configured("d1")), in_green(configured("d2"))));
}

TEST(WhatRuns, IsAnotherWithOtherLimits) {
  model::Manifest limited = manifest_from_text("api@h1");
  limited.components[0].service.limits = {500, std::nullopt};
  EXPECT_FALSE(same(in_blue(limited), in_blue(manifest_from_text("api@h1"))));
}

TEST(WhatRuns, IsAnotherWhenTheSlotsHaveOtherPorts) {
  model::Manifest moved = manifest_from_text("api@h1");
  moved.components[0].ports.blue = 6'001;
  moved.components[0].ports.green = 6'002;
  const model::Manifest manifest = manifest_from_text("api@h1");
  EXPECT_FALSE(same(in_blue(manifest), in_blue(moved)));
  EXPECT_FALSE(same(in_blue(manifest), in_green(moved)));
}

// A text of the user's is no name of a slot, though it is the same word.
TEST(WhatRuns, AWordThatIsASlotsNameIsATextAsAnyOther) {
  const protocol::SliceComponent blue = in_blue(with_environment({{"COLOUR", "blue"}}));
  const protocol::SliceComponent green = in_green(with_environment({{"COLOUR", "green"}}));
  EXPECT_FALSE(same(blue, green));
}

// Digests hold any digits.
TEST(WhatRuns, APortIsLookedForOutsideOfOtherWordsOnly) {
  model::Manifest manifest = manifest_from_text("api@h1");
  const std::string port = std::to_string(manifest.components[0].ports.blue);
  manifest.components[0].service.environment = {{"DIGEST", "ab" + port + "cd"}, {"NUMBER", "1" + port}};
  EXPECT_TRUE(same(in_blue(manifest), in_green(manifest)));
}

TEST(WhatRuns, IsNotKnownWhereNoUnitFileWasWritten) {
  protocol::SliceComponent unknown = in_blue(with_environment({}));
  std::erase_if(unknown.steps,
                [](const protocol::Step& step) { return std::holds_alternative<protocol::EnsureFile>(step.action); });
  EXPECT_FALSE(what_runs(unknown).has_value());
  const protocol::SliceComponent known = in_green(with_environment({{"MODE", "fast"}}));
  EXPECT_TRUE(may_run_the_same(&unknown, &known)) << "nothing speaks against it";
  EXPECT_TRUE(may_run_the_same(nullptr, &known));
}

TEST(WhatRuns, IsNothingWhereNothingWasBrought) {
  protocol::SliceComponent taken_away = in_blue(with_environment({}));
  taken_away.release = {};
  EXPECT_FALSE(what_runs(taken_away).has_value());
}

}  // namespace
}  // namespace switchyard::planner
