#include "agent/link/core_shell.hpp"

#include <gtest/gtest.h>

#include <utility>  // before Asio: its 1.74 headers use std::exchange without it

#include <algorithm>
#include <atomic>
#include <boost/asio/io_context.hpp>
#include <cerrno>
#include <chrono>
#include <cstdlib>
#include <map>
#include <optional>

#include "agent/link/provisional.hpp"
#include "common/error.hpp"
#include "common/event_loop.hpp"
#include "common/limits.hpp"
#include "tests/support/failing_sync.hpp"
#include "tests/support/fake_clock.hpp"
#include "tests/unit/agent_link/journal_host.hpp"

namespace switchyard::agent {
namespace {

/// The journal's real disk, until it is full: then its file cannot grow any more.
class FillingDisk final : public JournalDisk {
 public:
  FillingDisk(const std::filesystem::path& directory, const bool& full) : real_(directory), full_(full) {}
  std::unique_ptr<Lock> lock() override { return real_.lock(); }
  std::optional<std::uint64_t> present() override { return real_.present(); }
  bool open() override { return real_.open(); }
  std::uint64_t opened() const override { return real_.opened(); }
  std::uint64_t size() const override { return real_.size(); }
  std::string read(std::uint64_t at, std::size_t length) const override { return real_.read(at, length); }
  void write(std::uint64_t at, std::string_view bytes) override { real_.write(at, bytes); }
  void sync() override { real_.sync(); }
  int allocate(std::uint64_t size) override { return full_ ? ENOSPC : real_.allocate(size); }
  void replace(std::string_view bytes) override {
    if (full_) throw SysError(ENOSPC, "writing");
    real_.replace(bytes);
  }
  void sync_name() override { real_.sync_name(); }
  std::string name() const override { return real_.name(); }

 private:
  PosixJournalDisk real_;
  const bool& full_;
};

/// The agent's shell over a real journal and real workers; its clock stands still.
class Shell : public ::testing::Test {
 protected:
  Shell() { begin(journal); }
  ~Shell() override { pool.reset(); }

  void begin(JournalFile& over) {
    CoreShell::Hands hands;
    hands.arm_dead_man = [this] {
      ++armed;
      if (dead_man_is_broken) throw TransportError("no bus");
    };
    hands.send = [this](protocol::Message message) {
      if (on_send) on_send(message);
      sent.push_back(std::move(message));
    };
    hands.redial = [this] { ++redials; };
    hands.start_watch = [this](const StartWatch&) { ++watches; };
    hands.stop_watch = [this](const StopWatch&) { --watches; };
    shell.emplace(host.identity(), Role::agent, over, loop, clock, steps, std::move(hands));
    shell->handle(Began{"boot-1"});
  }
  void ask(protocol::Message message) { shell->handle(MessageArrived{1, std::move(message)}); }
  template <class M>
  std::optional<M> find() const {
    for (const protocol::Message& message : sent) {
      if (const auto* found = std::get_if<M>(&message)) return *found;
    }
    return std::nullopt;
  }
  /// Five seconds at most.
  bool run_until(const std::function<bool()>& reached) {
    const SystemClock real;
    const std::int64_t end = real.boot_ms() + 5'000;
    while (!reached() && real.boot_ms() < end) loop.context().run_one_for(std::chrono::milliseconds(5));
    return reached();
  }
  void prepare() {
    ask(protocol::Plan{host.signed_plan()});
    ask(protocol::Prepare{host.id(), "app"});
    ASSERT_TRUE(run_until([&] { return find<protocol::Staged>().has_value(); }));
  }
  void swap() {
    prepare();
    ask(protocol::Swap{host.id(), "app", 1});
    ASSERT_TRUE(run_until([&] { return find<protocol::Swapped>().has_value(); }));
  }
  void hold() {
    swap();
    shell->handle(SessionBegan{2});
    ask(protocol::Hold{host.id()});
    ASSERT_TRUE(find<protocol::Held>().has_value());
  }
  /// Asked this while nothing can be synced. Ends the workers: a death test forks, with no other thread at work.
  void expect_to_end_unsaid(const protocol::Message& message) {
    pool.reset();
    on_send = [](const protocol::Message&) { std::_Exit(2); };
    EXPECT_EXIT(failing_sync::run(failing_sync::is_any, [&] { ask(message); }), failing_sync::ended_itself,
                failing_sync::said_why);
  }
  /// The other process: it reads the journal, and writes these steps' end.
  std::vector<JournalRecord> revert_elsewhere() {
    JournalFile other(host.state());
    AgentCore core(host.identity(), Role::dead_man, other.records());
    testing::JournalHost::play(other, core, Began{"boot-1"}, clock.boot_ms() + 3'600'000);
    return JournalFile(host.state()).records();
  }
  void grow_journal() {
    JournalRecord padding;
    padding.kind = RecordKind::fence;
    padding.component = "other";
    std::vector<JournalRecord> records(200, padding);
    while (journal.size() < limits::journal_compact_bytes) JournalFile::Turn(journal).append(records);
  }

