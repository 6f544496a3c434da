#include "coordinator/access/freeze_window.hpp"

#include <algorithm>

namespace switchyard::access {
namespace {

/// When the window that is on at that moment ends; nothing when it is not on.
std::optional<std::int64_t> end_of(const FreezeWindow& window, std::int64_t now_wall_ms) {
  if (!window.cron) {
    const bool on = window.from_wall_ms <= now_wall_ms && now_wall_ms < window.to_wall_ms;
    return on ? std::optional(window.to_wall_ms) : std::nullopt;
  }
  // The newest of its beginnings lasts longest. Bounded by limits::freeze_minutes_max.
  std::int64_t minute = now_wall_ms - now_wall_ms % minute_ms;
  for (; minute + window.length_ms > now_wall_ms; minute -= minute_ms) {
    if (window.cron->matches(minute)) return minute + window.length_ms;
  }
  return std::nullopt;
}

}  // namespace

std::optional<Freeze> find_freeze(const std::vector<FreezeWindow>& windows, std::int64_t now_wall_ms) {
  std::optional<Freeze> freeze;
  for (const FreezeWindow& window : windows) {
    const auto end = end_of(window, now_wall_ms);
    if (end && (!freeze || *end > freeze->until_wall_ms)) freeze = Freeze{window.text, window.reason, *end};
  }
  return freeze;
}

std::string freeze_text(const Freeze& freeze) {
  return "the freeze window " + freeze.text + (freeze.reason.empty() ? "" : " (" + freeze.reason + ")") +
         ", which ends " + utc_text(freeze.until_wall_ms);
}

}  // namespace switchyard::access
