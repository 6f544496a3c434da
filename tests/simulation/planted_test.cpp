// Does the simulation find bugs? Each is planted alone (common/planted.hpp). By default every bug is run with the seed
// that found it last (planted_seeds.txt), and when that does not find it any more, with the first few hundred.
// PLANTED_SCHEDULES=N searches anew, N schedules for each bug from PLANTED_FIRST=N on (default 1), prints a table, and
// with ACCEPT=1 rewrites the file.
#include <gtest/gtest.h>

#include <fstream>
#include <iomanip>
#include <iostream>
#include <map>
#include <sstream>
#include <string>

#include "common/log.hpp"
#include "common/planted.hpp"
#include "tests/simulation/schedules.hpp"

namespace switchyard::simulation {
namespace {

constexpr std::uint64_t schedules_again = 400;
constexpr const char* seeds_file = SWITCHYARD_SOURCE_DIR "/tests/simulation/planted_seeds.txt";

struct NamedBug {
  planted::Bug bug;
  const char* name;
};
constexpr NamedBug bugs[] = {
#define SWITCHYARD_BUG(name) {planted::Bug::name, #name},
    SWITCHYARD_BUGS(SWITCHYARD_BUG)
#undef SWITCHYARD_BUG
};

std::map<std::string, std::uint64_t> read_seeds() {
  std::map<std::string, std::uint64_t> seeds;
  std::ifstream in(seeds_file);
  for (std::string line; std::getline(in, line);) {
    std::istringstream words(line);
    std::string name;
    std::uint64_t seed = 0;
    if (!line.starts_with('#') && words >> name >> seed) seeds[name] = seed;
  }
  return seeds;
}

Tally run_with(planted::Bug bug, std::uint64_t first, std::uint64_t count) {
  planted::active = bug;
  const Tally tally = run_schedules(first, count, count == 1 ? 1 : 2, 1);
  planted::active = planted::Bug::none;
  return tally;
}

class Planted : public ::testing::Test {
 protected:
  static void SetUpTestSuite() { log::set_up("planted", log::Level::off); }
};

TEST_F(Planted, BugsAreFound) {
  const std::uint64_t schedules = from_environment("PLANTED_SCHEDULES", 0);
  const std::uint64_t from = from_environment("PLANTED_FIRST", 1);
  std::map<std::string, std::uint64_t> seeds = read_seeds();
  std::size_t found = 0;
  for (const NamedBug& bug : bugs) {
    const bool search = schedules > 0;
    const auto known = seeds.find(bug.name);
    if (!search && known == seeds.end()) continue;
    Tally tally = search ? run_with(bug.bug, from, schedules) : run_with(bug.bug, known->second, 1);
    // A change of the product changes every history: then the bug is looked for anew.
    if (!search && tally.violations == 0) tally = run_with(bug.bug, 1, schedules_again);
    const std::string text = tally.texts.empty() ? "not found" : tally.texts.front();
    std::cout << std::left << std::setw(44) << bug.name << " after " << std::setw(6) << tally.schedules << " "
              << text.substr(0, 150) << "\n";
    if (tally.violations > 0) {
      ++found;
      seeds[bug.name] = tally.first_bad_seed;
    } else if (search) {
      seeds.erase(bug.name);
    }
  }
  std::cout << found << " of " << std::size(bugs) << " planted bugs found\n";
  EXPECT_GE(found, 27u);
  if (std::getenv("ACCEPT") == nullptr || schedules == 0) return;
  std::ofstream out(seeds_file);
  out << "# Bugs of common/planted.hpp, each with a seed that finds it. Rewritten by\n"
         "# ACCEPT=1 PLANTED_SCHEDULES=2000 build/dev/tests/simulation/simulation_planted\n";
  for (const auto& [name, seed] : seeds) out << name << " " << seed << "\n";
}

/// The same program without a bug: what is found above is found because of the bug.
TEST_F(Planted, NothingIsFoundWithoutABug) {
  const Tally tally = run_with(planted::Bug::none, 1, 100);
  EXPECT_EQ(tally.violations, 0u) << (tally.texts.empty() ? "" : tally.texts.front());
}

}  // namespace
}  // namespace switchyard::simulation
