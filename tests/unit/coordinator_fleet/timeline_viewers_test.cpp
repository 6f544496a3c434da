#include "coordinator/fleet/timeline_viewers.hpp"

#include <gtest/gtest.h>

#include "coordinator/store/memory_store.hpp"
#include "tests/support/fake_timers.hpp"

namespace switchyard::fleet {
namespace {

class TimelineViewersTest : public ::testing::Test {
 protected:
  TimelineViewersTest() {
    store.take_epoch("test");
    put(model::DeploymentState::preparing);
  }
  void put(model::DeploymentState state) {
    model::DeploymentRow row;
    row.id = id;
    row.state = state;
    store.commit({store::PutDeployment{row}});
  }
  void append() {
    model::TimelineEntry entry;
    entry.deployment = id;
    store.commit({store::AppendTimeline{entry}});
    viewers.grew(id);
  }
  void wait(std::size_t after, std::int64_t wait_ms) {
    viewers.wait(id, after, wait_ms, [this] { ++answers; });
  }

  DeploymentId id{"d-1"};
  switchyard::testing::FakeClock clock;
  switchyard::testing::FakeTimers timers{clock};
  store::MemoryStore store;
  TimelineViewers viewers{store, timers};
  int answers = 0;
};

TEST_F(TimelineViewersTest, AnswersAtOnceWhenThereIsMoreAlready) {
  append();
  wait(0, 1000);
  EXPECT_EQ(answers, 1);
}

TEST_F(TimelineViewersTest, AnswersOnceWhenALineIsAdded) {
  wait(0, 1000);
  wait(1, 1000);
  EXPECT_EQ(answers, 0);
  append();
  EXPECT_EQ(answers, 1);
  append();
  EXPECT_EQ(answers, 2);
  EXPECT_FALSE(timers.fire_next(10'000)) << "no timer is left";
}

TEST_F(TimelineViewersTest, AnswersWhenTheTimeIsOver) {
  wait(0, 1000);
  EXPECT_TRUE(timers.fire_next(1000));
  EXPECT_EQ(answers, 1);
  append();
  EXPECT_EQ(answers, 1);
}

TEST_F(TimelineViewersTest, AnswersAtOnceWhenNothingWillBeAddedAnyMore) {
  put(model::DeploymentState::done);
  wait(0, 1000);
  EXPECT_EQ(answers, 1);
}

TEST_F(TimelineViewersTest, AnswersWhenTheDeploymentEnds) {
  wait(0, 1000);
  put(model::DeploymentState::rolled_back);
  viewers.grew(id);
  EXPECT_EQ(answers, 1);
}

}  // namespace
}  // namespace switchyard::fleet
