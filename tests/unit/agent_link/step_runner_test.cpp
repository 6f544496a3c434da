#include "agent/link/step_runner.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <optional>
#include <thread>

#include "common/error.hpp"
#include "common/event_loop.hpp"
#include "tests/unit/agent_link/names.hpp"

namespace switchyard::agent {
namespace {

class ScriptedExecutor final : public Executor {
 public:
  std::function<protocol::StepResult(const StepContext&)> script = [](const StepContext&) { return done(true, ""); };
  std::atomic<int> calls{0};

  protocol::StepResult run(const protocol::Action&, const StepContext& context) override {
    ++calls;
    return script(context);
  }
};

class Steps : public ::testing::Test {
 protected:
  RunStep order(protocol::Action action, std::uint32_t attempts = 1) {
    RunStep step;
    step.deployment = deployment;
    step.step = StepId(std::string(32, static_cast<char>('a' + ++orders)));
    step.action = std::move(action);
    step.timeout_ms = 10'000;
    step.attempts = attempts;
    return step;
  }
  /// Before anything that a worker may still use is gone.
  void TearDown() override {
    let_go = true;
    runner.stop();
    pool.reset();
  }
  StepFinished result_of(const RunStep& step) {
    runner.run(step);
    loop.run();
    return results.at(0);
  }

  SystemClock clock;
  EventLoop loop;
  ScriptedExecutor executor;
  SecretMask mask;
  Executors executors{ExecutorTable{executor, executor, executor, executor, executor, executor, executor, executor,
                                    executor, executor, executor, executor, executor, executor, executor},
                      clock, mask};
  std::optional<WorkerPool> pool{std::in_place, 1, 1};
  std::vector<StepFinished> results;
  int orders = 0;
  std::atomic<bool> began{false};   ///< a step
  std::atomic<bool> let_go{false};  ///< the step that waits for it
  std::size_t wanted = 1;
  StepRunner runner{loop, *pool, executors, clock, [this](StepFinished finished) {
                      results.push_back(std::move(finished));
                      if (results.size() == wanted) loop.stop();
                    }};
};

TEST_F(Steps, ComeBackOnTheLoopWithTheirResult) {
  const std::thread::id here = std::this_thread::get_id();
  std::thread::id there;
  executor.script = [&](const StepContext& context) {
    there = std::this_thread::get_id();
    EXPECT_GT(context.deadline_boot_ms, clock.boot_ms());
    return done(true, "made it so");
  };
  RunStep step = order(protocol::EnsureLink{});
  step.undo = true;
  const StepFinished finished = result_of(step);
  EXPECT_NE(there, here);
  EXPECT_EQ(finished.step, step.step);
  EXPECT_TRUE(finished.undo);
  EXPECT_EQ(finished.result.detail, "made it so");
  EXPECT_EQ(runner.running(), 0u);
}

/// The process was stopped between the order and the worker that takes it: the dead-man has gone back meanwhile.
TEST_F(Steps, WhoseTimeIsOverBeforeTheyBeginHaveNoEffect) {
  RunStep late = order(protocol::EnsureLink{}, 3);
  late.not_after_boot_ms = clock.boot_ms() - 1;
  EXPECT_EQ(result_of(late).result.code, "timeout");
  EXPECT_EQ(executor.calls, 0);
}

TEST_F(Steps, OfASwapEndBeforeTheDeadMansHourHoweverLongTheyMayTake) {
  RunStep step = order(protocol::EnsureLink{});
  step.not_after_boot_ms = clock.boot_ms() + 5'000;
  executor.script = [&](const StepContext& context) {
    EXPECT_EQ(context.deadline_boot_ms, step.not_after_boot_ms);
    return done(true, "");
  };
  EXPECT_EQ(result_of(step).result.state, protocol::StepState::done);
}

TEST_F(Steps, ThatFailAreTriedAsOftenAsThePlanSays) {
  executor.script = [&](const StepContext&) { return executor.calls < 3 ? failed("busy", "") : done(true, ""); };
  EXPECT_EQ(result_of(order(protocol::EnsureLink{}, 5)).result.state, protocol::StepState::done);
  EXPECT_EQ(executor.calls, 3);
}

TEST_F(Steps, ThatRunACommandAreNeverTriedTwice) {
  executor.script = [](const StepContext&) { return failed("exit", ""); };
  EXPECT_EQ(result_of(order(protocol::Run{}, 5)).result.state, protocol::StepState::failed);
  EXPECT_EQ(executor.calls, 1);
}

TEST_F(Steps, ThatThrowHaveFailed) {
  executor.script = [](const StepContext&) -> protocol::StepResult { throw SysError(ENOSPC, "writing /srv/api"); };
  const StepFinished finished = result_of(order(protocol::EnsureLink{}));
  EXPECT_EQ(finished.result.state, protocol::StepState::failed);
  EXPECT_NE(finished.result.detail.find("writing /srv/api"), std::string::npos);
}

TEST_F(Steps, ThatAreCancelledAreAskedToStopAndStillComeBack) {
  executor.script = [this](const StepContext& context) {
    began = true;
    while (!context.stop.stop_requested()) std::this_thread::yield();
    return failed("stopped", "");
  };
  const RunStep step = order(protocol::EnsureLink{}, 3);
  runner.run(step);
  while (!began) std::this_thread::yield();
  runner.cancel({deployment, step.step});
  loop.run();
  EXPECT_EQ(results.at(0).result.code, "stopped");
  EXPECT_EQ(executor.calls, 1);
}

/// The command runs on in its own unit; the next process finds the intent in the journal, and the unit.
TEST_F(Steps, ThatAreLeftRunningWhenTheProcessEndsHaveNoResult) {
  executor.script = [this](const StepContext& context) {
    began = true;
    while (!context.stop.stop_requested()) std::this_thread::yield();
    protocol::StepResult left;
    left.state = protocol::StepState::unknown;
    left.code = "cancelled";
    return left;
  };
  runner.run(order(protocol::Run{}));
  while (!began) std::this_thread::yield();
  runner.stop();
  const EventLoop::Timer end = loop.after(5'000, [&] { loop.stop(); });
  const std::function<void()> wait = [&] { runner.running() == 0 ? loop.stop() : loop.post(wait); };
  loop.post(wait);
  loop.run();
  EXPECT_EQ(runner.running(), 0u);
  EXPECT_TRUE(results.empty());
}

TEST_F(Steps, ThatFindNoPlaceInTheQueueFailAtOnce) {
  executor.script = [this](const StepContext&) {
    began = true;
    while (!let_go) std::this_thread::yield();
    return done(true, "");
  };
  runner.run(order(protocol::EnsureLink{}));
  while (!began) std::this_thread::yield();
  runner.run(order(protocol::EnsureLink{}));
  runner.run(order(protocol::EnsureLink{}));
  loop.run();
  EXPECT_EQ(results.at(0).result.code, "busy");
}

}  // namespace
}  // namespace switchyard::agent
