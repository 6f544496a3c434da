#include "tests/simulation/world.hpp"

#include <algorithm>

#include "tests/simulation/stored_texts.hpp"

namespace switchyard::simulation {
namespace {

/// I13: from the last fault to the end of every deployment. What was asked of a host that was lost is asked again after
/// half a minute at the latest, and its answer may make the next step begin.
constexpr std::int64_t patience_ms = 150'000;
/// The same for what was under way at the last fault alone. Rests between batches and shares, and people who think
/// before they let something go on, are of the plan and no trouble.
constexpr std::int64_t settled_ms_max = 300'000;
constexpr std::uint64_t events_max = 400'000;
constexpr std::uint64_t events_min = 3'000;
/// How often hosts are looked at whose time may be over.
constexpr std::int64_t deadline_look_ms = 3'000;

}  // namespace

World::World(std::uint64_t seed, const Artifacts& artifacts, Options options)
    : options_(options),
      artifacts_(artifacts),
      surroundings_(seed, watchman_, trace_),
      kernel_random_(surroundings_.dice),
      plan_(FleetPlan::draw(surroundings_.dice)),
      coordinator_clock_(surroundings_.events),
      operators_(surroundings_, plan_, artifacts, model_,
                 [this](const auto& ask) { return !coordinators_.empty() && coordinators_.back()->ask(ask); }) {
  surroundings_.journal_compact_bytes = static_cast<std::uint64_t>(surroundings_.dice.between(4'000, 60'000));
  for (const std::string& name : plan_.hosts) {
    hosts_[HostId(name)] = std::make_unique<Host>(surroundings_, HostId(name));
  }
  for (const FleetPlan::Component& component : plan_.components) {
    for (const std::string& needed : component.dependencies) watchman_.dependents[needed].insert(component.name);
  }
  enrol_hosts();
  if (!plan_.secret.empty()) plant_secret();
}

World::~World() {
  // Processes refer to everything else.
  hosts_.clear();
  coordinators_.clear();
}

void World::enrol_hosts() {
  for (const std::string& name : plan_.hosts) {
    model::HostRow row;
    row.id = HostId(name);
    row.public_key = "key of " + name;
    store_disk_->hosts[row.id] = row;
  }
}

/// I11: from here on nobody but the hosts that it is sealed to may see it.
void World::plant_secret() {
  watchman_.keep_secret(plan_.secret);
  for (auto& [id, host] : hosts_) {
    store_disk_->hosts[id].public_key = host->give_key();
    host->machine.masks = !surroundings_.dice.chance(0.3);
  }
  surroundings_.network.overheard = [this](const HostId& id, bool out, const std::string& frame) {
    // What a host of an older version says, the coordinator has to mask.
    if (out || hosts_.at(id)->machine.masks)
      watchman_.must_not_tell(frame, out ? "a frame to " : "a frame of ", id.str());
  };
}

void World::search_for_secrets(const std::string& when) {
  if (plan_.secret.empty()) return;
  for_each_text(*store_disk_, [&](const char* where, std::string_view text) {
    watchman_.must_not_tell(text, "the store, ", where + (", " + when));
  });
  for (const auto& [id, host] : hosts_) {
    if (host->machine.masks) watchman_.must_not_tell(host->disk.durable_bytes(), "the journal of ", id.str());
  }
}

// --- the coordinator
// ---------------------------------------------------------------------------------------------------

void World::start_coordinator() {
  if (!coordinator_wanted_) return;
  auto process = std::make_shared<CoordinatorProcess>(surroundings_, coordinator_clock_, store_disk_, store_trouble_,
                                                      artifacts_.directory(),
                                                      [this, number = coordinators_.size()](const Crashed& crash) {
                                                        coordinator_ended(coordinators_[number].get(), crash);
                                                      });
  coordinators_.push_back(process);
  process->begin();
}

void World::coordinator_ended(CoordinatorProcess* process, const Crashed& crash) {
  trace_.note(surroundings_.events.now(), "coordinator", "ended: " + crash.why);
  ++surroundings_.crashes;
  model_.disturbed();
  process->clear();
  // One that was replaced is not started again: systemd leaves a fenced one alone after its exit status.
  if (process != coordinators_.back().get()) return;
  surroundings_.events.at(surroundings_.dice.between(200, 10'000), [this, process] {
    if (process == coordinators_.back().get()) start_coordinator();
  });
}

void World::crash_coordinator(const std::string& why) {
  if (!coordinators_.empty()) coordinators_.back()->process.kill(why);
}

void World::freeze_coordinator(std::int64_t ms) {
  if (coordinators_.empty() || !coordinators_.back()->listens()) return;
  auto frozen = coordinators_.back();
  trace_.note(surroundings_.events.now(), "coordinator", "frozen");
  model_.disturbed();
  frozen->process.pause();
  surroundings_.events.at(surroundings_.dice.between(0, ms), [this, frozen] {
    if (frozen == coordinators_.back()) start_coordinator();
  });
  surroundings_.events.at(ms, [this, frozen] {
    frozen->process.go_on();
    surroundings_.network.wake();
  });
}

void World::copy_store() { store_copy_ = std::make_shared<store::MemoryDisk>(*store_disk_); }

void World::restore_store() {
  if (!store_copy_) return;
  trace_.note(surroundings_.events.now(), "coordinator", "an old copy of its store is restored");
  // Whoever still had the newer store in hand is gone before.
  for (const auto& process : std::vector(coordinators_)) process->process.kill("for the restore");
  const auto lost = std::exchange(store_disk_, std::exchange(store_copy_, nullptr));
  store_disk_->restored = true;
  watchman_.store_was_restored(*lost, *store_disk_);
  operators_.store_was_restored(*lost);
}

// --- the history
// -------------------------------------------------------------------------------------------------------

/// A host whose time is over has gone back by itself, whoever is gone or frozen; only a dead-man that systemd refuses
/// to start, and a disk that cannot be written, excuse it.
void World::look_at_deadlines() {
  surroundings_.network.wake();  // dials that failed are tried again
  for (auto& [id, host] : hosts_) {
    // A disk that stays full does not: there is room for the way back.
    const bool full = host->disk.full && options_.full_at == 0;
    if (host->up && host->dead_man_failure == 0 && host->disk.sync_failure == 0 && !full) {
      watchman_.deadline(id, host->boot_id(), host->clock.boot_ms());
    }
  }
  surroundings_.events.at(deadline_look_ms, [this] { look_at_deadlines(); });
}

void World::run_for(std::int64_t ms) {
  const std::int64_t end = surroundings_.events.now() + ms;
  bool over = false;
  surroundings_.events.at(ms, [&over] { over = true; });
  while (!over && watchman_.violations().empty() && surroundings_.events.now() <= end) {
    surroundings_.events.happen_next();
    if (surroundings_.events.count() > events_max) return watchman_.violation("a loop: too many events");
  }
}

bool World::run_until_content(std::int64_t ms_max) {
  const std::int64_t end = surroundings_.events.now() + ms_max;
  while (surroundings_.events.now() < end && watchman_.violations().empty()) {
    if (operators_.content() && !model_.anything_open()) return true;
    run_for(1'000);
  }
  return operators_.content() && !model_.anything_open();
}

void World::end_faults() {
  faults_on_ = false;
  surroundings_.points.armed = false;
  surroundings_.network.trouble = {};
  store_trouble_ = {};
  // Somebody has set the clocks: a plan may be accepted until it expires, by the clock of each host.
  coordinator_clock_.wall_offset_ms = 0;
  for (auto& [id, host] : hosts_) {
    Network::Way& way = surroundings_.network.way(id);
    way.cut_in = way.cut_out = false;
    surroundings_.network.unclog(id);
    host->disk.full = false;
    host->dead_man_failure = 0;
    host->clock.wall_offset_ms = 0;
    Machine::Trouble& trouble = host->machine.trouble;
    trouble = {.bad_releases = trouble.bad_releases, .walling_releases = trouble.walling_releases};
    // A plan has an hour by the wall clock of the host that takes it: somebody has put the clocks right.
    host->clock.wall_offset_ms = 0;
    if (host->agent) host->agent->change_health(true);
  }
  coordinator_clock_.wall_offset_ms = 0;
  surroundings_.network.wake();
  trace_.note(surroundings_.events.now(), "world", "faults end");
  faults_ended_ms_ = surroundings_.events.now();
  for (const auto& [id, row] : store_disk_->deployments) {
    if (!model::is_final(row.state)) unfinished_.push_back(id);
  }
  watch_the_end();
}

void World::watch_the_end() {
  constexpr std::int64_t look_ms = 500;
  std::erase_if(unfinished_, [this](const DeploymentId& id) {
    const auto row = store_disk_->deployments.find(id);
    return row == store_disk_->deployments.end() || model::is_final(row->second.state) ||
           row->second.state == model::DeploymentState::stuck;
  });
  settled_ms_ = surroundings_.events.now() - faults_ended_ms_;
  if (settled_ms_ > settled_ms_max) {
    return watchman_.violation("I13: five minutes after the last fault " + unfinished_.front().str() + " is not over");
  }
  if (!unfinished_.empty()) surroundings_.events.at(look_ms, [this] { watch_the_end(); });
}

Outcome World::run() {
  for (auto& [id, host] : hosts_) host->switch_on();
  start_coordinator();
  operators_.begin();
  look_at_deadlines();
  operators_.wish({.rollback = false, .version = 1, .must_succeed = true});
  if (!run_until_content(240'000)) watchman_.violation("the first deployment has not come to its end");
  compare_with_model("after the first deployment");
  if (options_.faults) {
    faults_ = std::make_unique<Faults>(*this);
    faults_on_ = true;
    operators_.calm = false;
    const int wishes = static_cast<int>(surroundings_.dice.between(2, 4));
    for (int i = 0; i < wishes; ++i) {
      operators_.wish({.rollback = surroundings_.dice.chance(0.35), .version = 2 + i, .must_succeed = false});
    }
    faults_->begin();
    run_for(faults_->length_ms());
    model_.disturbed();
    end_faults();
    settle("after the faults");
    operators_.calm = true;
  } else {
    surroundings_.points.crash_at = options_.crash_at == 0 ? 0 : surroundings_.points.passed() + options_.crash_at;
    surroundings_.points.crash_with_power = options_.crash_with_power;
    const bool calm = options_.crash_at == 0 && options_.full_at == 0;
    if (options_.full_at > 0) fill_disks_at(surroundings_.points.passed() + options_.full_at);
    operators_.calm = calm;
    operators_.wish({.rollback = options_.rollback_wish, .version = 2, .must_succeed = calm});
    const std::uint64_t before = surroundings_.points.passed();
    settle("after the second wish");
    for (auto& [id, host] : hosts_) host->disk.full = false;
    surroundings_.points.call_at = 0;
    surroundings_.points.crash_at = 0;
    if (options_.crash_at == 0) surroundings_.points.crash_at = before;  // told to who counts them
    operators_.calm = true;
  }
  const std::uint64_t points = surroundings_.points.passed() - surroundings_.points.crash_at;
  surroundings_.points.crash_at = 0;
  operators_.wish({.rollback = false, .version = 7, .must_succeed = true});
  settle("after the last deployment");
  // Every world is a history of some length, whatever happened in it.
  while (surroundings_.events.count() < events_min && watchman_.violations().empty()) run_for(5'000);
  sleep_through_the_night();
  if (watchman_.violations().empty()) watchman_.audit_at_the_end(coordinators_.back()->audit());

  Outcome outcome;
  outcome.violations = watchman_.violations();
  outcome.events = surroundings_.events.count();
  outcome.simulated_ms = surroundings_.events.now();
  trace_.mix(outcome.events);
  outcome.trace_hash = trace_.hash();
  outcome.crashes = surroundings_.crashes;
  outcome.points = points;
  outcome.happened_as_chosen = surroundings_.points.crashed_as_chosen || filled_as_chosen_;
  outcome.night_ms = night_ms_;
  outcome.done = operators_.done;
  outcome.rolled_back = operators_.rolled_back;
  outcome.refused = operators_.refused;
  outcome.given_up = operators_.given_up;
  outcome.settled_ms = settled_ms_;
  return outcome;
}

void World::fill_disks_at(std::uint64_t point) {
  surroundings_.points.call_at = point;
  surroundings_.points.call = [this] {
    filled_as_chosen_ = true;
    model_.disturbed();
    trace_.note(surroundings_.events.now(), "world", "no host has a free byte");
    for (auto& [id, host] : hosts_) host->disk.full = true;
  };
}

/// Everything that was begun ends, and the fleet is as it was told.
void World::settle(const std::string& when) {
  if (!watchman_.violations().empty()) return;
  // What was wished for is granted one after the other: each has the same right to be patient.
  for (int wish = 0; wish < 6 && !run_until_content(patience_ms); ++wish) {
    if (wish == 5) watchman_.violation("I13: not at its end " + when + ": " + operators_.present());
  }
  run_for(35'000);  // the last acknowledgements
  const auto all_run = [this] {
    return std::all_of(hosts_.begin(), hosts_.end(), [](const auto& entry) { return entry.second->running(); });
  };
  for (int i = 0; i < 12 && !all_run(); ++i) run_for(5'000);  // who has just crashed comes back first
  compare_with_model(when);
}

/// The coordinator's machine is switched off for hours: nobody must miss it.
void World::sleep_through_the_night() {
  if (!watchman_.violations().empty()) return;
  coordinator_wanted_ = false;
  crash_coordinator("the night");
  const std::int64_t evening = surroundings_.events.now();
  run_for(surroundings_.dice.between(1'200'000, 2'800'000));
  night_ms_ = surroundings_.events.now() - evening;
  if (surroundings_.dice.chance(0.3)) surroundings_.dice.pick(hosts_).second->reboot(surroundings_.dice.chance(0.5));
  coordinator_wanted_ = true;
  start_coordinator();
  run_for(60'000);
  compare_with_model("in the morning");
  for (const auto& [id, host] : hosts_) {
    if (model_.behind(id.str())) watchman_.violation("I13: " + id.str() + " was left out, and has never followed");
  }
  for (const auto& [place, release] : model_.fleet()) {
    const std::size_t idle = hosts_.at(HostId(place.first))->machine.idle_units_of(place.second);
    if (idle > 0) watchman_.violation("on " + place.first + " an old slot of " + place.second + " was never stopped");
  }
}

void World::compare_with_model(const std::string& when) {
  search_for_secrets(when);
  for (const std::string& complaint : model_.take_complaints()) watchman_.violation(complaint + ", " + when);
  for (const auto& [place, release] : model_.fleet()) {
    const auto& [host, component] = place;
    if (model_.changing(place) || model_.behind(host)) continue;
    const Machine& machine = hosts_.at(HostId(host))->machine;
    const std::string serves = machine.serving(component);
    if (serves != release) {
      watchman_.violation("I4: " + host + " serves '" + serves + "' for " + component + ", not '" + release + "', " +
                          when);
    }
    if (!release.empty() && machine.current(component) != release) {
      watchman_.violation("I8: `current` of " + component + " on " + host + " is '" + machine.current(component) +
                          "', " + when);
    }
    if (machine.enabled_of(component) != (release.empty() ? 0u : 1u)) {
      watchman_.violation("at rest " + host + " would boot with " + std::to_string(machine.enabled_of(component)) +
                          " units of " + component + ", " + when);
    }
  }
}

}  // namespace switchyard::simulation
