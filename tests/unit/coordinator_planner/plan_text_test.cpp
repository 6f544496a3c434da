#include "coordinator/planner/plan_text.hpp"

#include <gtest/gtest.h>

#include "tests/support/plan_builder.hpp"
#include "tests/support/refusal.hpp"

namespace switchyard::planner {

using switchyard::testing::has;
using switchyard::testing::plan_from_text;
using switchyard::testing::release_of;

TEST(PlanText, SaysWhatChangesInWhichOrder) {
  const model::Plan plan = plan_from_text("db@h1 > api@h1,h2 > web@h3");
  const std::string text = plan_text(plan);
  EXPECT_TRUE(has(text, "Plan test for testing\n"));
  EXPECT_TRUE(has(text, "  1. db on h1\n  2. api on h1, h2; after 1\n  3. web on h3; after 2\n"));
  const std::string old_id = release_of("api", '1').str().substr(0, 12),
                    new_id = release_of("api", '2').str().substr(0, 12);
  EXPECT_TRUE(has(text, "  api on h1, h2: release " + old_id + " in blue -> release " + new_id + " in green\n"));
  EXPECT_TRUE(has(text, "Interruptions: none\n"));
  EXPECT_TRUE(has(text, "    swap     switch api to green\n"));
  EXPECT_TRUE(has(text, "Hash: " + plan.hash + "\n"));
  EXPECT_EQ(text.find(" \n"), std::string::npos);
}

TEST(PlanText, NamesTheHostsOfACanaryOnceThoughTheyAreInEachOfItsShares) {
  const std::string text = plan_text(plan_from_text("can@h1,h2", {.strategy = model::Strategy::canary}));
  EXPECT_TRUE(has(text, "  1. 10 % of can on h1, h2"));
  EXPECT_TRUE(has(text, "  3. 100 % of can on h1, h2"));
  EXPECT_TRUE(has(text, "Changes:\n  can on h1, h2: release "));
  EXPECT_TRUE(has(text, "Steps:\n  can on h1, h2\n"));
}

TEST(PlanText, StatesTheDowntime) {
  const std::string text = plan_text(plan_from_text("db@h1", {.strategy = model::Strategy::recreate}));
  EXPECT_TRUE(has(text, "Interruptions:\n  db on h1 is stopped before the new release starts"));
  const std::string first = plan_text(plan_from_text("db@h1", {.first = true, .strategy = model::Strategy::recreate}));
  EXPECT_TRUE(has(first, "db on h1: nothing -> release"));
  EXPECT_TRUE(has(first, "Interruptions: none\n"));
}

TEST(PlanText, SaysWhenThereIsNothingToDo) {
  model::Plan plan;
  plan.name = "x";
  plan.environment = "y";
  EXPECT_EQ(plan_text(plan), "Plan x for y\nNothing to do: what is wanted serves already.\n");
}

}  // namespace switchyard::planner
