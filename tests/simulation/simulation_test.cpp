#include <gtest/gtest.h>

#include <cstdlib>
#include <iostream>

#include "tests/simulation/world.hpp"

// SIMULATION_SEED=N replays one schedule; SIMULATION_SCHEDULES=N runs as many (default 5,000), from the seed
// SIMULATION_FIRST=N on (default 1).

namespace switchyard::simulation {
namespace {

std::uint64_t from_environment(const char* name, std::uint64_t otherwise) {
  const char* text = std::getenv(name);
  return text == nullptr ? otherwise : std::strtoull(text, nullptr, 10);
}

TEST(Simulation, EveryScheduleEndsAllNewOrAllOldAndSaysWhich) {
  const std::uint64_t only = from_environment("SIMULATION_SEED", 0);
  const std::uint64_t first = only != 0 ? only : from_environment("SIMULATION_FIRST", 1);
  const std::uint64_t last = only != 0 ? only : first + from_environment("SIMULATION_SCHEDULES", 5'000) - 1;
  std::uint64_t events = 0, violations = 0, done = 0, rolled_back = 0, crashes = 0;
  std::int64_t simulated_ms = 0;
  for (std::uint64_t seed = first; seed <= last; ++seed) {
    const Outcome outcome = World(seed).run();
    events += outcome.events;
    crashes += outcome.crashes;
    simulated_ms += outcome.simulated_ms;
    done += outcome.end == model::DeploymentState::done;
    rolled_back += outcome.end == model::DeploymentState::rolled_back;
    if (only != 0)
      std::cout << "seed " << seed << " ended " << model::state_name(outcome.end) << ": " << outcome.reason << "\n";
    for (const std::string& text : outcome.violations) {
      ++violations;
      ADD_FAILURE() << "SIMULATION_SEED=" << seed << ": " << text;
    }
    if (violations > 20) break;
  }
  std::cout << last - first + 1 << " schedules, " << events << " events, " << simulated_ms / 3'600'000
            << " simulated hours, " << violations << " violations; " << done << " done, " << rolled_back
            << " rolled back, " << crashes << " crashes\n";
  if (only == 0) {
    // A simulation in which everything fails, or nothing does, tests little.
    EXPECT_GT(done, (last - first) / 10);
    EXPECT_GT(rolled_back, (last - first) / 10);
  }
}

TEST(Simulation, TheSameSeedGivesTheSameHistory) {
  for (std::uint64_t seed = 1; seed <= 50; ++seed) {
    EXPECT_EQ(World(seed).run().trace_hash, World(seed).run().trace_hash) << "seed " << seed;
  }
}

}  // namespace
}  // namespace switchyard::simulation
