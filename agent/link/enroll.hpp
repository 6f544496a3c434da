#pragma once

#include <cstdint>
#include <string>

#include "agent/link/agent_config.hpp"
#include "common/error.hpp"
#include "common/ids.hpp"
#include "common/limits.hpp"

namespace switchyard::agent {

/// The coordinator said no, or does not know the token's key. what() says why, as far as it was told.
struct EnrolmentRefused : Error {
  using Error::Error;
};

/// `switchyard-agent enroll STRING`: makes this host's own key pair, proves the token by dialling with the key derived
/// from it, hands over the public half, and keeps name, endpoints and both pinned keys. Until the coordinator has said
/// yes only the new key pair is kept, under a name of its own, so that the same string can be tried again; it goes when
/// it can be of no more use: the host is enrolled, the coordinator said no to it, or its token has expired. Throws
/// InputError (string, already enrolled), EnrolmentRefused, TransportError (nobody there). Returns the host's name.
HostId enroll(const AgentConfig& config, const std::string& enrolment, const std::string& name,
              std::int64_t patience_ms = limits::enrol_ms_max);

}  // namespace switchyard::agent
