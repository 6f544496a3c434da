#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <queue>
#include <random>
#include <set>
#include <string>
#include <vector>

#include "agent/core/agent_core.hpp"
#include "common/crypto.hpp"
#include "coordinator/engine/engine.hpp"

/// A whole fleet in one thread: the real coordinator engine and the real agent cores, with simulated network, clock,
/// disks and hosts. One seed gives one history, byte for byte. Faults come from a random subset per seed (swarm
/// testing):
///
///   1. a plan for a few components on a few hosts is made from the seed, and the deployment is started;
///   2. events (messages, step ends, timers, faults) are taken from one queue in order of their time;
///   3. after every event the cheap invariants of the protocol are checked;
///   4. faults stop at a certain time; the world runs on until the deployment has ended, and the end is judged.
namespace switchyard::simulation {

struct Faults {
  double loss = 0;  ///< of each message
  double duplicate = 0;
  double slow = 0;  ///< share of messages that are delayed by seconds
  bool partitions = false;
  bool agent_crashes = false;
  bool coordinator_crashes = false;
  bool reboots = false;
  bool failing_steps = false;
  bool failing_health = false;
  bool failing_undos = false;
  bool stale_coordinator = false;  ///< the old coordinator's last messages arrive after the new one took over
  bool cancel = false;
};

struct Outcome {
  std::vector<std::string> violations;
  model::DeploymentState end = model::DeploymentState::draft;
  std::string reason;
  std::uint64_t events = 0;
  std::int64_t simulated_ms = 0;
  std::uint64_t trace_hash = 0;
  unsigned crashes = 0;
};

/// In this world a slot is named after the release in it, so that a unit's name says what it serves.
inline std::string unit_of(const std::string& component, const std::string& release) {
  return component + "@" + release + ".service";
}

class World {
 public:
  explicit World(std::uint64_t seed);
  ~World();
  Outcome run();

 private:
  // --- the machine room ---
  struct Event {
    std::int64_t at;
    std::uint64_t order;
    std::function<void()> happen;
    bool operator>(const Event& other) const { return at != other.at ? at > other.at : order > other.order; }
  };
  void at(std::int64_t delay_ms, std::function<void()> happen);
  bool chance(double probability) { return std::uniform_real_distribution<>(0, 1)(random_) < probability; }
  std::int64_t between(std::int64_t low, std::int64_t high) {
    return std::uniform_int_distribution<std::int64_t>(low, high)(random_);
  }
  void trace(const std::string& text);
  void violation(const std::string& text);

  // --- hosts ---
  struct Process {  // the agent, or the dead-man
    agent::Role role = agent::Role::agent;
    std::unique_ptr<agent::AgentCore> core;  ///< null: not running
    std::size_t seen = 0;                    ///< journal records known to it
    std::uint64_t life = 0;                  ///< grows with every start: what belongs to an older life is void
    std::map<std::string, std::uint64_t> timers;
  };
  struct Host {
    HostId id;
    std::vector<agent::JournalRecord> disk;  ///< durable
    Process agent, dead_man;
    bool up = true;
    std::uint64_t boot = 1;
    bool partitioned_in = false, partitioned_out = false;
    std::uint64_t connection = 0;  ///< dialled by this agent process
    std::uint64_t session = 0;     ///< the coordinator's number of the live connection; 0: none
    bool dead_man_armed = false;
    std::map<std::string, std::string> serving;  ///< component -> release behind the stable port; "" = nothing
    std::set<std::string> units;                 ///< running
    std::set<std::string> enabled;
    std::map<StepId, unsigned> effects;  ///< of `run` steps
  };
  std::string boot_id(const Host& host) const { return host.id.str() + "-boot-" + std::to_string(host.boot); }
  void start_agent(Host& host);
  void start_dead_man(Host& host);
  void crash(Host& host, Process& process);
  void reboot(Host& host);
  void agent_event(Host& host, Process& process, const agent::Event& event);
  void carry_out(Host& host, Process& process, agent::Effects effects);
  void run_step(Host& host, Process& process, agent::RunStep order);
  void act(Host& host, const protocol::Action& action, const StepId& step);
  void dial(Host& host);
  void welcome(Host& host, std::uint64_t connection);
  void lose_connection(Host& host);

  // --- coordinator ---
  void start_coordinator(bool first);
  void crash_coordinator();
  void coordinator_event(const engine::Event& event);
  void to_agent(Host& host, std::uint64_t session, std::uint64_t epoch, protocol::Message message);
  void to_coordinator(Host& host, std::uint64_t session, protocol::Message message);
  std::int64_t latency();

  // --- scenario, faults, oracle ---
  void make_plan();
  void schedule_faults();
  void check_invariants();
  void judge();

  std::mt19937_64 random_;
  std::int64_t now_ = 0;
  std::uint64_t order_ = 0;
  std::priority_queue<Event, std::vector<Event>, std::greater<>> queue_;
  Faults faults_;
  std::int64_t faults_end_ = 0;
  Outcome outcome_;

  SigningKeyPair keys_;
  model::Plan plan_;
  std::map<HostId, Host> hosts_;
  std::map<HostId, std::map<std::string, std::string>> old_serving_;
  std::set<StepId> doomed_;        ///< steps that fail
  std::set<StepId> doomed_undos_;  ///< undo steps that fail while faults last

  // the coordinator's disk, and its process
  model::DeploymentRow stored_row_;
  std::optional<model::Decision> stored_decision_;
  std::uint64_t stored_epoch_ = 0;
  std::unique_ptr<engine::DeploymentRun> run_;  ///< null: not running
  std::uint64_t coordinator_life_ = 0;
  std::uint64_t sessions_ = 0;
  std::map<std::string, std::uint64_t> coordinator_timers_;
  std::int64_t ended_at_ = -1;
};

}  // namespace switchyard::simulation
