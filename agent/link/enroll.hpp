#pragma once

#include <cstdint>
#include <filesystem>
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

/// `switchyard-agent enroll STRING --new-key`: a host that is enrolled draws a new pair, and the coordinator takes it
/// in the place of the old one, in one transaction. The new pair is durable before the coordinator hears of it, so that
/// whichever of the two it knows, this host has; a running agent takes the one that works (change_key()). Throws as
/// above, and InputError when the string is of another coordinator than this host's.
HostId take_new_key(const AgentConfig& config, const std::string& enrolment,
                    std::int64_t patience_ms = limits::enrol_ms_max);

/// The agent was turned away, and a new key was being tried when the answer was lost: it changes places with the one in
/// use. False when there is none. To be followed by a new start of the agent.
bool change_key(const std::filesystem::path& state);
/// The agent was let in: keys that were only tried are of no more use.
void keep_key(const std::filesystem::path& state);

}  // namespace switchyard::agent
