#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "coordinator/access/cron_time.hpp"

/// When nothing may be deployed to an environment (`freeze_windows` of coordinator.yaml). All times are UTC. Pure.
namespace switchyard::access {

/// One span, or one that comes again.
struct FreezeWindow {
  std::int64_t from_wall_ms = 0;
  std::int64_t to_wall_ms = 0;   ///< the first moment in which it is over
  std::optional<CronTime> cron;  ///< it begins at these minutes, in place of from and to,
  std::int64_t length_ms = 0;    ///< and lasts so long
  std::string text;              ///< as it was written, for people
  std::string reason;
  bool operator==(const FreezeWindow&) const = default;
};

struct Freeze {
  std::string text;
  std::string reason;
  std::int64_t until_wall_ms = 0;
  bool operator==(const Freeze&) const = default;
};

/// The window that is on and ends last; nothing when none is on.
std::optional<Freeze> find_freeze(const std::vector<FreezeWindow>& windows, std::int64_t now_wall_ms);

/// "freeze window `0 16 * * fri` for 62 h (weekend), which ends 2026-11-23T06:00Z".
std::string freeze_text(const Freeze& freeze);

}  // namespace switchyard::access
