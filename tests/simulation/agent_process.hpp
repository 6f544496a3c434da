#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>

#include "agent/core/agent_core.hpp"
#include "tests/simulation/network.hpp"
#include "tests/simulation/process.hpp"

namespace switchyard::simulation {

struct Host;
struct Surroundings;

/// One life of the agent, or of its dead-man: the real journal, step runner, shell, core and session, on a simulated
/// loop. Made and ended by its host.
class AgentProcess {
 public:
  AgentProcess(Surroundings& world, Host& host, agent::Role role, std::function<void(const Crashed&)> ended);
  ~AgentProcess();

  /// Reads the journal and begins. Apart from the constructor, since the process may end in the middle of it.
  void begin();
  /// The real code's objects are gone; late events find nothing.
  void clear();

  Process process;

  // --- faults ---
  /// A watched component's health changes. False if nothing is watched.
  bool change_health(bool healthy);
  /// A message comes from a coordinator that others have replaced meanwhile.
  void hear_stale(std::uint64_t epoch, const protocol::Message& message);
  /// Its key is in other hands, and who has it says this.
  void lie(const protocol::Message& message);
  /// Of the newest coordinator that has welcomed it in this life.
  std::uint64_t welcomed_epoch() const;
  std::optional<DeploymentId> open_deployment() const;

 private:
  struct Parts;
  std::unique_ptr<Parts> parts_;
  Surroundings& world_;
  Host& host_;
  agent::Role role_;
  Scheduler::Timer grace_;
};

}  // namespace switchyard::simulation
