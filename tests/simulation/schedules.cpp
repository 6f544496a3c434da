#include "tests/simulation/schedules.hpp"

#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <exception>
#include <new>

#include "tests/simulation/world.hpp"

namespace switchyard::simulation {
namespace {

constexpr std::size_t texts_max = 10;
constexpr std::size_t text_bytes = 300;
constexpr std::int64_t minute_ms = 60'000;

/// What a child process tells, in memory that it shares with its parent.
struct Report {
  std::uint64_t present_seed = 0;
  bool finished = false;
  std::uint64_t schedules = 0, events = 0, fewest_events = UINT64_MAX, crashes = 0, violations = 0;
  std::uint64_t done = 0, rolled_back = 0, refused = 0, given_up = 0;
  std::int64_t simulated_ms = 0, night_ms = 0, settled_ms_max = 0;
  std::uint64_t settled_late = 0, latest_seed = 0;
  std::uint64_t first_bad_seed = 0;
  std::size_t texts = 0;
  char text[texts_max][text_bytes] = {};
};

void put_text(Report& report, std::uint64_t seed, const std::string& what) {
  if (report.first_bad_seed == 0) report.first_bad_seed = seed;
  if (report.texts == texts_max) return;
  const std::string line = "SIMULATION_SEED=" + std::to_string(seed) + ": " + what;
  std::strncpy(report.text[report.texts++], line.c_str(), text_bytes - 1);
}

void run_range(Report& report, std::uint64_t first, std::uint64_t last, std::uint64_t step,
               std::uint64_t violations_max) {
  const Artifacts artifacts;
  for (std::uint64_t seed = first; seed <= last && report.violations < violations_max; seed += step) {
    report.present_seed = seed;
    const Outcome outcome = World(seed, artifacts, {}).run();
    ++report.schedules;
    report.events += outcome.events;
    report.fewest_events = std::min(report.fewest_events, outcome.events);
    report.simulated_ms += outcome.simulated_ms;
    report.night_ms += outcome.night_ms;
    if (outcome.settled_ms > report.settled_ms_max) report.latest_seed = seed;
    report.settled_ms_max = std::max(report.settled_ms_max, outcome.settled_ms);
    report.settled_late += outcome.settled_ms > minute_ms ? 1 : 0;
    report.crashes += outcome.crashes;
    report.done += outcome.done;
    report.rolled_back += outcome.rolled_back;
    report.refused += outcome.refused;
    report.given_up += outcome.given_up;
    report.violations += outcome.violations.empty() ? 0 : 1;
    for (const std::string& text : outcome.violations) put_text(report, seed, text);
  }
  report.finished = true;
}

Tally tally_of(const Report& report) {
  Tally tally;
  tally.schedules = report.schedules;
  tally.events = report.events;
  tally.fewest_events = report.fewest_events;
  tally.crashes = report.crashes;
  tally.violations = report.violations;
  tally.done = report.done;
  tally.rolled_back = report.rolled_back;
  tally.refused = report.refused;
  tally.given_up = report.given_up;
  tally.simulated_ms = report.simulated_ms;
  tally.night_ms = report.night_ms;
  tally.settled_ms_max = report.settled_ms_max;
  tally.latest_seed = report.latest_seed;
  tally.settled_late = report.settled_late;
  tally.first_bad_seed = report.first_bad_seed;
  for (std::size_t i = 0; i < report.texts; ++i) tally.texts.emplace_back(report.text[i]);
  return tally;
}

}  // namespace

std::uint64_t from_environment(const char* name, std::uint64_t otherwise) {
  const char* text = std::getenv(name);
  return text == nullptr ? otherwise : std::strtoull(text, nullptr, 10);
}

void Tally::add(const Tally& other) {
  fewest_events = schedules == 0 ? other.fewest_events : std::min(fewest_events, other.fewest_events);
  schedules += other.schedules;
  events += other.events;
  crashes += other.crashes;
  violations += other.violations;
  done += other.done;
  rolled_back += other.rolled_back;
  refused += other.refused;
  given_up += other.given_up;
  simulated_ms += other.simulated_ms;
  night_ms += other.night_ms;
  if (other.settled_ms_max > settled_ms_max) latest_seed = other.latest_seed;
  settled_ms_max = std::max(settled_ms_max, other.settled_ms_max);
  settled_late += other.settled_late;
  if (other.first_bad_seed != 0 && (first_bad_seed == 0 || other.first_bad_seed < first_bad_seed)) {
    first_bad_seed = other.first_bad_seed;
  }
  texts.insert(texts.end(), other.texts.begin(), other.texts.end());
}

Tally run_schedules(std::uint64_t first, std::uint64_t count, unsigned processes, std::uint64_t violations_max) {
  const std::size_t bytes = sizeof(Report) * processes;
  void* shared = ::mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  if (shared == MAP_FAILED) std::abort();
  auto* reports = static_cast<Report*>(shared);
  std::vector<pid_t> children;
  for (unsigned i = 0; i < processes; ++i) {
    new (&reports[i]) Report();
    const pid_t child = ::fork();
    if (child == 0) {
      try {
        run_range(reports[i], first + i, first + count - 1, processes, violations_max);
      } catch (const std::exception& error) {
        // It died of that, and the parent says so. The test that called us goes on there only.
        put_text(reports[i], reports[i].present_seed, error.what());
      }
      ::_exit(0);
    }
    children.push_back(child);
  }
  Tally tally;
  for (unsigned i = 0; i < processes; ++i) {
    int status = 0;
    ::waitpid(children[i], &status, 0);
    if (!reports[i].finished) {
      ++reports[i].violations;
      ++reports[i].schedules;
      put_text(reports[i], reports[i].present_seed, "the process died: a broken ENSURE, or worse");
    }
    tally.add(tally_of(reports[i]));
  }
  ::munmap(shared, bytes);
  return tally;
}

}  // namespace switchyard::simulation
