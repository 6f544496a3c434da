#include "agent/link/dead_man.hpp"

#include <gtest/gtest.h>
#include <signal.h>

#include <algorithm>
#include <atomic>
#include <thread>

#include "tests/support/fake_clock.hpp"
#include "tests/unit/agent_link/journal_host.hpp"

namespace switchyard::agent {
namespace {

using protocol::AgentState;

/// The dead-man on a real journal and the real loop, with scripted steps, and with a clock that the test moves: it
/// waits as long as the test wants, however slow the machine is.
class DeadMan : public ::testing::Test {
 protected:
  void live(const std::string& boot_id = "boot-1", const std::optional<Resolved>& resolve = std::nullopt,
            Role role = Role::dead_man) {
    AgentIdentity identity;
    identity.host = host.self;
    identity.plan_public_key = host.keys.public_key;
    std::jthread meanwhile;
    const auto journal_read = [&](const std::vector<JournalRecord>&) {
      if (once_it_waits) meanwhile = std::jthread(once_it_waits);
    };
    be_dead_man(host.state(), identity, {host.executors, clock, boot_id, 0, role, journal_read}, resolve);
  }
  bool has_undone() const {
    const std::vector<std::string> asked = host.executor.asked();
    return !asked.empty() &&
           std::all_of(asked.begin(), asked.end(), [](const std::string& step) { return step.starts_with("undo "); });
  }

  switchyard::testing::FakeClock clock;
  testing::JournalHost host{clock};
  /// What others do, on a thread of its own, after the dead-man has read the journal for the first time.
  std::function<void()> once_it_waits;
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
  const std::int64_t deadline = clock.boot_ms() + 5;
  host.write_swapped("boot-1", 5);
  std::atomic<std::int64_t> first{0};
  host.executor.script = [&](const StepContext&) {
    if (first == 0) first = clock.boot_ms();
    return done(true, "");
  };
  once_it_waits = [this] {
    for (int ms = 0; ms < 5; ++ms) clock.advance(1);
  };
  live();
  EXPECT_EQ(first, deadline);
  EXPECT_EQ(host.told(), AgentState::reverted);
}

TEST_F(DeadMan, LeavesAloneWhatWasHeldBeforeTheDeadline) {
  host.write_swapped("boot-1", 5);
  once_it_waits = [this] {
    host.append(RecordKind::held);
    clock.advance(5);
  };
  live();
  EXPECT_TRUE(host.executor.asked().empty());
  EXPECT_EQ(host.told(), AgentState::held);
}

TEST_F(DeadMan, WaitsOnWhenTheDeadlineWasExtended) {
  host.write_swapped("boot-1", 5);
  const std::int64_t extended_to = clock.boot_ms() + 20;
  std::atomic<std::int64_t> first{0};
  host.executor.script = [&](const StepContext&) {
    if (first == 0) first = clock.boot_ms();
    return done(true, "");
  };
  once_it_waits = [&, this] {
    JournalFile journal(host.state());
    std::vector<JournalRecord> extended{JournalRecord{}};
    extended[0].kind = RecordKind::extended;
    extended[0].deployment = host.id();
    extended[0].boot_id = "boot-1";
    extended[0].deadline_boot_ms = extended_to;
    JournalFile::Turn(journal).append(extended);
    for (int ms = 0; ms < 20; ++ms) clock.advance(1);
  };
  live();
  EXPECT_EQ(first, extended_to);
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
