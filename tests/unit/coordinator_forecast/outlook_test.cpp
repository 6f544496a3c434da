#include "coordinator/forecast/outlook.hpp"

#include <gtest/gtest.h>

#include "tests/support/plan_builder.hpp"
#include "tests/support/refusal.hpp"

namespace switchyard::forecast {
namespace {

using switchyard::testing::has;
using switchyard::testing::plan_from_text;

TEST(Outlook, SaysUntilWhenEverythingGoesBackByItself) {
  model::Plan plan = plan_from_text("app@h1");
  plan.settings.confirm_ms = 40'000;
  const std::string text = point_of_no_return(plan);
  EXPECT_TRUE(has(text,
                  "until every host has held, a failure, `deploy cancel` and a coordinator that stays away for 40 s "
                  "bring every host back to what it ran before; "))
      << text;
  EXPECT_TRUE(has(text, "in the watch window (5 s)")) << text;
  EXPECT_TRUE(has(text, "a lost coordinator brings nobody back: when it is there again it goes on")) << text;
  plan.settings.on_restart = model::OnRestart::abort;
  EXPECT_TRUE(has(point_of_no_return(plan), "when it is there again it brings every host back"))
      << point_of_no_return(plan);
  plan.settings.watch_ms = 0;
  EXPECT_FALSE(has(point_of_no_return(plan), "watch window"));
}

TEST(Outlook, SaysThatAFailureInTheWatchWindowGoesBackEvenWithoutRollback) {
  model::Plan plan = plan_from_text("app@h1", {.settings = {.rollback_on_failure = false}});
  const std::string text = point_of_no_return(plan);
  EXPECT_TRUE(has(text, "until every host has held, a failure stops the deployment where it is")) << text;
  EXPECT_TRUE(has(text, "in the watch window (5 s) a failure and `deploy cancel` bring every host back")) << text;
}

TEST(Outlook, SaysHowToGoBackAfterThePointOfNoReturn) {
  model::Plan plan = plan_from_text("app@h1");
  EXPECT_TRUE(has(point_of_no_return(plan), "`rollback start` is a flip for 600 s"));
  plan.settings.keep_old_ms = 0;
  EXPECT_TRUE(has(point_of_no_return(plan), "`rollback start` starts the old release again"));
}

TEST(Outlook, NamesWhoHasToApproveAndWhy) {
  Outlook outlook;
  outlook.approvals = {2, "approvers", "production asks for 2"};
  outlook.notes = {"it is frozen"};
  const std::string text = outlook_text(plan_from_text("app@h1"), outlook);
  EXPECT_TRUE(has(text, "Approvals: 2 by approvers; production asks for 2\n"));
  EXPECT_TRUE(has(text, "Note: it is frozen\n"));
  EXPECT_TRUE(has(text, "Risks:\n  none that is known\n"));
  EXPECT_TRUE(has(text, "  downtime: none\n"));
}

}  // namespace
}  // namespace switchyard::forecast
