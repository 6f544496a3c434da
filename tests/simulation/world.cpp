#include "tests/simulation/world.hpp"

#include <algorithm>
#include <cstdlib>
#include <iostream>

#include "common/limits.hpp"

namespace switchyard::simulation {

World::World(std::uint64_t seed) : random_(seed) {
  // A fixed key: the seed alone decides what happens.
  keys_ = signing_key_from_secret(std::string(32, 'k'));
  make_plan();
}
World::~World() = default;

void World::at(std::int64_t delay_ms, std::function<void()> happen) {
  queue_.push({now_ + std::max<std::int64_t>(delay_ms, 0), order_++, std::move(happen)});
}

void World::trace(const std::string& text) {
  static const bool told = std::getenv("SIMULATION_TRACE") != nullptr;
  if (told) std::cerr << now_ << " " << text << "\n";
  // FNV-1a over the whole history.
  for (const char c : std::to_string(now_) + text) {
    outcome_.trace_hash = (outcome_.trace_hash ^ static_cast<unsigned char>(c)) * 1099511628211ull;
  }
}

void World::violation(const std::string& text) {
  outcome_.violations.push_back("at " + std::to_string(now_) + " ms: " + text);
}

Outcome World::run() {
  outcome_.trace_hash = 14695981039346656037ull;
  for (auto& [id, host] : hosts_) start_agent(host);
  start_coordinator(true);
  schedule_faults();
  constexpr std::int64_t patience_ms = 60'000;  // I13
  constexpr std::uint64_t events_max = 200'000;
  while (!queue_.empty() && outcome_.events < events_max) {
    Event event = queue_.top();
    queue_.pop();
    now_ = event.at;
    event.happen();
    ++outcome_.events;
    check_invariants();
    if (!outcome_.violations.empty()) break;
    const bool quiet = now_ > faults_end_ + patience_ms;
    const bool all_up = std::all_of(hosts_.begin(), hosts_.end(), [](const auto& entry) { return entry.second.up; });
    if (ended_at_ >= 0 && now_ > faults_end_ && now_ > ended_at_ + 20'000 && all_up) break;
    if (quiet) break;
  }
  if (outcome_.violations.empty()) judge();
  outcome_.end = stored_row_.state;
  outcome_.reason = stored_row_.reason;
  outcome_.simulated_ms = now_;
  return outcome_;
}

// --- invariants
// ----------------------------------------------------------------------------------------------------------

namespace {

bool journal_has(const std::vector<agent::JournalRecord>& disk, agent::RecordKind kind) {
  return std::any_of(disk.begin(), disk.end(), [&](const auto& record) { return record.kind == kind; });
}

}  // namespace

void World::check_invariants() {
  for (const auto& [id, host] : hosts_) {
    // I5: a command takes effect at most once.
    for (const auto& [step, count] : host.effects) {
      if (count > 1)
        violation("I5: step " + step.str() + " on " + id.str() + " took effect " + std::to_string(count) + " times");
    }
    // I6: an agent's epoch never decreases.
    std::uint64_t epoch = 0;
    for (const agent::JournalRecord& record : host.disk) {
      if (record.kind != agent::RecordKind::epoch) continue;
      if (record.epoch < epoch) violation("I6: the epoch of " + id.str() + " decreased");
      epoch = record.epoch;
    }
    // I3: held, then a decision against it without the coordinator's.
    if (journal_has(host.disk, agent::RecordKind::held)) {
      for (const agent::JournalRecord& record : host.disk) {
        const bool abort = record.kind == agent::RecordKind::decision && !record.commit;
        if (abort && stored_decision_ != model::Decision::abort)
          violation("I3: " + id.str() + " reverted though it had voted");
      }
    }
  }
  // I2: a commit row implies every participant's HELD.
  if (stored_decision_ == model::Decision::commit) {
    for (const auto& [id, host] : hosts_) {
      if (!journal_has(host.disk, agent::RecordKind::held)) violation("I2: commit, and " + id.str() + " has not held");
    }
  }
}

void World::judge() {
  using model::DeploymentState;
  const DeploymentState end = stored_row_.state;
  if (end != DeploymentState::done && end != DeploymentState::rolled_back) {
    violation("I13: not ended 60 s after the last fault, but " + std::string(model::state_name(end)) + ": " +
              stored_row_.reason);
    return;
  }
  // I4: all new, or all old; and the report is what the hosts say.
  for (const auto& [id, host] : hosts_) {
    for (const protocol::SliceComponent& component : plan_.slices.at(id).components) {
      const std::string expected =
          end == DeploymentState::done ? component.release.str() : old_serving_.at(id).at(component.name);
      const std::string& actual = host.serving.at(component.name);
      if (actual != expected) {
        violation("I4: " + std::string(model::state_name(end)) + ", and " + id.str() + " serves '" + actual + "' for " +
                  component.name + ", not '" + expected + "'");
      }
      // At rest exactly the serving slot's unit is enabled.
      const std::string unit = end == DeploymentState::done ? component.unit : component.old.unit;
      if (!unit.empty() && !host.enabled.contains(unit)) {
        violation("at rest " + id.str() + " would not boot into '" + expected + "' for " + component.name);
      }
      if (!unit.empty() && !host.units.contains(unit)) {
        violation("the unit that serves " + component.name + " on " + id.str() + " does not run");
      }
    }
  }
}

}  // namespace switchyard::simulation
