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

}  // namespace switchyard
