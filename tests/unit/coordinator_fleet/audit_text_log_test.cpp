#include "coordinator/fleet/audit_text_log.hpp"

#include <gtest/gtest.h>

#include <algorithm>

#include "common/limits.hpp"
#include "coordinator/store/memory_store.hpp"
#include "tests/support/fake_clock.hpp"
#include "tests/support/fake_timers.hpp"

namespace switchyard::fleet {
namespace {

class AuditTextLogTest : public ::testing::Test {
 protected:
  AuditTextLogTest() { store.take_epoch("test"); }
  void record(std::size_t rows) {
    for (std::size_t i = 0; i < rows; ++i) {
      model::AuditEntry entry;
      entry.operation = "test";
      store.commit({store::AppendAudit{entry}});
    }
  }
  void wait(std::int64_t ms = limits::audit_text_ms) {
    const std::int64_t end = clock.boot_ms() + ms;
    while (timers.fire_next(end - clock.boot_ms())) {
    }
  }
  std::size_t lines() const { return static_cast<std::size_t>(std::count(text.begin(), text.end(), '\n')); }

  testing::FakeClock clock;
  testing::FakeTimers timers{clock};
  store::MemoryStore store;
  std::string text;
  bool broken = false;
  std::function<void(bool)> held;
  bool hold = false;
  AuditTextLog log{store, timers, [this](const std::string& more, std::function<void(bool)> done) {
                     if (hold) {
                       held = std::move(done);
                       return;
                     }
                     if (!broken) text += more;
                     done(!broken);
                   }};
};

TEST_F(AuditTextLogTest, WritesWhatIsRecordedFromItsFirstBeginningOn) {
  record(3);
  log.begin(std::nullopt);
  wait();
  EXPECT_EQ(lines(), 0u);
  record(2);
  wait();
  EXPECT_EQ(lines(), 2u);
  EXPECT_EQ(last_row_in(text), 5u);
}

TEST_F(AuditTextLogTest, GoesOnWhereAnEarlierProcessHadStopped) {
  record(7);
  log.begin(4);
  wait();
  EXPECT_EQ(lines(), 3u);
}

TEST_F(AuditTextLogTest, OfAnotherStoresNumberItTakesNoNotice) {
  record(2);
  log.begin(40);
  record(1);
  wait();
  EXPECT_EQ(last_row_in(text), 3u);
  EXPECT_EQ(lines(), 1u);
}

TEST_F(AuditTextLogTest, WhatCannotBeWrittenFollowsLaterOnceEach) {
  log.begin(std::nullopt);
  broken = true;
  record(2);
  wait(5 * limits::audit_text_ms);
  broken = false;
  record(1);
  wait(5 * limits::audit_text_ms);
  EXPECT_EQ(lines(), 3u);
}

TEST_F(AuditTextLogTest, WaitsForNobodyWhileADiskHangs) {
  log.begin(std::nullopt);
  hold = true;
  record(1);
  wait(60 * limits::audit_text_ms);
  hold = false;
  record(1);
  wait(60 * limits::audit_text_ms);
  EXPECT_EQ(lines(), 0u) << "one batch at a time";
  text += "the first line, at last\n";
  held(true);
  wait();
  EXPECT_EQ(lines(), 2u);
}

TEST_F(AuditTextLogTest, TakesABoundedNumberAtATime) {
  log.begin(std::nullopt);
  record(limits::audit_text_rows_max + 1);
  wait();
  EXPECT_EQ(lines(), limits::audit_text_rows_max);
  wait();
  EXPECT_EQ(lines(), limits::audit_text_rows_max + 1);
}

TEST(LastRowIn, IsThatOfTheLastWholeLine) {
  EXPECT_EQ(last_row_in(""), std::nullopt);
  EXPECT_EQ(last_row_in("nonsense\n"), std::nullopt);
  EXPECT_EQ(last_row_in("{\"seq\":\"7\"}\n"), 7u);
  EXPECT_EQ(last_row_in("{\"seq\":\"7\"}\n{\"seq\":\"8"), 7u);
  EXPECT_EQ(last_row_in("{\"seq\":\"x\"}\n"), std::nullopt);
  EXPECT_EQ(last_row_in("{\"seq\":\"99999999999999999999999\"}\n"), std::nullopt);
}

}  // namespace
}  // namespace switchyard::fleet
