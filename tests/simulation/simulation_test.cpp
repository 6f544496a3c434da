#include <gtest/gtest.h>
#include <rapidcheck.h>

#include <chrono>
#include <iostream>

#include "common/log.hpp"
#include "tests/simulation/schedules.hpp"
#include "tests/simulation/world.hpp"

// SIMULATION_SEED=N replays one schedule (with SIMULATION_TRACE=1 as text); SIMULATION_SCHEDULES=N runs as many
// (default 10,000), from the seed SIMULATION_FIRST=N on (default 1), in SIMULATION_PROCESSES=N processes (default 2).

namespace switchyard::simulation {
namespace {

class Simulation : public ::testing::Test {
 protected:
  static void SetUpTestSuite() { log::set_up("simulation", Trace::told() ? log::Level::info : log::Level::off); }
};

void print(const Tally& tally, std::int64_t seconds) {
  constexpr std::int64_t hour_ms = 3'600'000;
  std::cout << tally.schedules << " schedules, " << tally.events << " events, " << tally.simulated_ms / hour_ms
            << " simulated hours, " << tally.violations << " violations; " << tally.night_ms / hour_ms
            << " of the hours without a coordinator; at least " << tally.fewest_events
            << " events each, " << tally.crashes << " crashes, deployments " << tally.done << " done, "
            << tally.rolled_back << " rolled back, " << tally.refused << " refusals, " << tally.given_up
            << " given up; what was under way at the last fault was over within a minute in "
            << tally.schedules - tally.settled_late << ", at the latest after " << tally.settled_ms_max / 1'000
            << " s (seed " << tally.latest_seed << "); " << seconds << " s\n";
}

TEST_F(Simulation, EveryScheduleEndsAllNewOrAllOldAndSaysWhich) {
  const std::uint64_t only = from_environment("SIMULATION_SEED", 0);
  if (only != 0) {
    const Artifacts artifacts;
    const Outcome outcome = World(only, artifacts, {}).run();
    std::cout << "seed " << only << ": " << outcome.events << " events, " << outcome.simulated_ms << " ms\n";
    for (const std::string& text : outcome.violations) ADD_FAILURE() << text;
    return;
  }
  const std::uint64_t count = from_environment("SIMULATION_SCHEDULES", 10'000);
  const auto began = std::chrono::steady_clock::now();
  const Tally tally = run_schedules(from_environment("SIMULATION_FIRST", 1), count,
                                    static_cast<unsigned>(from_environment("SIMULATION_PROCESSES", 2)), 5);
  const auto seconds =
      std::chrono::duration_cast<std::chrono::seconds>(std::chrono::steady_clock::now() - began).count();
  print(tally, seconds);
  for (const std::string& text : tally.texts) ADD_FAILURE() << text;
  EXPECT_EQ(tally.violations, 0u);
  EXPECT_GE(tally.fewest_events, 3'000u);
  // 5,000 hours in 10,000 schedules. Of a few the average says little.
  if (count >= 1'000) {
    EXPECT_GE(tally.simulated_ms, static_cast<std::int64_t>(count) * 1'800'000);
  }
  // A simulation in which everything fails, or nothing does, tests little.
  EXPECT_GT(tally.done, tally.schedules);
  EXPECT_GT(tally.rolled_back, tally.schedules / 10);
}

// Feature: deployment-mcp, Property 1: Deployment Atomicity
// A world draws graph, strategies, failures and fault points from its seed. These seeds are none of the counted ones.
TEST_F(Simulation, PropertyDeploymentAtomicity) {
  const Artifacts artifacts;
  EXPECT_TRUE(rc::check("either all components deploy, or the fleet is as before", [&] {
    const auto seed = *rc::gen::inRange<std::uint64_t>(1'000'000, 1'000'000'000);
    const Outcome outcome = World(seed, artifacts, {}).run();
    if (!outcome.violations.empty())
      RC_FAIL("SIMULATION_SEED=" + std::to_string(seed) + ": " + outcome.violations.front());
  }));
}

TEST_F(Simulation, TheSameSeedGivesTheSameHistory) {
  const Artifacts artifacts;
  std::uint64_t same = 0;
  for (std::uint64_t seed = 1; seed <= 200; ++seed) {
    const std::uint64_t first = World(seed, artifacts, {}).run().trace_hash;
    const std::uint64_t second = World(seed, artifacts, {}).run().trace_hash;
    same += first == second ? 1 : 0;
    EXPECT_EQ(first, second) << "seed " << seed;
  }
  std::cout << same << " of 200 seeds gave the same history twice\n";
}

}  // namespace
}  // namespace switchyard::simulation
