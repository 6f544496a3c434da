#pragma once

#include <memory>

#include "agent/link/agent_config.hpp"
#include "agent/link/agent_identity.hpp"
#include "common/secret_mask.hpp"

namespace switchyard::agent {

/// The agent process: builds everything by hand, runs the loop until SIGTERM, and ends cleanly at any moment, since all
/// that matters is in the journal. Throws Error when it cannot begin.
class Agent {
 public:
  Agent(const AgentConfig& config, const AgentIdentity& identity, SecretMask& mask);
  ~Agent();
  void run();

 private:
  struct Parts;
  std::unique_ptr<Parts> parts_;
};

}  // namespace switchyard::agent
