#include "coordinator/fleet/refusal_book.hpp"

#include <gtest/gtest.h>

#include "common/error.hpp"
#include "common/limits.hpp"
#include "coordinator/store/memory_store.hpp"
#include "tests/support/fake_clock.hpp"

namespace switchyard::fleet {
namespace {

class RefusalBookTest : public ::testing::Test {
 protected:
  RefusalBookTest() { store.take_epoch("test"); }
  void knock(const std::string& origin, std::uint64_t count = 1) {
    book.note({"connection.refuse", "", origin, "unknown key", count});
  }
  std::vector<model::AuditEntry> rows() {
    std::vector<model::AuditEntry> entries;
    for (const store::StoredAudit& row : store.audit(0, 100'000)) entries.push_back(row.entry);
    return entries;
  }

  testing::FakeClock clock;
  store::MemoryStore store{std::make_shared<store::MemoryDisk>()};
  RefusalBook book{store, clock};
};

TEST_F(RefusalBookTest, WritesARowPerSourceWithItsCount) {
  knock("10.0.0.1", 3);
  knock("10.0.0.1");
  knock("10.0.0.2");
  book.write_due();
  ASSERT_EQ(rows().size(), 2u);
  EXPECT_EQ(rows()[0].origin, "10.0.0.1");
  EXPECT_EQ(rows()[0].details.at("count"), "4");
  EXPECT_EQ(rows()[0].reason, "unknown key");
  EXPECT_FALSE(rows()[0].success);
  EXPECT_EQ(rows()[1].details.at("count"), "1");
}

TEST_F(RefusalBookTest, WritesASourceAtMostOnceAMinuteAndLosesNoCount) {
  for (int second = 0; second < 61; ++second) {
    knock("10.0.0.1");
    book.write_due();
    clock.advance(1'000);
  }
  ASSERT_EQ(rows().size(), 2u);
  EXPECT_EQ(rows()[0].details.at("count"), "1");
  EXPECT_EQ(rows()[1].details.at("count"), "60");
}

TEST_F(RefusalBookTest, WritesWhoKnocksForEverOnceAnHourInTheEnd) {
  for (int minute = 0; minute < 24 * 60; ++minute) {
    knock("10.0.0.1");
    book.write_due();
    clock.advance(60'000);
  }
  EXPECT_LT(rows().size(), 32u);
  EXPECT_GE(rows().size(), 24u);
}

TEST_F(RefusalBookTest, IsNotFilledByWhoChangesAddresses) {
  std::uint64_t knocks = 0;
  for (int second = 0; second < 3'600; ++second) {
    for (int i = 0; i < 10; ++i) knock("10.0.0." + std::to_string(knocks++));
    book.write_due();
    clock.advance(1'000);
  }
  EXPECT_EQ(rows().size(), limits::refusal_rows_per_hour_max);
  for (int hour = 0; hour < 10; ++hour) {
    book.write_due();
    clock.advance(3'600'000);
  }
  std::uint64_t counted = 0;
  for (const model::AuditEntry& row : rows()) counted += std::stoull(row.details.at("count"));
  EXPECT_EQ(counted, knocks);
}

// Found by the authorisation matrix: strangers had used up the hour's rows, and what a host with a key did was not
// told.
TEST_F(RefusalBookTest, StrangersHoweverManyDoNotHideWhatAKnownHostDid) {
  for (int stranger = 0; stranger < 1'000; ++stranger) knock("10.0.0." + std::to_string(stranger));
  book.write_due();
  book.note({.operation = "message.refuse", .object = "web-1", .origin = "agent", .why = "said commit", .known = true});
  book.write_due();
  ASSERT_EQ(rows().size(), limits::refusal_rows_per_hour_max + 1);
  EXPECT_EQ(rows().back().operation, "message.refuse");
  EXPECT_EQ(rows().back().object, "web-1");
}

TEST_F(RefusalBookTest, KeepsItsCountsWhileTheStoreCannotBeWritten) {
  knock("10.0.0.1");
  store.fail_commit(1, store::MemoryStore::Fault::lost);
  EXPECT_THROW(book.write_due(), StoreError);
  knock("10.0.0.1");
  book.write_due();
  ASSERT_EQ(rows().size(), 1u);
  EXPECT_EQ(rows()[0].details.at("count"), "2");
}

}  // namespace
}  // namespace switchyard::fleet
