#include "cli/time_text.hpp"

#include <array>
#include <charconv>
#include <cstdio>
#include <ctime>

namespace switchyard::cli {
namespace {

template <class... Values>
std::string formatted(const char* format, Values... values) {
  std::array<char, 64> text{};
  std::snprintf(text.data(), text.size(), format, values...);
  return text.data();
}

std::string local_text(std::int64_t wall_ms, const char* format) {
  const std::time_t seconds = wall_ms / 1000;
  std::tm parts{};
  if (::localtime_r(&seconds, &parts) == nullptr) return "-";
  std::array<char, 64> text{};
  const std::size_t size = std::strftime(text.data(), text.size(), format, &parts);
  return {text.data(), size};
}

}  // namespace

std::string duration_text(std::int64_t ms) {
  constexpr std::int64_t minute_ms = 60'000;
  constexpr std::int64_t hour_ms = 60 * minute_ms;
  if (ms < 0) ms = 0;
  if (ms < 1'000) return formatted("%lld ms", static_cast<long long>(ms));
  if (ms < minute_ms) return formatted("%.1f s", static_cast<double>(ms - ms % 100) / 1000.0);
  if (ms < hour_ms) {
    return formatted("%lld m %02lld s", static_cast<long long>(ms / minute_ms),
                     static_cast<long long>(ms % minute_ms / 1'000));
  }
  return formatted("%lld h %02lld m", static_cast<long long>(ms / hour_ms),
                   static_cast<long long>(ms % hour_ms / minute_ms));
}

std::optional<std::int64_t> duration_from_text(std::string_view text) {
  if (text.empty()) return std::nullopt;
  const char unit = text.back();
  const std::int64_t unit_ms = unit == 'd' ? 86'400'000 : unit == 'h' ? 3'600'000 : unit == 'm' ? 60'000 : 0;
  text.remove_suffix(1);
  std::int32_t count = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), count);
  if (unit_ms == 0 || error != std::errc() || end != text.data() + text.size() || count <= 0) return std::nullopt;
  return count * unit_ms;
}

std::string date_text(std::int64_t wall_ms) { return wall_ms == 0 ? "-" : local_text(wall_ms, "%Y-%m-%d %H:%M:%S"); }

std::string clock_text(std::int64_t wall_ms) { return local_text(wall_ms, "%H:%M:%S"); }

std::string size_text(std::uint64_t bytes) {
  constexpr std::array units = {"KiB", "MiB", "GiB", "TiB"};
  if (bytes < 1024) return formatted("%llu B", static_cast<unsigned long long>(bytes));
  double amount = static_cast<double>(bytes) / 1024.0;
  std::size_t unit = 0;
  while (amount >= 1024.0 && unit + 1 < units.size()) {
    amount /= 1024.0;
    ++unit;
  }
  return formatted("%.1f %s", amount, units.at(unit));
}

std::string how_many(std::size_t count, const char* what) {
  return std::to_string(count) + " " + what + (count == 1 ? "" : "s");
}

}  // namespace switchyard::cli
