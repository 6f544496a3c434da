#include "coordinator/store/audit_check.hpp"

#include <gtest/gtest.h>

#include "common/limits.hpp"
#include "coordinator/store/memory_store.hpp"

namespace switchyard::store {
namespace {

class AuditCheckTest : public ::testing::Test {
 protected:
  void append(std::size_t rows) {
    Transaction writes;
    for (std::size_t i = 0; i < rows; ++i) {
      writes.push_back(AppendAudit{{.principal = "p", .operation = "o", .object = std::to_string(i)}});
    }
    store.commit(writes);
  }
  AuditCheckTest() { store.take_epoch("test"); }

  std::shared_ptr<MemoryDisk> disk = std::make_shared<MemoryDisk>();
  MemoryStore store{disk};
};

TEST_F(AuditCheckTest, ReadsEveryRowOfAWholeChain) {
  for (const std::size_t more : {std::size_t{0}, std::size_t{1}, std::size_t{2}, 2 * limits::audit_page_rows}) {
    append(more);
    const AuditCheck check = check_audit(store);
    EXPECT_EQ(check.broken_row, std::nullopt);
    EXPECT_EQ(check.rows, disk->audit.size());
  }
}

TEST_F(AuditCheckTest, NamesARowThatWasChangedInWhicheverPiece) {
  append(2 * limits::audit_page_rows + 5);
  for (const std::size_t touched : {std::size_t{0}, limits::audit_page_rows, 2 * limits::audit_page_rows + 4}) {
    std::string& reason = disk->audit[touched].entry.reason;
    reason = "said afterwards";
    EXPECT_EQ(check_audit(store).broken_row, touched + 1);
    reason.clear();
  }
}

TEST_F(AuditCheckTest, OfTheNewestRowsFindsWhatIsBrokenAmongThem) {
  append(100);
  disk->audit[10].entry.principal = "q";
  EXPECT_EQ(check_audit(store, 20).broken_row, std::nullopt);
  EXPECT_EQ(check_audit(store, 20).rows, 20u);
  EXPECT_EQ(check_audit(store, 90).broken_row, 11u);
  disk->audit[80].entry.principal = "q";
  EXPECT_EQ(check_audit(store, 20).broken_row, 81u);
}

}  // namespace
}  // namespace switchyard::store
