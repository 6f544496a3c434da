#include "coordinator/fleet/check_outcomes.hpp"

#include <gtest/gtest.h>

#include "coordinator/engine/knowledge.hpp"
#include "coordinator/store/memory_store.hpp"
#include "tests/support/plan_builder.hpp"

// What became of the checks, and how often the timeline is read for it.
namespace switchyard::fleet {
namespace {

class CountingTimelines final : public store::MemoryStore {
 public:
  std::vector<model::TimelineEntry> timeline(const DeploymentId& id, std::size_t after,
                                             std::size_t limit) const override {
    auto lines = MemoryStore::timeline(id, after, limit);
    lines_read += lines.size();
    return lines;
  }
  mutable std::size_t lines_read = 0;
};

class CheckOutcomesTest : public ::testing::Test {
 protected:
  CheckOutcomesTest() { store.take_epoch("test"); }
  struct Over {
    model::DeploymentRow row;
    model::Plan plan;
  };
  Over commit(int number, model::DeploymentState state = model::DeploymentState::done) {
    Over over;
    over.plan = testing::plan_from_text("api@h1", {.deployment = "d-00000000000" + std::to_string(10'000 + number)});
    over.row.id = over.plan.deployment;
    over.row.state = state;
    return over;
  }
  /// The host tells of a check that went so.
  void line(const Over& over, protocol::StepState state, const std::string& detail) {
    for (const auto& step : over.plan.slices.at(HostId("h1")).components[0].steps) {
      const auto* probe = std::get_if<protocol::Probe>(&step.action);
      if (probe == nullptr || probe->spec.name != "tcp_connectivity" || step.phase != protocol::Phase::prepare)
        continue;
      protocol::StepResult result{.state = state, .duration_ms = 5, .detail = detail};
      auto entry = engine::step_entry(over.plan, HostId("h1"), {over.row.id, step.id, "api", result, false});
      entry.deployment = over.row.id;
      store.commit({store::AppendTimeline{std::move(entry)}});
    }
  }
  std::optional<model::ChecksReport> find(const Over& over) { return outcomes.find(over.row, over.plan); }

  CountingTimelines store;
  CheckOutcomes outcomes{store, 2};
};

TEST_F(CheckOutcomesTest, ReadATimelineOnce) {
  const Over over = commit(1);
  line(over, protocol::StepState::done, "connected");
  const auto first = find(over);
  ASSERT_TRUE(first.has_value());
  EXPECT_EQ(first->outcome, model::ChecksOutcome::passed);
  const std::size_t read = store.lines_read;
  EXPECT_GT(read, 0u);
  EXPECT_EQ(find(over), first);
  EXPECT_EQ(store.lines_read, read);
}

TEST_F(CheckOutcomesTest, HearOfALineThatComesLate) {
  const Over over = commit(1, model::DeploymentState::rolled_back);
  EXPECT_EQ(find(over)->outcome, model::ChecksOutcome::inconclusive);
  line(over, protocol::StepState::failed, "refused");
  EXPECT_EQ(find(over)->outcome, model::ChecksOutcome::failed);
  ASSERT_FALSE(find(over)->findings.empty());
  EXPECT_EQ(find(over)->findings[0].message, "refused");
}

TEST_F(CheckOutcomesTest, HearOfARowThatHasChanged) {
  Over over = commit(1);
  EXPECT_EQ(find(over)->findings.size(), 1u);
  over.row.gone = {HostId("h1")};
  EXPECT_EQ(find(over), std::nullopt) << "the only host is not counted any more";
}

TEST_F(CheckOutcomesTest, AreNothingWhileADeploymentIsUnderWay) {
  const Over over = commit(1, model::DeploymentState::watching);
  line(over, protocol::StepState::done, "connected");
  EXPECT_EQ(find(over), std::nullopt);
  EXPECT_EQ(store.lines_read, 0u);
}

TEST_F(CheckOutcomesTest, ForgetTheOneThatWasNotLookedAtForLongest) {
  const Over first = commit(1), second = commit(2), third = commit(3);
  for (const Over* over : {&first, &second, &third}) line(*over, protocol::StepState::done, "connected");
  find(first);
  find(second);
  find(first);
  find(third);
  std::size_t read = store.lines_read;
  find(first);
  find(third);
  EXPECT_EQ(store.lines_read, read) << "two are kept";
  find(second);
  EXPECT_GT(store.lines_read, read);
}

}  // namespace
}  // namespace switchyard::fleet
