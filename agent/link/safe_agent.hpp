#pragma once

#include <memory>
#include <string>

#include "agent/link/agent_config.hpp"
#include "agent/link/agent_identity.hpp"

namespace switchyard::agent {

/// What runs in the agent's place when its journal is damaged (SAFE mode): it connects and tells the coordinator so,
/// for every deployment that it is asked about, and does nothing else. What the damaged part said is not known, and a
/// step or a revert by guess could take down what serves. The services keep running; a person decides.
class SafeAgent {
 public:
  SafeAgent(const AgentConfig& config, const AgentIdentity& identity, std::string why);
  ~SafeAgent();
  void run();

 private:
  struct Parts;
  std::unique_ptr<Parts> parts_;
};

}  // namespace switchyard::agent
