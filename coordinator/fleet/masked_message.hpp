#pragma once

#include "common/secret_mask.hpp"
#include "protocol/message.hpp"

namespace switchyard::fleet {

/// Blackens secrets in what a host says in words: what its steps, probes, checks and services have printed. Names,
/// states and codes stay as they are: by them the coordinator decides, and who may set a secret must not be able to
/// take a name out of a report by making it one.
void mask_texts(protocol::Message& message, const SecretMask& mask);

}  // namespace switchyard::fleet
