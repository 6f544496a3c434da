#include "cli/interrupt.hpp"

#include <gtest/gtest.h>
#include <sys/types.h>
#include <unistd.h>

namespace switchyard::cli {
namespace {

TEST(SignalInterrupt, HoldsBackTheSignalAndRemembersIt) {
  SignalInterrupt interrupt;
  EXPECT_FALSE(interrupt.pressed());
  ASSERT_EQ(::raise(SIGINT), 0);
  EXPECT_TRUE(interrupt.pressed());
  EXPECT_TRUE(interrupt.pressed());
}

TEST(SignalInterrupt, EndsAWaitAtOnce) {
  SignalInterrupt interrupt;
  ASSERT_EQ(::raise(SIGINT), 0);
  EXPECT_TRUE(interrupt.pressed_within(60'000));
}

TEST(SignalInterrupt, LeavesTheSignalAsItWas) {
  sigset_t before{}, after{};
  ASSERT_EQ(pthread_sigmask(SIG_BLOCK, nullptr, &before), 0);
  { const SignalInterrupt interrupt; }
  ASSERT_EQ(pthread_sigmask(SIG_BLOCK, nullptr, &after), 0);
  EXPECT_EQ(sigismember(&before, SIGINT), sigismember(&after, SIGINT));
}

}  // namespace
}  // namespace switchyard::cli
