#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "tests/simulation/coordinator_process.hpp"
#include "tests/simulation/faults.hpp"
#include "tests/simulation/fleet_plan.hpp"
#include "tests/simulation/host.hpp"
#include "tests/simulation/kernel_random.hpp"
#include "tests/simulation/operators.hpp"
#include "tests/simulation/reference_model.hpp"
#include "tests/simulation/trace.hpp"
#include "tests/simulation/watchman.hpp"

namespace switchyard::simulation {

struct Outcome {
  std::vector<std::string> violations;
  std::uint64_t events = 0;
  std::int64_t simulated_ms = 0;
  std::uint64_t trace_hash = 0;
  std::uint64_t crashes = 0;
  bool happened_as_chosen = false;  ///< what Options::crash_at or full_at asks for
  std::uint64_t points = 0;  ///< writes, syncs and commits passed
  std::uint64_t done = 0, rolled_back = 0, refused = 0, given_up = 0;
  /// From the last fault until what was under way then was over, or known to be stuck (I13).
  std::int64_t settled_ms = 0;
  /// Of the simulated time: while the coordinator was switched off for hours.
  std::int64_t night_ms = 0;
};

/// A whole fleet in one thread: the real coordinator (planner, engine, fleet, store logic) and the real agents and
/// dead-men (core, journal, shell, session), with simulated network, clocks, disks, machines and randomness. One seed
/// gives one history, byte for byte.
///
///   1. a fleet and its manifests are drawn, and its operators get a list of wishes;
///   2. while they work through them, a random subset of all kinds of faults happens (faults.hpp);
///   3. after every event the watchman checks what that event could have broken;
///   4. faults stop; everything must come to its end, and a last deployment must be done; a quiet night passes;
///   5. what clients reach is compared with what the reference model says from the coordinator's answers.
class World {
 public:
  struct Options {
    bool faults = true;
    std::uint64_t crash_at =
        0;  ///< the n-th write, sync or commit since the second wish began is the last of its process
    bool crash_with_power = false;
    bool rollback_wish = false;  ///< without faults: the second wish is a rollback
    /// From the n-th on no host has a free byte, until what was wished for is over.
    std::uint64_t full_at = 0;
  };
  World(std::uint64_t seed, const Artifacts& artifacts, Options options);
  ~World();
  Outcome run();

  // --- for the faults ---
  Surroundings& surroundings() { return surroundings_; }
  std::map<HostId, std::unique_ptr<Host>>& hosts() { return hosts_; }
  Operators& operators() { return operators_; }
  ReferenceModel& model() { return model_; }
  FleetPlan& plan() { return plan_; }
  const Artifacts& artifacts() const { return artifacts_; }
  StoreTrouble& store_trouble() { return store_trouble_; }
  const std::map<DeploymentId, model::Plan>& plans() const { return store_disk_->plans; }
  MachineClock& coordinator_clock() { return coordinator_clock_; }
  void crash_coordinator(const std::string& why);
  /// The present one is frozen for a while, and another takes over meanwhile.
  void freeze_coordinator(std::int64_t ms);
  /// Somebody copies the store now ...
  void copy_store();
  /// ... and puts the copy in the store's place later, as the manual says.
  void restore_store();
  bool faults_are_on() const { return faults_on_; }

 private:
  void enrol_hosts();
  void plant_secret();
  void search_for_secrets(const std::string& when);
  void start_coordinator();
  void coordinator_ended(CoordinatorProcess* process, const Crashed& crash);
  void look_at_deadlines();
  void run_for(std::int64_t ms);
  bool run_until_content(std::int64_t ms_max);
  void end_faults();
  void watch_the_end();
  void fill_disks_at(std::uint64_t point);
  void settle(const std::string& when);
  void sleep_through_the_night();
  void compare_with_model(const std::string& when);

  Options options_;
  const Artifacts& artifacts_;
  Watchman watchman_;
  Trace trace_;
  Surroundings surroundings_;
  KernelRandom kernel_random_;
  FleetPlan plan_;
  MachineClock coordinator_clock_;
  StoreTrouble store_trouble_;
  std::shared_ptr<store::MemoryDisk> store_copy_;
  std::shared_ptr<store::MemoryDisk> store_disk_ = std::make_shared<store::MemoryDisk>();
  std::map<HostId, std::unique_ptr<Host>> hosts_;
  std::vector<std::shared_ptr<CoordinatorProcess>> coordinators_;  ///< the newest last
  ReferenceModel model_;
  Operators operators_;
  std::unique_ptr<Faults> faults_;
  bool faults_on_ = false;
  bool filled_as_chosen_ = false;
  std::int64_t faults_ended_ms_ = 0, settled_ms_ = 0, night_ms_ = 0;
  std::vector<DeploymentId> unfinished_;  ///< when the faults ended
  bool coordinator_wanted_ = true;
};

}  // namespace switchyard::simulation
