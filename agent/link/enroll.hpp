#pragma once

#include <string>

#include "agent/link/agent_config.hpp"

namespace switchyard::agent {

/// `switchyard-agent enroll STRING`: makes this host's own key pair, proves the token by dialling with the key derived
/// from it, hands over the public half, and keeps name, endpoints and both pinned keys. Until the coordinator has said
/// yes only the new key pair is kept, under a name of its own, so that the same string can be tried again. Throws
/// InputError (string, already enrolled), TransportError (nobody there, token refused). Returns the host's name.
HostId enroll(const AgentConfig& config, const std::string& enrolment, const std::string& name);

}  // namespace switchyard::agent