  switchyard::testing::FakeClock clock;
  testing::JournalHost host{clock};
  EventLoop loop;
  JournalFile journal{host.state()};
  std::optional<CoreShell> shell;
  std::vector<protocol::Message> sent;
  std::function<void(const protocol::Message&)> on_send;
  int armed = 0;
  int redials = 0;
  int watches = 0;
  bool dead_man_is_broken = false;
  std::optional<WorkerPool> pool{std::in_place, 1u, 100u};
  StepRunner steps{loop, *pool, host.executors, clock, [this](const StepFinished& done) { shell->handle(done); }};
};

TEST_F(Shell, WritesAStepsIntentBeforeTheStepBegins) {
  std::atomic<int> unannounced{0};
  host.executor.script = [&](const StepContext& context) {
    const JournalFile journal_then(host.state());
    const bool there = std::any_of(
        journal_then.records().begin(), journal_then.records().end(),
        [&](const JournalRecord& record) { return record.kind == RecordKind::intent && record.step == context.step; });
    unannounced += there ? 0 : 1;
    return done(true, "");
  };
  swap();
  EXPECT_GT(host.executor.asked().size(), 3u);
  EXPECT_EQ(unannounced, 0);
}

TEST_F(Shell, WritesAPromiseBeforeItIsSaid) {
  std::map<std::string, std::size_t> on_disk;
  on_send = [&](const protocol::Message& message) {
    if (std::holds_alternative<protocol::PlanAck>(message)) on_disk["plan"] = host.count(RecordKind::plan);
    if (std::holds_alternative<protocol::Staged>(message)) on_disk["staged"] = host.count(RecordKind::staged);
    if (std::holds_alternative<protocol::Swapped>(message)) on_disk["swapped"] = host.count(RecordKind::swapped);
    if (std::holds_alternative<protocol::Held>(message)) on_disk["held"] = host.count(RecordKind::held);
  };
  hold();
  EXPECT_EQ(on_disk, (std::map<std::string, std::size_t>{{"plan", 1}, {"staged", 1}, {"swapped", 1}, {"held", 1}}));
}

TEST_F(Shell, EndsTheProcessBeforeItAcknowledgesAPlanThatItsDiskCannotSync) {
  expect_to_end_unsaid(protocol::Plan{host.signed_plan()});
}

TEST_F(Shell, EndsTheProcessBeforeItSaysHeldWhenItsDiskCannotSync) {
  swap();
  shell->handle(SessionBegan{2});
  expect_to_end_unsaid(protocol::Hold{host.id()});
}

TEST_F(Shell, ArmsTheDeadManBeforeAnyStepOfASwap) {
  prepare();
  EXPECT_EQ(armed, 0);
  std::atomic<int> armed_at_first{-1};
  host.executor.script = [&](const StepContext&) {
    if (armed_at_first < 0) armed_at_first = armed;
    return done(true, "");
  };
  ask(protocol::Swap{host.id(), "app", 1});
  ASSERT_TRUE(run_until([&] { return find<protocol::Swapped>().has_value(); }));
  EXPECT_EQ(armed_at_first, 1);
  EXPECT_EQ(redials, 1);
  EXPECT_EQ(watches, 1);
}

TEST_F(Shell, TakesNoStepOfASwapWithoutADeadMan) {
  prepare();
  const std::size_t before = host.executor.asked().size();
  dead_man_is_broken = true;
  ask(protocol::Swap{host.id(), "app", 1});
  ASSERT_TRUE(run_until([&] { return find<protocol::Failed>().has_value(); }));
  EXPECT_EQ(find<protocol::Failed>()->code, "no_dead_man");
  EXPECT_EQ(host.executor.asked().size(), before);
}

/// What is under way goes on to its end, and back, on a full disk; for that some of the journal is kept.
TEST_F(Shell, TakesNoNewPlanIntoTheRoomThatIsKeptForReverts) {
  constexpr std::uint64_t bytes_reserved = 64 * 1024;
  std::filesystem::create_directory(host.state() / "small");
  bool full = false;
  JournalFile small(std::make_unique<FillingDisk>(host.state() / "small", full), bytes_reserved);
  begin(small);
  full = true;
  JournalRecord padding;
  padding.kind = RecordKind::fence;
  padding.component = "other";
  std::vector<JournalRecord> one{padding};
  while (small.has_room()) JournalFile::Turn(small).append(one);
  ask(protocol::Plan{host.signed_plan()});
  EXPECT_FALSE(find<protocol::PlanAck>().has_value());
  ASSERT_TRUE(find<protocol::Failed>().has_value());
  EXPECT_EQ(find<protocol::Failed>()->code, "disk_full");
  full = false;
  ask(protocol::Plan{host.signed_plan()});
  EXPECT_TRUE(find<protocol::PlanAck>().has_value());
}

/// Whichever of HELD and "revert" is written first, wins.
TEST_F(Shell, SeesWhatTheDeadManWroteBeforeItActsOnAnEvent) {
  swap();
  const std::vector<JournalRecord> after = revert_elsewhere();
  ASSERT_EQ(after.back().kind, RecordKind::reverted);
  shell->handle(SessionBegan{2});
  ask(protocol::Hold{host.id()});
  EXPECT_FALSE(find<protocol::Held>().has_value());
  EXPECT_EQ(host.count(RecordKind::held), 0u);
  EXPECT_EQ(shell->core().reports(clock.boot_ms()).back().state, protocol::AgentState::reverted);
}

/// A plan that took what is provisional for what serves would leave it alone, and then it is taken back.
TEST_F(Shell, SaysOfWhatIsNotDecidedThatNoPlanMayRestOnIt) {
  const auto fact_of = [this](const std::string& component, const std::string& problem) {
    protocol::InventoryReply reply;
    protocol::ComponentFact fact;
    fact.component = component;
    fact.problem = problem;
    reply.components.push_back(fact);
    mark_provisional(provisional_components(shell->core(), clock.boot_ms()), reply);
    return reply.components.at(0).problem;
  };
  EXPECT_EQ(fact_of("app", ""), "");
  swap();
  EXPECT_NE(fact_of("app", "").find(host.id().str() + " is swapped there"), std::string::npos);
  EXPECT_EQ(fact_of("app", "no systemd"), "no systemd");
  EXPECT_EQ(fact_of("other", ""), "");
  shell->handle(SessionBegan{2});
  ask(protocol::Hold{host.id()});
  EXPECT_NE(fact_of("app", "").find("is held there"), std::string::npos);
  ask(protocol::Commit{host.id()});
  ASSERT_TRUE(run_until([&] { return find<protocol::Committed>().has_value(); }));
  EXPECT_EQ(fact_of("app", ""), "");
}

TEST_F(Shell, ActsWhenATimerFires) {
  hold();
  ask(protocol::Commit{host.id()});
  ASSERT_TRUE(run_until([&] { return find<protocol::Committed>().has_value(); }));
  EXPECT_EQ(watches, 0);
  // The old slot is kept for a moment, and then retired.
  ASSERT_TRUE(run_until([&] { return host.count(RecordKind::retired) > 0; }));
  EXPECT_EQ(host.told(), protocol::AgentState::committed);
}

TEST_F(Shell, CompactsAJournalThatHasGrownAndTellsTheSameAsBefore) {
  hold();
  grow_journal();
  const auto told = shell->core().reports(clock.boot_ms());
  const std::uint64_t before = journal.size();
  shell->compact_if_large();
  EXPECT_LT(journal.size(), before / 4);
  const JournalFile again(host.state());
  EXPECT_EQ(AgentCore(host.identity(), Role::agent, again.records()).reports(clock.boot_ms()), told);
}

TEST_F(Shell, WritesAJournalThatStaysLargeAnewOnlyWhenItHasDoubled) {
  hold();
  shell->compact_if_large(1);
  const std::uint64_t kept = journal.size();
  JournalRecord padding;
  padding.kind = RecordKind::fence;
  padding.component = "other";
  std::vector<JournalRecord> one{padding};
  JournalFile::Turn(journal).append(one);
  const std::uint64_t grown = journal.size();
  shell->compact_if_large(1);
  EXPECT_EQ(journal.size(), grown);
  while (journal.size() < 2 * kept) JournalFile::Turn(journal).append(one);
  shell->compact_if_large(1);
  EXPECT_LT(journal.size(), 2 * kept);
}

TEST_F(Shell, CompactsNothingWhileSomethingIsProvisional) {
  swap();
  grow_journal();
  const std::uint64_t before = journal.size();
  shell->compact_if_large();
  EXPECT_EQ(journal.size(), before);
}

TEST_F(Shell, LosesNothingInACompactionOfWhatTheOtherProcessWrote) {
  hold();
  grow_journal();
  // Root has resolved it meanwhile.
  {
    JournalFile other(host.state());
    AgentCore core(host.identity(), Role::dead_man, other.records());
    testing::JournalHost::play(other, core, Began{"boot-1"}, clock.boot_ms());
    testing::JournalHost::play(other, core, Resolved{host.id(), false, "test"}, clock.boot_ms());
  }
  shell->compact_if_large();
  EXPECT_EQ(shell->core().reports(clock.boot_ms()).back().state, protocol::AgentState::reverted);
  EXPECT_EQ(host.told(), protocol::AgentState::reverted);
}

}  // namespace
}  // namespace switchyard::agent
