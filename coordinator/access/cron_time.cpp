#include "coordinator/access/cron_time.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdio>
#include <vector>

namespace switchyard::access {
namespace {

constexpr std::int64_t day_ms = 24 * 60 * minute_ms;

struct Day {
  std::int64_t year = 1970;
  std::uint32_t month = 1, day = 1;
};

/// Days since 1970 of the proleptic Gregorian calendar; years begin in March, so that a leap day is the last.
std::int64_t days_of(const Day& at) {
  const std::int64_t year = at.month <= 2 ? at.year - 1 : at.year;
  const std::int64_t era = (year >= 0 ? year : year - 399) / 400;
  const std::int64_t of_era = year - era * 400;
  const std::int64_t of_year = (153 * (static_cast<std::int64_t>(at.month) + (at.month > 2 ? -3 : 9)) + 2) / 5 +
                               static_cast<std::int64_t>(at.day) - 1;
  return era * 146'097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719'468;
}

Day day_of(std::int64_t days) {
  days += 719'468;
  const std::int64_t era = (days >= 0 ? days : days - 146'096) / 146'097;
  const std::int64_t of_era = days - era * 146'097;
  const std::int64_t year = (of_era - of_era / 1'460 + of_era / 36'524 - of_era / 146'096) / 365;
  const std::int64_t of_year = of_era - (365 * year + year / 4 - year / 100);
  const std::int64_t shifted = (5 * of_year + 2) / 153;
  Day at;
  at.day = static_cast<std::uint32_t>(of_year - (153 * shifted + 2) / 5 + 1);
  at.month = static_cast<std::uint32_t>(shifted < 10 ? shifted + 3 : shifted - 9);
  at.year = year + era * 400 + (at.month <= 2 ? 1 : 0);
  return at;
}

std::int64_t floor_div(std::int64_t value, std::int64_t by) { return value / by - (value % by < 0 ? 1 : 0); }

std::optional<std::uint32_t> number_of(std::string_view text) {
  std::uint32_t value = 0;
  const auto [rest, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (text.empty() || error != std::errc() || rest != text.data() + text.size()) return std::nullopt;
  return value;
}

std::vector<std::string_view> split(std::string_view text, char separator) {
  std::vector<std::string_view> parts;
  for (std::size_t from = 0; from <= text.size();) {
    const std::size_t end = std::min(text.find(separator, from), text.size());
    parts.push_back(text.substr(from, end - from));
    from = end + 1;
  }
  return parts;
}

/// `lower` is in lower case; the case of the other does not matter.
bool same_word(std::string_view lower, std::string_view word) {
  return std::equal(lower.begin(), lower.end(), word.begin(), word.end(),
                    [](char a, char b) { return a == (b >= 'A' && b <= 'Z' ? static_cast<char>(b - 'A' + 'a') : b); });
}

/// One of the five fields: its numbers, and the names that some of them have.
struct Field {
  std::uint32_t first = 0, last = 0;
  std::array<std::string_view, 12> names = {};
  std::uint32_t name_base = 0;

  std::optional<std::uint32_t> value(std::string_view word) const {
    for (std::size_t i = 0; i < names.size(); ++i) {
      if (!names[i].empty() && same_word(names[i], word)) return static_cast<std::uint32_t>(i) + name_base;
    }
    const auto number = number_of(word);
    return number && *number >= first && *number <= last ? number : std::nullopt;
  }
  /// `*`, `5`, `1-5`, each perhaps with `/2`.
  std::optional<std::uint64_t> bits_of(std::string_view item) const {
    const auto parts = split(item, '/');
    const auto step = parts.size() == 2 ? number_of(parts[1]) : std::optional<std::uint32_t>(1);
    if (parts.size() > 2 || !step || *step == 0 || *step > last) return std::nullopt;
    const auto ends = split(parts[0], '-');
    std::optional<std::uint32_t> from = first, to = last;
    if (parts[0] != "*") {
      from = value(ends.front());
      to = ends.size() == 1 && parts.size() == 1 ? from : ends.size() == 1 ? std::optional(last) : value(ends.back());
      if (ends.size() > 2) return std::nullopt;
    }
    if (!from || !to || *from > *to) return std::nullopt;
    std::uint64_t bits = 0;
    for (std::uint32_t one = *from; one <= *to; one += *step) bits |= std::uint64_t{1} << one;
    return bits;
  }
  std::optional<std::uint64_t> parse(std::string_view text) const {
    std::uint64_t bits = 0;
    for (const std::string_view item : split(text, ',')) {
      const auto some = bits_of(item);
      if (!some) return std::nullopt;
      bits |= *some;
    }
    return bits;
  }
};

constexpr Field minute_field{0, 59};
constexpr Field hour_field{0, 23};
constexpr Field day_field{1, 31};
constexpr Field month_field{
    1, 12, {"jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"}, 1};
constexpr Field weekday_field{0, 7, {"sun", "mon", "tue", "wed", "thu", "fri", "sat"}, 0};

bool has_bit(std::uint64_t bits, std::int64_t place) { return ((bits >> place) & 1) != 0; }

}  // namespace

bool CronTime::matches(std::int64_t wall_ms) const {
  const std::int64_t date = floor_div(wall_ms, day_ms);
  const std::int64_t minute = (wall_ms - date * day_ms) / minute_ms;
  const Day at = day_of(date);
  if (!has_bit(minutes, minute % 60) || !has_bit(hours, minute / 60) || !has_bit(months, at.month)) return false;
  const bool day = has_bit(days, at.day);
  const std::int64_t weekday = date + 4 - floor_div(date + 4, 7) * 7;  // 1970 began on a Thursday
  const bool day_of_week = has_bit(weekdays, weekday);
  if (any_day || any_weekday) return day && day_of_week;
  return day || day_of_week;
}

bool CronTime::has_a_day() const {
  if (!any_weekday) return true;  // every month has every day of the week
  constexpr std::array<std::int64_t, 12> length = {31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
  for (std::int64_t month = 1; month <= 12; ++month) {
    if (!has_bit(months, month)) continue;
    for (std::int64_t day = 1; day <= length[static_cast<std::size_t>(month - 1)]; ++day) {
      if (has_bit(days, day)) return true;
    }
  }
  return false;
}

std::optional<CronTime> parse_cron(std::string_view text) {
  std::vector<std::string_view> fields = split(text, ' ');
  std::erase(fields, std::string_view());
  if (fields.size() != 5) return std::nullopt;
  const auto minutes = minute_field.parse(fields[0]), hours = hour_field.parse(fields[1]);
  const auto days = day_field.parse(fields[2]), months = month_field.parse(fields[3]);
  const auto weekdays = weekday_field.parse(fields[4]);
  if (!minutes || !hours || !days || !months || !weekdays) return std::nullopt;
  // 7 is Sunday too.
  const std::uint64_t week = (*weekdays & 0x7f) | (has_bit(*weekdays, 7) ? 1 : 0);
  CronTime time;
  time.minutes = *minutes;
  time.hours = static_cast<std::uint32_t>(*hours);
  time.days = static_cast<std::uint32_t>(*days);
  time.months = static_cast<std::uint32_t>(*months);
  time.weekdays = static_cast<std::uint32_t>(week);
  time.any_day = fields[2].starts_with('*');
  time.any_weekday = fields[4].starts_with('*');
  return time;
}

std::optional<std::int64_t> parse_utc(std::string_view text) {
  // 2026-12-23T16:00Z or 2026-12-23T16:00:00Z
  const bool with_seconds = text.size() == 20;
  if (text.size() != 17 && !with_seconds) return std::nullopt;
  const bool marks = text[4] == '-' && text[7] == '-' && text[10] == 'T' && text[13] == ':' && text.back() == 'Z';
  if (!marks || (with_seconds && text[16] != ':')) return std::nullopt;
  const auto year = number_of(text.substr(0, 4)), month = number_of(text.substr(5, 2));
  const auto day = number_of(text.substr(8, 2)), hour = number_of(text.substr(11, 2));
  const auto minute = number_of(text.substr(14, 2));
  const auto second = with_seconds ? number_of(text.substr(17, 2)) : std::optional<std::uint32_t>(0);
  if (!year || !month || !day || !hour || !minute || !second) return std::nullopt;
  if (*month < 1 || *month > 12 || *day < 1 || *hour > 23 || *minute > 59 || *second > 59) return std::nullopt;
  const std::int64_t days = days_of({static_cast<std::int64_t>(*year), *month, *day});
  if (day_of(days).day != *day || day_of(days).month != *month) return std::nullopt;  // 31 February
  return days * day_ms + (std::int64_t{*hour} * 60 + *minute) * minute_ms + std::int64_t{*second} * 1'000;
}

std::string utc_text(std::int64_t wall_ms) {
  const std::int64_t days = floor_div(wall_ms, day_ms);
  const std::int64_t minute = (wall_ms - days * day_ms) / minute_ms;
  const Day at = day_of(days);
  std::array<char, 64> text{};
  std::snprintf(text.data(), text.size(), "%04lld-%02u-%02uT%02d:%02dZ", static_cast<long long>(at.year), at.month,
                at.day, static_cast<int>(minute / 60), static_cast<int>(minute % 60));
  return text.data();
}

}  // namespace switchyard::access
