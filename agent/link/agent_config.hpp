#pragma once

#include <filesystem>
#include <string>

#include "agent/executors/executor.hpp"
#include "common/log.hpp"

namespace switchyard::agent {

/// /etc/switchyard/agent.yaml: what root on this host decides, and the coordinator cannot change. Every key has a
/// default, and the file may be missing.
///
///   allowed_roots: [/etc/myapp]        more places that files and links of a plan may be written to
///   components_root: /srv
///   backup_dir: /backup/switchyard     where copies of `files_to_backup` are kept; what holds it must be there
///   log_level: info                    debug, info, warning, error
struct AgentConfig {
  HostPaths paths;
  log::Level log_level = log::Level::info;
};

/// `root` is put before every path (tests and demos run many agents on one machine); empty or / for the real places.
/// Throws InputError with file:line:column.
AgentConfig load_agent_config(const std::filesystem::path& file, const std::filesystem::path& root);

}  // namespace switchyard::agent
