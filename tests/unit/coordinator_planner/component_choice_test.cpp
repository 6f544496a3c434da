#include "coordinator/planner/component_choice.hpp"

#include <gtest/gtest.h>

#include "common/error.hpp"
#include "tests/support/plan_builder.hpp"
#include "tests/support/refusal.hpp"

namespace switchyard::planner {
namespace {

using switchyard::testing::facts_for;
using switchyard::testing::has;
using switchyard::testing::manifest_from_text;
using switchyard::testing::refusal;

class ComponentChoiceTest : public ::testing::Test {
 protected:
  protocol::ComponentFact& fact(const char* host, std::size_t index) { return facts.inventory[HostId(host)].at(index); }
  std::string check(const std::vector<std::string>& names) {
    const ChosenComponents chosen = choose_components(manifest, names);
    return refusal([&] { check_outside_dependencies(chosen.manifest, chosen.outside, facts); });
  }
  model::Manifest manifest = manifest_from_text("db@h1 > cache@h1 > api@h1,h2 > web@h3");
  PlanningFacts facts = facts_for(manifest);
};

TEST_F(ComponentChoiceTest, WithoutNamesItIsAllOfThem) {
  EXPECT_EQ(choose_components(manifest, {}).manifest, manifest);
}

TEST_F(ComponentChoiceTest, KeepsTheOrderThroughWhatIsLeftOut) {
  const ChosenComponents chosen = choose_components(manifest, {"web", "db"});
  ASSERT_EQ(chosen.manifest.components.size(), 2u);
  EXPECT_EQ(chosen.manifest.find_component("web")->dependencies, std::vector<std::string>({"db"}));
  ASSERT_EQ(chosen.outside.size(), 2u);
  EXPECT_EQ(chosen.outside[0].dependency.name, "api");
  EXPECT_EQ(chosen.outside[1].dependency.name, "cache");
  const model::Plan plan = plan_deployment(chosen.manifest, facts, {});
  ASSERT_EQ(plan.nodes.size(), 2u);
  EXPECT_EQ(plan.nodes[1].after, std::vector<std::size_t>({0}));
}

TEST_F(ComponentChoiceTest, AsksAboutWhatItDependsOn) {
  const InventoryQuestions questions = inventory_questions(choose_components(manifest, {"web"}).outside);
  EXPECT_EQ(questions.at(HostId("h1")).size(), 3u);
  EXPECT_EQ(questions.at(HostId("h2")).size(), 1u);
}

TEST_F(ComponentChoiceTest, ADependencyThatServesWillDo) {
  EXPECT_NO_THROW(check_outside_dependencies(manifest, choose_components(manifest, {"web"}).outside, facts));
}

TEST_F(ComponentChoiceTest, ADependencyThatIsNotThereIsNamedWithItsHost) {
  fact("h2", 0).serving = {};
  EXPECT_TRUE(has(check({"web"}), "component `web` depends on `api`"));
  EXPECT_TRUE(has(check({"web"}), "does not serve on host h2"));
  EXPECT_TRUE(has(check({"web"}), "--components api,web"));
}

TEST_F(ComponentChoiceTest, ADependencyThatIsDownIsRefusedToo) {
  fact("h1", 0).unit_state = "failed";
  EXPECT_TRUE(has(check({"api"}), "`db`"));
  EXPECT_TRUE(has(check({"api"}), "is down (its unit is failed) on host h1"));
}

TEST_F(ComponentChoiceTest, OfAHostThatDoesNotAnswerNothingIsAssumed) {
  facts.inventory.erase(HostId("h2"));
  const ChosenComponents chosen = choose_components(manifest, {"web"});
  EXPECT_THROW(check_outside_dependencies(chosen.manifest, chosen.outside, facts), HostAwayError);
}

TEST_F(ComponentChoiceTest, AnUnknownNameIsRefusedWithTheNearest) {
  EXPECT_TRUE(has(refusal([&] { choose_components(manifest, {"wep"}); }), "did you mean `web`?"));
}

}  // namespace
}  // namespace switchyard::planner
