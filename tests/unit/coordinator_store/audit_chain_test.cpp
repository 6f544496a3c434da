#include "coordinator/store/audit_chain.hpp"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <random>

#include "coordinator/store/audit_line.hpp"
#include "coordinator/store/state_store.hpp"

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

/// Whoever can write into the store changes one row, in any of the ways there are, ten thousand times.
TEST(AuditChain, FindsAndNamesEachOfTenThousandTampersWithASingleRow) {
  const auto whole = make_chain(60);
  std::mt19937_64 dice(20'261'121);
  const auto roll = [&](std::size_t sides) { return static_cast<std::size_t>(dice() % sides); };
  for (int tamper = 0; tamper < 10'000; ++tamper) {
    auto rows = whole;
    const std::size_t i = roll(rows.size());
    std::uint64_t named = i + 1;
    StoredAudit& row = rows[i];
    switch (roll(13)) {
      case 0:
        row.entry.wall_ms += 1 + static_cast<std::int64_t>(roll(1'000'000));
        break;
      case 1:
        row.entry.principal = "token:somebody-" + std::to_string(roll(100));
        break;
      case 2:
        row.entry.operation += static_cast<char>('a' + roll(26));
        break;
      case 3:
        row.entry.object.clear();
        break;
      case 4:
        row.entry.reason += " ";
        break;
      case 5:
        row.entry.origin = "elsewhere";
        break;
      case 6:
        row.entry.success = !row.entry.success;
        break;
      case 7:
        row.entry.details["a"] += "b";
        break;
      case 8:
        row.entry.details.clear();
        break;
      case 9: {
        char& digit = row.hash[roll(row.hash.size())];
        digit = digit == '0' ? '1' : '0';
        break;
      }
      case 10:  // taken out
        rows.erase(rows.begin() + static_cast<std::ptrdiff_t>(i));
        break;
      case 11:  // there twice
        rows.insert(rows.begin() + static_cast<std::ptrdiff_t>(i), row);
        ++named;
        break;
      default:  // changed, and its own hash made anew: the next row gives it away
        row.entry.reason += "!";
        row.hash = audit_hash(i == 0 ? empty_audit_head : std::string_view(rows[i - 1].hash), row.seq, row.entry);
        ++named;
        break;
    }
    const auto broken = find_audit_break(rows);
    if (broken == named) continue;
    // At the very end nothing follows that would give it away: but the head that hosts remember is gone.
    const auto is_told = [&](const StoredAudit& other) { return other.hash == whole.back().hash; };
    ASSERT_TRUE(i + 1 == whole.size() && !broken && std::none_of(rows.begin(), rows.end(), is_told))
        << "tamper " << tamper;
  }
}

TEST(AuditChain, IsCheckedPageByPageAsWell) {
  model::AuditCheck check;
  const auto rows = make_chain(5);
  for (const StoredAudit& row : rows) EXPECT_TRUE(check.take(row));
  EXPECT_EQ(check.rows(), 5u);
  EXPECT_EQ(check.head(), rows.back().hash);
  EXPECT_FALSE(check.take(rows.front()));
  EXPECT_FALSE(check.take(make_chain(6).back())) << "once broken it stays broken";
  EXPECT_EQ(check.broken_at(), 6u);
}

TEST(AuditLine, HasTheMembersAndTheUserThatAreDocumented) {
  StoredAudit row{17,
                  {.wall_ms = 1'736'937'000'000,
                   .principal = "token:build",
                   .operation = "deployment.start",
                   .object = "d-1",
                   .reason = "line\nbreak \xff",
                   .origin = "127.0.0.1:5",
                   .success = true,
                   .details = {{"environment", "production"}, {"token_hash", "0123456789ab"}, {"seq", "forged"}}},
                  "ff"};
  EXPECT_EQ(audit_line(row),
            R"({"timestamp":"2025-01-15T10:30:00Z","operation":"deployment.start","user":"token-hash-0123456789ab",)"
            R"("environment":"production","success":true,"details":{"environment":"production","hash":"ff",)"
            R"("object":"d-1","origin":"127.0.0.1:5","principal":"token:build","reason":"line\nbreak \ufffd",)"
            R"("seq":"17","token_hash":"0123456789ab"}})");
  row.entry.details.clear();
  EXPECT_NE(audit_line(row).find(R"("user":"token:build","environment":null)"), std::string::npos);
}

TEST(AuditChain, TellsApartTextsThatJoinToTheSameBytes) {
  EXPECT_NE(audit_hash("", 1, {.principal = "ab", .operation = "c"}),
            audit_hash("", 1, {.principal = "a", .operation = "bc"}));
}

}  // namespace
}  // namespace switchyard::store
