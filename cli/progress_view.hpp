#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "cli/api_values.hpp"
#include "cli/console.hpp"

namespace switchyard::cli {

/// The live picture of a deployment: a head line, then a line per host and component with its state, step and how long
/// it has been in that state. Remembers since when; draws nothing itself. Pure: the time is handed in.
class ProgressView {
 public:
  /// Takes over what the coordinator says now. `wall_ms`: the time of day, to count from when the deployment was made.
  void update(const Deployment& deployment, std::int64_t now_ms, std::int64_t wall_ms);
  /// The lines, each at most console.width wide, together fewer than console.height. Where there are too many hosts the
  /// ones that are at rest are left out first, and counted.
  std::vector<std::string> lines(const Console& console, std::int64_t now_ms) const;

 private:
  struct Row {
    Progress progress;
    std::int64_t since_ms = 0;
  };
  std::string row_line(const Console& console, const Row& row, std::int64_t now_ms) const;

  Deployment deployment_;
  std::int64_t updated_ms_ = 0;
  std::int64_t lasts_ms_ = 0;  ///< the deployment's age at the last update
  std::map<std::pair<std::string, std::string>, Row> rows_;
};

/// One event as one line, for people and for pipes: `16:30:01 web-1 api: fetched 3.2 MiB`.
std::string timeline_line(const Console& console, const TimelineEntry& entry);

}  // namespace switchyard::cli
