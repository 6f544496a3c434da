// A crash after every single write, sync and commit of one whole deployment, and of one rollback: of the process, and
// of the machine with all that its disk had not written. And from each of these points on disks without a free byte.
// Whatever the point, the fleet ends all new or all old, and the next deployment succeeds. SIMULATION_POINT=N looks at
// one point alone, with SIMULATION_TRACE=1 as text.
#include <gtest/gtest.h>

#include <iostream>

#include "common/log.hpp"
#include "tests/simulation/schedules.hpp"
#include "tests/simulation/world.hpp"

namespace switchyard::simulation {
namespace {

// The fleets are drawn from these seeds.
constexpr std::uint64_t plain_seed = 3;
/// A rolling and a blue-green component, each with three hooks and a command: in PREPARE, and in the swap.
constexpr std::uint64_t busy_rolling_seed = 33, busy_seed = 94;
/// `on_restart: abort`, with a command, hooks, a rolling component and one that is recreated.
constexpr std::uint64_t aborting_seed = 89;

/// What happens at a point, as options of a world.
using Happen = void (*)(World::Options& options, std::uint64_t point);

void kill_process(World::Options& options, std::uint64_t point) { options.crash_at = point; }
void cut_power(World::Options& options, std::uint64_t point) {
  options.crash_at = point;
  options.crash_with_power = true;
}
void fill_disks(World::Options& options, std::uint64_t point) { options.full_at = point; }

void try_every_point(std::uint64_t seed, bool rollback, const std::vector<Happen>& happenings) {
  log::set_up("simulation", Trace::told() ? log::Level::warning : log::Level::off);
  const Artifacts artifacts;
  World::Options options;
  options.faults = false;
  options.rollback_wish = rollback;
  const Outcome calm = World(seed, artifacts, options).run();
  ASSERT_TRUE(calm.violations.empty()) << calm.violations.front();
  ASSERT_GT(calm.points, 100u);
  std::uint64_t survived = 0;
  const std::uint64_t only = from_environment("SIMULATION_POINT", 0);
  for (const Happen happen : happenings) {
    for (std::uint64_t point = 1; point <= calm.points; ++point) {
      if (only != 0 && point != only) continue;
      World::Options at = options;
      happen(at, point);
      const Outcome outcome = World(seed, artifacts, at).run();
      EXPECT_TRUE(outcome.happened_as_chosen) << "nothing happened at point " << point;
      for (const std::string& text : outcome.violations) ADD_FAILURE() << "point " << point << ": " << text;
      survived += outcome.violations.empty() ? 1 : 0;
    }
  }
  const std::uint64_t all = happenings.size() * calm.points;
  std::cout << survived << " of " << all << " points of a " << (rollback ? "rollback" : "deployment")
            << " survived (seed " << seed << ")\n";
  if (only == 0) {
    EXPECT_EQ(survived, all);
  }
}

TEST(CrashPoints, OfADeploymentAreAllSurvived) { try_every_point(plain_seed, false, {kill_process, cut_power}); }

TEST(CrashPoints, OfARollbackAreAllSurvived) { try_every_point(plain_seed, true, {kill_process, cut_power}); }

TEST(CrashPoints, OfADeploymentWithCommandsAndHooksAreAllSurvived) {
  try_every_point(busy_rolling_seed, false, {kill_process, cut_power, fill_disks});
  try_every_point(busy_seed, false, {kill_process, cut_power, fill_disks});
}

TEST(CrashPoints, OfADeploymentThatARestartAbortsAreAllSurvived) {
  try_every_point(aborting_seed, false, {kill_process, cut_power, fill_disks});
}

TEST(FullDiskPoints, OfADeploymentAreAllSurvived) { try_every_point(plain_seed, false, {fill_disks}); }

TEST(FullDiskPoints, OfARollbackAreAllSurvived) { try_every_point(plain_seed, true, {fill_disks}); }

}  // namespace
}  // namespace switchyard::simulation
