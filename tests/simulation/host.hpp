#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "common/crypto.hpp"
#include "tests/simulation/agent_process.hpp"
#include "tests/simulation/machine.hpp"
#include "tests/simulation/sim_disk.hpp"

namespace switchyard::simulation {

class Watchman;
class Trace;

/// What every part of a world shares.
struct Surroundings {
  Events events;
  Dice dice;
  FaultPoints points;
  Network network;
  SigningKeyPair plan_key;
  Watchman& watchman;
  Trace& trace;
  std::uint64_t crashes = 0;
  std::uint64_t journal_compact_bytes = 0;

  Surroundings(std::uint64_t seed, Watchman& watching, Trace& tracing);
};

/// One host: the machine, its disk and clock, and the processes that come and go on it.
struct Host {
  Host(Surroundings& surroundings, HostId name);
  ~Host();

  /// To which configurations can be sealed. Returns the public half.
  std::string give_key();
  void switch_on();
  /// An orderly reboot, or a power cut.
  void reboot(bool power);
  void start_agent();
  /// Anew, whoever of that name still runs. As `resume`, at boot, before the agent.
  void start_dead_man(agent::Role role = agent::Role::dead_man);
  std::string boot_id() const { return id.str() + "-boot-" + std::to_string(boots); }
  bool running() const { return up && agent != nullptr; }

  HostId id;
  MachineClock clock;
  SimDisk disk;
  Machine machine;
  bool up = false;
  std::uint64_t boots = 0;
  std::unique_ptr<AgentProcess> agent, dead_man;
  std::string audit_head;       ///< what agent/link/witness.cpp keeps in a file
  double dead_man_failure = 0;  ///< share of its starts that systemd refuses

 private:
  void agent_ended(const Crashed& crash);
  void dead_man_ended(const Crashed& crash);
  void bury(std::unique_ptr<AgentProcess>& process);

  Surroundings& world_;
};

}  // namespace switchyard::simulation
