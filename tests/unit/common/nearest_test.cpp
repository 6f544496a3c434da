#include "common/nearest.hpp"

#include <gtest/gtest.h>

namespace switchyard {

TEST(Nearest, FindsAMistypedWord) {
  EXPECT_EQ(nearest_name("dependancies", {"name", "dependencies", "priority"}), "dependencies");
  EXPECT_EQ(nearest_name("prot", {"host", "port"}), "port");
  EXPECT_EQ(nearest_name("timeout", {"timeout_seconds", "retry_attempts"}), "timeout_seconds");
}

TEST(Nearest, StaysSilentWhenNothingIsNear) {
  EXPECT_EQ(nearest_name("colour", {"name", "priority"}), std::nullopt);
  EXPECT_EQ(nearest_name("x", {"id", "a"}), std::nullopt);
  EXPECT_EQ(nearest_name(std::string(100'000, 'a'), {"aaa"}), std::nullopt);
}

TEST(Nearest, AnotherNumberIsAnotherNameAndNoMistake) {
  EXPECT_EQ(nearest_name("app-2", {"app-1"}), std::nullopt);
  EXPECT_EQ(nearest_name("app-11", {"app-1"}), std::nullopt);
  EXPECT_EQ(nearest_name("apt-2", {"app-1"}), std::nullopt);
  EXPECT_EQ(nearest_name("aap-1", {"web-1", "app-1"}), "app-1");
  EXPECT_EQ(nearest_name("app-l", {"app-1"}), "app-1");
}

TEST(Nearest, AShortWordHasOneMistakeAtMost) {
  EXPECT_EQ(nearest_name("db-1", {"ap-1"}), std::nullopt);
  EXPECT_EQ(nearest_name("dv-1", {"db-1"}), "db-1");
}

}  // namespace switchyard
