#include "agent/link/dead_man.hpp"

#include <gtest/gtest.h>
#include <signal.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <future>
#include <thread>

#include "tests/unit/agent_link/journal_host.hpp"

namespace switchyard::agent {
namespace {

using protocol::AgentState;

/// The dead-man on a real journal, in real time, with scripted steps.
class DeadMan : public ::testing::Test {
 protected:
  void live(const std::string& boot_id = "boot-1", const std::optional<Resolved>& resolve = std::nullopt,
            Role role = Role::dead_man) {
    AgentIdentity identity;
    identity.host = host.self;
    identity.plan_public_key = host.keys.public_key;
    be_dead_man(host.state(), identity, {host.executors, clock, boot_id, 10, role}, resolve);
  }
  bool has_undone() const {
    const std::vector<std::string> asked = host.executor.asked();
    return !asked.empty() &&
           std::all_of(asked.begin(), asked.end(), [](const std::string& step) { return step.starts_with("undo "); });
  }

  SystemClock clock;
  testing::JournalHost host{clock};
};

TEST_F(DeadMan, LeavesAtOnceWhenNothingIsProvisional) {
  live();
  EXPECT_TRUE(host.executor.asked().empty());
}

TEST_F(DeadMan, RevertsWhatNobodyConfirmedInTime) {
  host.write_swapped("boot-1", -1);
  live();
  EXPECT_TRUE(has_undone());
  EXPECT_EQ(host.told(), AgentState::reverted);
}

TEST_F(DeadMan, WaitsForTheDeadline) {
  const std::int64_t deadline = clock.boot_ms() + 300;
  host.write_swapped("boot-1", 300);
  std::atomic<std::int64_t> first{0};
  host.executor.script = [&](const StepContext&) {
    if (first == 0) first = clock.boot_ms();
    return done(true, "");
  };
  live();
  EXPECT_GE(first, deadline - 5);
  EXPECT_EQ(host.told(), AgentState::reverted);
}

TEST_F(DeadMan, LeavesAloneWhatWasHeldBeforeTheDeadline) {
  host.write_swapped("boot-1", 300);
  std::jthread agent([this] {
    std::this_thread::sleep_for(std::chrono::milliseconds(100));
    host.append(RecordKind::held);
  });
  live();
  EXPECT_TRUE(host.executor.asked().empty());
  EXPECT_EQ(host.told(), AgentState::held);
}

TEST_F(DeadMan, WaitsOnWhenTheDeadlineWasExtended) {
  host.write_swapped("boot-1", 200);
  std::jthread agent([this] {
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
    JournalFile journal(host.state());
    std::vector<JournalRecord> extended{JournalRecord{}};
    extended[0].kind = RecordKind::extended;
    extended[0].deployment = host.id();
    extended[0].boot_id = "boot-1";
    extended[0].deadline_boot_ms = clock.boot_ms() + 400;
    JournalFile::Turn(journal).append(extended);
  });
  const std::int64_t began = clock.boot_ms();
  live();
  EXPECT_GE(clock.boot_ms() - began, 400);
  EXPECT_EQ(host.told(), AgentState::reverted);
}

TEST_F(DeadMan, RevertsAtOnceWhatAnotherBootLeftProvisional) {
  host.write_swapped("boot-1", 3'600'000);
  live("boot-2");
  EXPECT_TRUE(has_undone());
  EXPECT_EQ(host.told(), AgentState::reverted);
}

TEST_F(DeadMan, LeavesWhatIsHeldToTheAgentAfterAReboot) {
  host.write_swapped("boot-1", 3'600'000);
  host.append(RecordKind::held);
  live("boot-2");
  EXPECT_TRUE(host.executor.asked().empty());
  EXPECT_EQ(host.told(), AgentState::held);
}

TEST_F(DeadMan, BringsWhatIsHeldBackBeforeTheAgentOfABootedHostBeginsAndRevertsNothing) {
  host.write_swapped("boot-1", 3'600'000);
  host.append(RecordKind::held);
  live("boot-2", std::nullopt, Role::resume);
  const std::vector<std::string> asked = host.executor.asked();
  EXPECT_FALSE(asked.empty());
  EXPECT_TRUE(std::none_of(asked.begin(), asked.end(), [](const auto& step) { return step.starts_with("undo "); }));
  EXPECT_EQ(host.told(), AgentState::held);
}

TEST_F(DeadMan, CarriesOutWhatRootDecidedAboutAHeldDeployment) {
  host.write_swapped("boot-1", 3'600'000);
  host.append(RecordKind::held);
  live("boot-1", Resolved{host.id(), false, "the coordinator is gone"});
  EXPECT_TRUE(has_undone());
  EXPECT_EQ(host.told(), AgentState::reverted);
}

TEST_F(DeadMan, DoesNotTakeBackAVoteByItself) {
  host.write_swapped("boot-1", -1);
  host.append(RecordKind::held);
  live();
  EXPECT_TRUE(host.executor.asked().empty());
  EXPECT_EQ(host.told(), AgentState::held);
}

TEST_F(DeadMan, LeavesTheRestToItsSuccessorWhenItIsEndedInAStep) {
  host.write_swapped("boot-1", -1);
  std::atomic<bool> began{false};
  host.executor.script = [&](const StepContext& context) {
    began = true;
    while (!context.stop.stop_requested()) std::this_thread::yield();
    return failed("stopped", "");
  };
  std::jthread systemd([&] {
    while (!began) std::this_thread::yield();
    ::kill(::getpid(), SIGTERM);
  });
  live();
  EXPECT_EQ(host.told(), AgentState::reverting);
  EXPECT_EQ(host.count(RecordKind::stuck), 0u);
}

}  // namespace
}  // namespace switchyard::agent
