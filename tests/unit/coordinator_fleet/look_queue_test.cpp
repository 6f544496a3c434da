#include "coordinator/fleet/look_queue.hpp"

#include <gtest/gtest.h>

#include <stdexcept>
#include <vector>

#include "common/limits.hpp"
#include "tests/support/fake_clock.hpp"
#include "tests/support/fake_timers.hpp"

namespace switchyard::fleet {
namespace {

class LookQueueTest : public ::testing::Test {
 protected:
  bool add(int number) {
    return looks.add([this, number] { done.push_back(number); });
  }
  testing::FakeClock clock;
  testing::FakeTimers timers{clock};
  LookQueue looks{timers};
  std::vector<int> done;
};

TEST_F(LookQueueTest, OneAtATimeAndTheLoopHasItsTurnBetweenTwo) {
  add(1);
  add(2);
  EXPECT_TRUE(done.empty()) << "nothing is worked out while the request is taken";
  timers.set("lease", 0, [this] { done.push_back(99); });
  while (timers.fire_next(0)) {
  }
  EXPECT_EQ(done, (std::vector<int>{1, 99, 2}));
}

TEST_F(LookQueueTest, SoManyWaitAndNoMore) {
  for (std::size_t i = 0; i < limits::looks_waiting_max; ++i) EXPECT_TRUE(add(1));
  EXPECT_FALSE(add(2));
  timers.fire_next(0);
  EXPECT_TRUE(add(3));
}

TEST_F(LookQueueTest, OneThatFailsTakesNoTurnAwayFromTheOthers) {
  looks.add([] { throw std::runtime_error("the store is gone"); });
  add(2);
  EXPECT_THROW(timers.fire_next(0), std::runtime_error);
  EXPECT_TRUE(timers.fire_next(0));
  EXPECT_EQ(done, std::vector<int>{2});
}

}  // namespace
}  // namespace switchyard::fleet
