#include "coordinator/fleet/committed_plans.hpp"

#include <gtest/gtest.h>

#include "coordinator/fleet/rollback_targets.hpp"
#include "coordinator/store/memory_store.hpp"
#include "tests/support/plan_builder.hpp"

// What has to be read on the loop to say which versions there are, and how often.
namespace switchyard::fleet {
namespace {

class CountingStore final : public store::MemoryStore {
 public:
  std::optional<model::Plan> plan(const DeploymentId& id) const override {
    ++plans_read;
    return MemoryStore::plan(id);
  }
  mutable std::size_t plans_read = 0;
};

class CommittedPlansTest : public ::testing::Test {
 protected:
  CommittedPlansTest() { store.take_epoch("test"); }
  /// Two components, one of them on two hosts: three places.
  DeploymentId commit(int number) {
    const std::string digits = std::to_string(10'000 + number);
    const model::Plan plan =
        testing::plan_from_text("db@h1 > api@h1,h2", {.deployment = "d-00000000000" + digits, .first = true});
    model::DeploymentRow row;
    row.id = plan.deployment;
    row.name = plan.name;
    row.environment = plan.environment;
    row.version = std::to_string(number);
    row.state = model::DeploymentState::done;
    row.finished_wall_ms = number;
    store.commit({store::PutDeployment{row}, store::PutPlan{plan}});
    return row.id;
  }
  std::vector<Lineage> look() { return lineages(store, plans, "", "", 1'000'000); }

  CountingStore store;
  CommittedPlans plans{store};
};

TEST_F(CommittedPlansTest, AreReadOnce) {
  const DeploymentId id = commit(1);
  const auto first = plans.find(id);
  ASSERT_NE(first, nullptr);
  EXPECT_EQ(first->brought.size(), 3u);
  EXPECT_EQ(first->hosts, 2u);
  EXPECT_TRUE(first->brought.at({HostId("h2"), "api"}).runs.has_value());
  EXPECT_EQ(plans.find(id), first);
  EXPECT_EQ(store.plans_read, 1u);
}

TEST_F(CommittedPlansTest, AreLookedForAgainWhereThereWasNone) {
  EXPECT_EQ(plans.find(DeploymentId("d-0000000000000001")), nullptr);
  EXPECT_EQ(plans.find(DeploymentId("d-0000000000000001")), nullptr);
  EXPECT_EQ(store.plans_read, 2u);
}

TEST_F(CommittedPlansTest, AreForgottenBeforeTheyAreTooMany) {
  CommittedPlans few(store, 7);
  const DeploymentId first = commit(1), second = commit(2), third = commit(3);
  const auto held = few.find(first);
  few.find(second);
  few.find(first);
  EXPECT_EQ(store.plans_read, 2u) << "six places";
  few.find(third);
  few.find(first);
  EXPECT_EQ(store.plans_read, 4u) << "with the third the others went";
  EXPECT_EQ(held->brought.size(), 3u) << "and whoever looked at one still can";
  CommittedPlans none(store, 2);
  none.find(first);
  none.find(first);
  EXPECT_EQ(store.plans_read, 6u) << "what is larger by itself is not remembered";
}

TEST_F(CommittedPlansTest, ALookAtTheVersionsReadsWhatIsNewOnly) {
  for (int number = 1; number <= 5; ++number) commit(number);
  look();
  EXPECT_EQ(store.plans_read, 5u);
  look();
  EXPECT_EQ(store.plans_read, 5u);
  commit(6);
  look();
  EXPECT_EQ(store.plans_read, 6u);
}

TEST_F(CommittedPlansTest, WhatIsOlderThanTheLastVersionThatIsShownIsNotRead) {
  for (int number = 1; number <= 30; ++number) commit(number);
  const std::vector<Lineage> all = look();
  ASSERT_EQ(all.size(), 1u);
  EXPECT_EQ(all[0].targets.size(), 20u);
  EXPECT_EQ(all[0].targets.front().row.version, "30");
  EXPECT_EQ(store.plans_read, 20u);
}

TEST_F(CommittedPlansTest, OnePlanSaysHowTheHostsAreAskedForAllVersions) {
  for (int number = 1; number <= 5; ++number) commit(number);
  const std::vector<Lineage> all = look();
  store.plans_read = 0;
  const planner::InventoryQuestions questions = presence_questions(store, all);
  EXPECT_EQ(store.plans_read, 1u);
  EXPECT_EQ(questions.at(HostId("h1")).size(), 2u);
  EXPECT_EQ(questions.at(HostId("h2")).size(), 1u);
}

}  // namespace
}  // namespace switchyard::fleet
