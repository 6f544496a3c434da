#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace switchyard::simulation {

/// What many worlds came to.
struct Tally {
  std::uint64_t schedules = 0, events = 0, fewest_events = 0, crashes = 0, violations = 0;
  std::uint64_t done = 0, rolled_back = 0, refused = 0, given_up = 0;
  std::int64_t simulated_ms = 0, night_ms = 0;
  std::int64_t settled_ms_max = 0;
  std::uint64_t latest_seed = 0;  ///< of settled_ms_max
  std::uint64_t settled_late = 0;    ///< worlds in which that took more than a minute
  std::uint64_t first_bad_seed = 0;  ///< 0: none
  std::vector<std::string> texts;    ///< one for each violation, the first ones

  void add(const Tally& other);
};

/// Runs the worlds of these seeds, in as many processes as there are cores; each world is single-threaded. A process
/// that dies (a broken ENSURE) is a violation of the seed that it was at. `violations_max`: then it stops.
Tally run_schedules(std::uint64_t first, std::uint64_t count, unsigned processes, std::uint64_t violations_max);

std::uint64_t from_environment(const char* name, std::uint64_t otherwise);

}  // namespace switchyard::simulation
