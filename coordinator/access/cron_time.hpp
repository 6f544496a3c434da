#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

/// Times of the wall in UTC, by hand: decisions read no clock. Pure.
namespace switchyard::access {

inline constexpr std::int64_t minute_ms = 60'000;

/// Which minutes are meant by the five fields of a crontab: minute, hour, day of the month, month, day of the week.
struct CronTime {
  std::uint64_t minutes = 0;  ///< bit n: minute n
  std::uint32_t hours = 0;
  std::uint32_t days = 0;      ///< bits 1 to 31
  std::uint32_t months = 0;    ///< bits 1 to 12
  std::uint32_t weekdays = 0;  ///< bits 0 to 6, Sunday is 0
  bool any_day = true;         ///< the day of the month was `*`
  bool any_weekday = true;
  bool operator==(const CronTime&) const = default;

  /// Where both kinds of day are given, either will do: as cron has it.
  bool matches(std::int64_t wall_ms) const;
  /// False of 30 February.
  bool has_a_day() const;
};

/// "0 16 * * fri", "*/15 8-17 1,15 jan-mar *"; the case of names does not matter. Nothing when it is none.
std::optional<CronTime> parse_cron(std::string_view text);

/// 2026-12-23T16:00Z, with or without seconds. Nothing when it is no such time, or no day of the calendar.
std::optional<std::int64_t> parse_utc(std::string_view text);
/// 2026-12-23T16:00Z.
std::string utc_text(std::int64_t wall_ms);

}  // namespace switchyard::access
