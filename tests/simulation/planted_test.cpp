// Does the simulation find bugs? Each is planted alone (common/planted.hpp). By default every bug is run with the seed
// that found it last (planted_seeds.txt), and when that does not find it any more, with the first few hundred.
// PLANTED_SCHEDULES=N searches anew, N schedules for each bug from PLANTED_FIRST=N on (default 1), prints a table, and
// with ACCEPT=1 rewrites the file, from which planted_table.py makes that of docs/RELIABILITY.md. PLANTED_BUG=NAME:
// only that one.
#include <gtest/gtest.h>

#include <fstream>
#include <iomanip>
#include <iostream>
#include <map>
#include <regex>
#include <sstream>
#include <string>

#include "common/log.hpp"
#include "common/planted.hpp"
#include "tests/simulation/schedules.hpp"
#include "tests/support/source_tree.hpp"

namespace switchyard::simulation {
namespace {

constexpr std::uint64_t schedules_again = 400;
const std::filesystem::path seeds_file = testing::source_tree() / "tests/simulation/planted_seeds.txt";

/// With which seed a bug was found, after how many schedules, and as what.
struct Find {
  std::uint64_t seed = 0;  ///< 0: so many schedules did not find it
  std::uint64_t schedules = 0;
  std::string text;
};
using Finds = std::map<std::string, Find>;

Finds read_finds() {
  Finds finds;
  std::ifstream in(seeds_file);
  for (std::string line; std::getline(in, line);) {
    std::istringstream words(line);
    std::string name;
    Find find;
    if (line.starts_with('#') || !(words >> name >> find.seed >> find.schedules)) continue;
    std::getline(words >> std::ws, find.text);
    finds[name] = find;
  }
  return finds;
}

void write_finds(const Finds& finds) {
  std::ofstream out(seeds_file);
  out << "# Bugs of common/planted.hpp: a seed that finds it (0: none did), after how many schedules, as what.\n"
         "# Rewritten by\n"
         "# ACCEPT=1 PLANTED_SCHEDULES=2000 build/bench/tests/simulation/simulation_planted\n";
  for (const auto& [name, find] : finds)
    out << name << " " << find.seed << " " << find.schedules << " " << find.text << "\n";
}

/// The violation in words that another seed would use as well: no ids, and no more than a line of a table holds.
std::string words_of(const std::string& violation) {
  constexpr std::size_t length_max = 90;
  const std::string text = violation.substr(violation.find(": ") + 2);
  return std::regex_replace(text, std::regex("\\b[0-9a-f]{16,}\\b"), "N").substr(0, length_max);
}

/// Of the lowest seed that found something: processes tell of theirs one after the other.
std::string text_of_first(const Tally& tally) {
  const std::string head = "SIMULATION_SEED=" + std::to_string(tally.first_bad_seed) + ":";
  for (const std::string& text : tally.texts) {
    if (text.starts_with(head)) return text;
  }
  return "not found";
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
  const char* const only = std::getenv("PLANTED_BUG");
  Finds finds = read_finds();
  std::size_t found = 0;
  for (const planted::NamedBug& bug : planted::bugs) {
    const bool search = schedules > 0;
    const auto known = finds.find(bug.name);
    const bool was_found = known != finds.end() && known->second.seed != 0;
    if ((!search && !was_found) || (only != nullptr && only != std::string(bug.name))) continue;
    Tally tally = search ? run_with(bug.bug, from, schedules) : run_with(bug.bug, known->second.seed, 1);
    // A change of the product changes every history: then the bug is looked for anew.
    if (!search && tally.violations == 0) tally = run_with(bug.bug, 1, schedules_again);
    const std::string text = text_of_first(tally);
    std::cout << std::left << std::setw(44) << bug.name << " after " << std::setw(6) << tally.schedules << " "
              << text.substr(0, 150) << std::endl;  // who waits sees how far it is
    if (tally.violations > 0) ++found;
    if (!search) continue;
    finds[bug.name] = tally.violations > 0 ? Find{tally.first_bad_seed, tally.schedules, words_of(text)}
                                           : Find{0, tally.schedules, text};
  }
  std::cout << found << " of " << std::size(planted::bugs) << " planted bugs found\n";
  if (only == nullptr) {
    EXPECT_GE(found, 27u);
  }
  if (std::getenv("ACCEPT") != nullptr) write_finds(finds);
}

/// The same program without a bug: what is found above is found because of the bug.
TEST_F(Planted, NothingIsFoundWithoutABug) {
  const Tally tally = run_with(planted::Bug::none, 1, 100);
  EXPECT_EQ(tally.violations, 0u) << (tally.texts.empty() ? "" : tally.texts.front());
}

}  // namespace
}  // namespace switchyard::simulation
