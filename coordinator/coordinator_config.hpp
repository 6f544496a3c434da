#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "common/limits.hpp"
#include "common/log.hpp"
#include "coordinator/access/environment_rule.hpp"
#include "coordinator/api/api_config.hpp"
#include "coordinator/fleet/planning.hpp"
#include "protocol/endpoint.hpp"

namespace switchyard {

/// What /etc/switchyard/coordinator.yaml says, checked, with defaults filled in. A value.
struct CoordinatorConfig {
  std::string control_address = "tcp://0.0.0.0:7400";
  std::string bulk_address = "tcp://0.0.0.0:7401";
  std::vector<protocol::Endpoint> advertise;  ///< where agents find this coordinator; at least one
  std::filesystem::path state_directory = "/var/lib/switchyard";
  api::ApiConfig api;
  fleet::HostRoots host_roots;
  access::EnvironmentRules environments;
  std::uint32_t keep_releases = limits::keep_releases_default;  ///< of every component; see ArtifactPruner
  log::Level log_level = log::Level::info;
  std::filesystem::path audit_log;  ///< DEPLOYMENT_AUDIT_LOG; empty: none
};

/// `root` goes before every path of this machine, so that many coordinators run on one; paths of the hosts stay.
/// An empty text is the default configuration. Throws InputError: file:line:column, what is wrong, what to do.
CoordinatorConfig read_coordinator_config(std::string_view text, const std::string& file_name,
                                          const std::filesystem::path& root);

/// The file, or the defaults when it was not `named` and does not exist. Throws InputError, SysError.
CoordinatorConfig load_coordinator_config(const std::filesystem::path& file, bool named,
                                          const std::filesystem::path& root);

}  // namespace switchyard
