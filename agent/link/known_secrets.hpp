#pragma once

#include <filesystem>
#include <vector>

#include "agent/core/journal_record.hpp"
#include "common/secret_mask.hpp"

namespace switchyard::agent {

/// Makes the mask know the secrets in the configurations that the journal's plans bring: a process that begins in the
/// middle of a deployment, or to revert one, does not put them in place once more. `key_file`: this host's agent.key.
/// Never throws an Error: a revert does not fail for it, and what is not known here the coordinator masks.
void learn_secrets(const std::vector<JournalRecord>& journal, const std::filesystem::path& key_file, SecretMask& mask);

}  // namespace switchyard::agent
