#include "coordinator/planner/plan_difference.hpp"

#include <gtest/gtest.h>

#include "tests/support/plan_builder.hpp"

namespace switchyard::planner {
namespace {

using switchyard::testing::plan_from_text;

protocol::SliceComponent& component(model::Plan& plan, const std::string& host) {
  return plan.slices.at(HostId(host)).components.at(0);
}
std::string only_difference(const model::Plan& now) {
  const auto differences = plan_difference(plan_from_text("api@h1,h2"), now);
  EXPECT_EQ(differences.size(), 1u);
  return differences.empty() ? "" : differences.front();
}

TEST(PlanDifference, IsNoneForAPlanThatIsMadeTwiceWhateverItsNumberAndExpiry) {
  model::Plan again = plan_from_text("api@h1,h2");
  again.header = "another";
  again.hash = "another";
  again.signature = "another";
  EXPECT_TRUE(plan_difference(plan_from_text("api@h1,h2"), again).empty());
}

TEST(PlanDifference, IsNoneWhereAPlanOfTheVersionBeforeDoesNotSayWhyItAsksItsChecks) {
  model::Plan before = plan_from_text("api@h1,h2");
  before.settings.checks.reset();
  EXPECT_TRUE(plan_difference(before, plan_from_text("api@h1,h2")).empty());
}

TEST(PlanDifference, NamesHostsThatComeAndGo) {
  EXPECT_EQ(only_difference(plan_from_text("api@h1")), "host h2 would take no part any more");
  const auto more = plan_difference(plan_from_text("api@h1"), plan_from_text("api@h1,h2"));
  ASSERT_EQ(more.size(), 1u);
  EXPECT_EQ(more[0], "host h2 would take part too");
}

TEST(PlanDifference, SaysWhatServesNowInPlaceOfWhatServed) {
  model::Plan now = plan_from_text("api@h1,h2");
  component(now, "h2").old = {};
  EXPECT_NE(only_difference(now).find("api on host h2 serves nothing now, and served release"), std::string::npos);
}

TEST(PlanDifference, SaysWhichReleaseSlotOrStepsWouldBeOthers) {
  model::Plan now = plan_from_text("api@h1,h2");
  component(now, "h1").release = ReleaseId(std::string(64, 'f'));
  EXPECT_NE(only_difference(now).find("would get release ffffffffffff"), std::string::npos);
  now = plan_from_text("api@h1,h2");
  component(now, "h1").slot = "blue";
  EXPECT_NE(only_difference(now).find("slot blue in place of green"), std::string::npos);
  now = plan_from_text("api@h1,h2");
  component(now, "h1").steps.pop_back();
  EXPECT_NE(only_difference(now).find("other steps"), std::string::npos);
}

TEST(PlanDifference, FindsAComponentThatIsMissingOrNew) {
  model::Plan now = plan_from_text("api@h1,h2");
  component(now, "h1").name = "web";
  const auto differences = plan_difference(plan_from_text("api@h1,h2"), now);
  ASSERT_EQ(differences.size(), 2u);
  EXPECT_EQ(differences[0], "api on host h1 would not be changed any more");
  EXPECT_EQ(differences[1], "web on host h1 would be changed too");
}

TEST(PlanDifference, FindsOtherBudgetsAnotherOrderAndOtherSettings) {
  model::Plan now = plan_from_text("api@h1,h2");
  now.slices.at(HostId("h1")).keep_old_ms += 1;
  EXPECT_EQ(only_difference(now), "host h1 has other budgets");
  now = plan_from_text("api@h1,h2");
  now.nodes.at(0).exclusive = !now.nodes.at(0).exclusive;
  EXPECT_EQ(only_difference(now), "the order is another one");
  now = plan_from_text("api@h1,h2");
  now.settings.watch_ms += 1;
  EXPECT_EQ(only_difference(now), "the settings are others");
}

}  // namespace
}  // namespace switchyard::planner
