#include "coordinator/api/wrong_token_book.hpp"

#include <gtest/gtest.h>

#include <algorithm>

#include "common/limits.hpp"
#include "tests/support/fake_clock.hpp"

namespace switchyard::api {
namespace {

const std::string source = "127.0.0.1";

class WrongTokenBookTest : public ::testing::Test {
 protected:
  void note(unsigned times, const std::string& from = source) {
    for (unsigned i = 0; i < times; ++i) book.note(from, "token " + std::to_string(++made));
  }

  testing::FakeClock clock;
  WrongTokenBook book{clock};
  unsigned made = 0;
};

TEST_F(WrongTokenBookTest, AFewMistakesCostNothing) {
  note(limits::wrong_tokens_free - 1);
  EXPECT_EQ(book.source_wait_ms(source), 0);
  note(1);
  EXPECT_EQ(book.source_wait_ms(source), limits::wrong_token_pause_ms_min);
  EXPECT_EQ(book.source_wait_ms("127.0.0.2"), 0);
}

TEST_F(WrongTokenBookTest, EveryTryAfterThePauseDoublesItUpToTheLongest) {
  note(limits::wrong_tokens_free);
  std::int64_t pause_ms = limits::wrong_token_pause_ms_min;
  for (int i = 0; i < 20; ++i) {
    ASSERT_EQ(book.source_wait_ms(source), pause_ms);
    clock.advance(pause_ms - 1);
    ASSERT_EQ(book.source_wait_ms(source), 1);
    clock.advance(1);
    ASSERT_EQ(book.source_wait_ms(source), 0) << "he is let try";
    note(1);
    pause_ms = std::min(2 * pause_ms, limits::wrong_token_pause_ms_max);
  }
  EXPECT_EQ(pause_ms, limits::wrong_token_pause_ms_max);
}

TEST_F(WrongTokenBookTest, TriesDuringThePauseDoNotLengthenIt) {
  note(limits::wrong_tokens_free);
  note(1'000);
  EXPECT_EQ(book.source_wait_ms(source), limits::wrong_token_pause_ms_min);
}

TEST_F(WrongTokenBookTest, OneWrongTokenWaitsWhereverItComesFrom) {
  for (unsigned i = 0; i < limits::wrong_token_repeats_free; ++i) {
    ASSERT_EQ(book.token_wait_ms("expired"), 0);
    book.note("source " + std::to_string(i), "expired");
  }
  EXPECT_EQ(book.token_wait_ms("expired"), limits::wrong_token_pause_ms_min);
  EXPECT_EQ(book.token_wait_ms("another"), 0);
  EXPECT_EQ(book.source_wait_ms("source 0"), 0);
}

TEST_F(WrongTokenBookTest, AGuessCountsForItsSourceAlone) {
  for (unsigned i = 0; i < limits::wrong_tokens_free; ++i) book.note_guess(source);
  EXPECT_EQ(book.source_wait_ms(source), limits::wrong_token_pause_ms_min);
  EXPECT_EQ(book.remembered(), 1u);
}

TEST_F(WrongTokenBookTest, WhoStopsIsForgotten) {
  note(limits::wrong_tokens_free + 5);
  clock.advance(limits::wrong_token_memory_ms);
  note(1, "127.0.0.2");
  EXPECT_EQ(book.remembered(), 2U) << "the new source and its token";
  note(limits::wrong_tokens_free - 1);
  EXPECT_EQ(book.source_wait_ms(source), 0) << "it begins anew";
}

TEST_F(WrongTokenBookTest, AFloodFillsNoMemoryAndItsSourcesWaitAllTheSame) {
  for (unsigned i = 0; i < 20'000; ++i) note(1, "address " + std::to_string(i));
  EXPECT_LE(book.remembered(), limits::wrong_token_sources_max + 1 + limits::wrong_tokens_max);
  EXPECT_GT(book.source_wait_ms("address 1000000"), 0) << "all that found no room wait together";
  EXPECT_EQ(book.source_wait_ms("address 0"), 0) << "it came once";
}

}  // namespace
}  // namespace switchyard::api
