#include "coordinator/access/freeze_window.hpp"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

namespace switchyard::access {
namespace {

std::int64_t at(const char* text) { return parse_utc(text).value(); }

FreezeWindow weekend() {
  FreezeWindow window;
  window.cron = parse_cron("0 16 * * fri");
  window.length_ms = 62 * 60 * minute_ms;
  window.text = "weekend";
  return window;
}
FreezeWindow span(const char* from, const char* to) {
  FreezeWindow window;
  window.from_wall_ms = at(from);
  window.to_wall_ms = at(to);
  window.text = "span";
  window.reason = "holidays";
  return window;
}

TEST(FreezeWindow, HoldsFromItsFirstMomentToBeforeItsLast) {
  const std::vector<FreezeWindow> windows = {span("2026-12-23T16:00Z", "2027-01-04T06:00Z")};
  EXPECT_FALSE(find_freeze(windows, at("2026-12-23T16:00Z") - 1).has_value());
  EXPECT_TRUE(find_freeze(windows, at("2026-12-23T16:00Z")).has_value());
  EXPECT_TRUE(find_freeze(windows, at("2027-01-04T06:00Z") - 1).has_value());
  EXPECT_FALSE(find_freeze(windows, at("2027-01-04T06:00Z")).has_value());
}

TEST(FreezeWindow, ComesAgainEveryWeek) {
  // 20 November 2026 is a Friday.
  EXPECT_FALSE(find_freeze({weekend()}, at("2026-11-20T15:59:59Z")).has_value());
  for (const char* inside : {"2026-11-20T16:00Z", "2026-11-21T12:00Z", "2026-11-23T05:59Z", "2026-11-27T16:00Z"}) {
    EXPECT_TRUE(find_freeze({weekend()}, at(inside)).has_value()) << inside;
  }
  EXPECT_FALSE(find_freeze({weekend()}, at("2026-11-23T06:00Z")).has_value());
  EXPECT_EQ(find_freeze({weekend()}, at("2026-11-21T12:00Z"))->until_wall_ms, at("2026-11-23T06:00Z"));
}

TEST(FreezeWindow, OfTwoThatAreOnTheOneThatEndsLastIsNamed) {
  const auto freeze = find_freeze({weekend(), span("2026-11-21T00:00Z", "2026-11-25T00:00Z")}, at("2026-11-21T12:00Z"));
  ASSERT_TRUE(freeze.has_value());
  EXPECT_EQ(freeze_text(*freeze), "the freeze window span (holidays), which ends 2026-11-25T00:00Z");
}

TEST(CronTime, ReadsWhatACrontabHas) {
  const CronTime often = parse_cron("*/15 8-17 1,15 jan-mar *").value();
  EXPECT_TRUE(often.matches(at("2026-02-15T08:45Z")));
  EXPECT_FALSE(often.matches(at("2026-02-15T08:46Z")));
  EXPECT_FALSE(often.matches(at("2026-04-15T08:45Z")));
  EXPECT_FALSE(often.matches(at("2026-02-14T08:45Z")));
  EXPECT_EQ(parse_cron("0 0 * * 7"), parse_cron("0 0 * * sun"));
  EXPECT_EQ(parse_cron("0 0 * JAN FRI"), parse_cron("0 0 * jan fri"));
  const CronTime either = parse_cron("0 0 13 * fri").value();
  EXPECT_TRUE(either.matches(at("2026-11-20T00:00Z"))) << "a Friday";
  EXPECT_TRUE(either.matches(at("2026-12-13T00:00Z"))) << "a 13th";
  EXPECT_FALSE(either.matches(at("2026-12-14T00:00Z")));
}

TEST(CronTime, KnowsADayThatNeverComes) {
  EXPECT_FALSE(parse_cron("0 0 30 feb *")->has_a_day());
  EXPECT_FALSE(parse_cron("0 0 31 apr,jun *")->has_a_day());
  EXPECT_TRUE(parse_cron("0 0 29 feb *")->has_a_day());
  EXPECT_TRUE(parse_cron("0 0 30 feb mon")->has_a_day());
}

TEST(CronTime, RefusesWhatIsNone) {
  for (const char* wrong :
       {"", "* * * *", "60 * * * *", "* 24 * * *", "* * 0 * *", "* * * 13 *", "* * * * 8", "5-1 * * * *", "*/0 * * * *",
        "1/2/3 * * * *", "5/4294967295 * * * *", "a * * * *", "* * * * fry", "1,,2 * * * *", "1-2-3 * * * *"}) {
    EXPECT_FALSE(parse_cron(wrong).has_value()) << wrong;
  }
}

TEST(CronTime, KnowsTheCalendar) {
  EXPECT_EQ(at("1970-01-01T00:00Z"), 0);
  EXPECT_EQ(at("2026-11-21T10:04:44Z"), 1'795'255'484'000);
  EXPECT_TRUE(parse_utc("2028-02-29T00:00Z").has_value());
  for (const char* wrong : {"2026-02-29T00:00Z", "2026-13-01T00:00Z", "2026-12-01T24:00Z", "2026-12-01 10:00Z",
                            "2026-12-01T10:00", "2026-12-01T10:00+01:00", "2026-12-01"}) {
    EXPECT_FALSE(parse_utc(wrong).has_value()) << wrong;
  }
}

RC_GTEST_PROP(CronTime, WhatIsWrittenIsReadAgain, ()) {
  const std::int64_t minute = *rc::gen::inRange<std::int64_t>(0, 100'000'000);
  RC_ASSERT(parse_utc(utc_text(minute * minute_ms)) == minute * minute_ms);
}

/// By looking at every minute from long before: the end of the newest beginning that is not over.
std::optional<std::int64_t> end_by_counting(const FreezeWindow& window, std::int64_t now) {
  std::optional<std::int64_t> end;
  for (std::int64_t minute = (now - window.length_ms) / minute_ms * minute_ms; minute <= now; minute += minute_ms) {
    if (window.cron->matches(minute) && minute + window.length_ms > now) end = minute + window.length_ms;
  }
  return end;
}

RC_GTEST_PROP(FreezeWindow, IsOnFromItsNewestBeginningForItsLength, ()) {
  FreezeWindow window;
  window.cron =
      parse_cron(*rc::gen::element<std::string>("0 16 * * fri", "30 2 1 * *", "*/20 * * * *", "0 0 13 * sat"));
  window.length_ms = *rc::gen::inRange<std::int64_t>(1, 200) * 15 * minute_ms;
  const std::int64_t now = *rc::gen::inRange<std::int64_t>(1'700'000'000'000, 1'900'000'000'000);
  const auto freeze = find_freeze({window}, now);
  const auto end = end_by_counting(window, now);
  RC_CLASSIFY(end.has_value(), "on");
  RC_ASSERT(freeze.has_value() == end.has_value());
  if (end) RC_ASSERT(freeze->until_wall_ms == *end);
}

}  // namespace
}  // namespace switchyard::access
