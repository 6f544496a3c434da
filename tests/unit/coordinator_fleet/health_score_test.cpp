#include "coordinator/fleet/health_score.hpp"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

namespace switchyard::fleet {
namespace {

constexpr std::int64_t hour_ms = 3'600'000;

int points(const LifeFacts& facts) { return health_score(facts).points; }

TEST(HealthScore, NothingIsTakenOffWhatHasProvenItself) {
  const LifeFacts good{.served_ms = hour_ms, .hosts = 3};
  EXPECT_EQ(health_score(good), HealthScore{});
}

TEST(HealthScore, EachPartIsTakenOffAsTheDocumentationSays) {
  EXPECT_EQ(points({.served_ms = hour_ms, .rolled_back = true, .hosts = 3}), 50);
  EXPECT_EQ(points({.served_ms = hour_ms, .watched = false, .hosts = 3}), 80);
  EXPECT_EQ(points({.served_ms = hour_ms, .failures = 1, .hosts = 3}), 90);
  EXPECT_EQ(points({.served_ms = hour_ms, .failures = 9, .hosts = 3}), 70);
  EXPECT_EQ(points({.served_ms = 0, .hosts = 3}), 70);
  EXPECT_EQ(points({.served_ms = hour_ms / 2, .hosts = 3}), 85);
  EXPECT_EQ(points({.served_ms = hour_ms - 1, .hosts = 3}), 99) << "what is not whole never counts as whole";
  EXPECT_EQ(points({.served_ms = hour_ms, .hosts = 3, .behind = 1}), 96);
  EXPECT_EQ(points({.served_ms = 0, .failures = 5, .watched = false, .rolled_back = true, .hosts = 1, .behind = 1}), 0);
}

TEST(HealthScore, SaysWhatWasTakenOff) {
  const HealthScore score = health_score({.served_ms = hour_ms, .watched = false, .hosts = 1});
  ASSERT_EQ(score.why.size(), 1u);
  EXPECT_EQ(score.why.front(), "-20 no watch window");
}

RC_GTEST_PROP(HealthScore, StaysWithinItsBoundsAndNeverGrowsByAFault,
              (std::int64_t served_ms, std::uint16_t failures, bool watched, bool rolled_back)) {
  const LifeFacts facts{served_ms, failures, watched, rolled_back, 4, 1};
  const int given = points(facts);
  RC_ASSERT(given >= 0 && given <= 100);
  LifeFacts worse = facts;
  worse.failures += 1;
  RC_ASSERT(points(worse) <= given);
  worse.watched = false;
  worse.rolled_back = true;
  RC_ASSERT(points(worse) <= given);
}

}  // namespace
}  // namespace switchyard::fleet
