// A crash after every single write, sync and commit of one whole deployment, and of one rollback: of the process, and
// of the machine with all that its disk had not written. Whatever the point, the fleet ends all new or all old, and the
// next deployment succeeds.
#include <gtest/gtest.h>

#include <iostream>

#include "common/log.hpp"
#include "tests/simulation/world.hpp"

namespace switchyard::simulation {
namespace {

/// One fleet, whose wish is a deployment or a rollback.
constexpr std::uint64_t world_seed = 3;

void crash_at_every_point(bool rollback) {
  log::set_up("simulation", log::Level::off);
  const Artifacts artifacts;
  World::Options options;
  options.faults = false;
  options.rollback_wish = rollback;
  const Outcome calm = World(world_seed, artifacts, options).run();
  ASSERT_TRUE(calm.violations.empty()) << calm.violations.front();
  ASSERT_GT(calm.points, 100u);
  std::uint64_t survived = 0;
  for (const bool power : {false, true}) {
    for (std::uint64_t point = 1; point <= calm.points; ++point) {
      options.crash_at = point;
      options.crash_with_power = power;
      const Outcome outcome = World(world_seed, artifacts, options).run();
      EXPECT_TRUE(outcome.crashed_as_chosen) << "nothing crashed at point " << point;
      for (const std::string& text : outcome.violations) ADD_FAILURE() << "point " << point << ": " << text;
      survived += outcome.violations.empty() ? 1 : 0;
    }
  }
  std::cout << survived << " of " << 2 * calm.points << " crash points of a " << (rollback ? "rollback" : "deployment")
            << " survived\n";
  EXPECT_EQ(survived, 2 * calm.points);
}

TEST(CrashPoints, OfADeploymentAreAllSurvived) { crash_at_every_point(false); }

TEST(CrashPoints, OfARollbackAreAllSurvived) { crash_at_every_point(true); }

}  // namespace
}  // namespace switchyard::simulation
