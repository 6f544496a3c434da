#include "coordinator/store/audit_chain.hpp"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

namespace switchyard::store {
namespace {

std::vector<StoredAudit> make_chain(std::size_t length) {
  std::vector<StoredAudit> rows;
  std::string head(empty_audit_head);
  for (std::size_t i = 0; i < length; ++i) {
    model::AuditEntry entry{.wall_ms = static_cast<std::int64_t>(i),
                            .principal = "p",
                            .operation = "deploy.start",
                            .object = std::to_string(i),
                            .details = {{"a", "b"}}};
    head = audit_hash(head, i + 1, entry);
    rows.push_back({.seq = i + 1, .entry = entry, .hash = head});
  }
  return rows;
}

TEST(AuditChain, HoldsForUntouchedRows) {
  EXPECT_EQ(find_audit_break({}), std::nullopt);
  EXPECT_EQ(find_audit_break(make_chain(20)), std::nullopt);
}

RC_GTEST_PROP(AuditChain, NamesTheFirstRowThatWasTouched, ()) {
  auto rows = make_chain(10);
  const auto touched = *rc::gen::inRange<std::size_t>(0, 10);
  model::AuditEntry& entry = rows[touched].entry;
  switch (*rc::gen::inRange(0, 8)) {
    case 0:
      entry.wall_ms += 1;
      break;
    case 1:
      entry.principal += "x";
      break;
    case 2:
      entry.operation = "other";
      break;
    case 3:
      entry.object += " ";
      break;
    case 4:
      entry.reason = "added";
      break;
    case 5:
      entry.origin = "elsewhere";
      break;
    case 6:
      entry.success = !entry.success;
      break;
    default:
      entry.details["a"] = "c";
      break;
  }
  RC_ASSERT(find_audit_break(rows) == touched + 1);
}

RC_GTEST_PROP(AuditChain, FindsARowThatIsMissingInTheMiddle, ()) {
  auto rows = make_chain(10);
  const auto gone = *rc::gen::inRange<std::size_t>(0, 9);
  rows.erase(rows.begin() + static_cast<std::ptrdiff_t>(gone));
  RC_ASSERT(find_audit_break(rows) == gone + 1);
}

TEST(AuditChain, FindsTwoRowsThatChangedPlaces) {
  auto rows = make_chain(4);
  std::swap(rows[1], rows[2]);
  EXPECT_EQ(find_audit_break(rows), 2u);
}

TEST(AuditChain, TellsApartTextsThatJoinToTheSameBytes) {
  EXPECT_NE(audit_hash("", 1, {.principal = "ab", .operation = "c"}),
            audit_hash("", 1, {.principal = "a", .operation = "bc"}));
}

}  // namespace
}  // namespace switchyard::store
