#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "cli/destination.hpp"
#include "coordinator/config/caller_settings.hpp"
#include "coordinator/config/catalog.hpp"

namespace switchyard::cli {

/// The files of `--config-dir DIR`: DIR/environments and DIR/servers, and beside DIR deployments and health-checks.
/// Those that end with .yaml or .yml, by name; a directory that is not there is empty.
struct ConfigDirectory {
  std::string place;
  std::vector<config::ConfigFile> environments, servers, deployments, health_checks;
};
/// Throws InputError when DIR is no directory, a file cannot be read, or there are too many.
ConfigDirectory read_config_directory(const std::string& place);

/// The environments and servers, without those environments that DEPLOYMENT_ENVIRONMENTS leaves out. One that it names
/// and that is not there is a problem.
config::Catalog load_catalog(const ConfigDirectory& directory, const std::vector<config::CallerSetting>& settings);

/// The caller's variables as the pure libraries ask for them.
std::function<std::optional<std::string>(const std::string&)> caller_of(const ReadEnvironment& environment);

}  // namespace switchyard::cli
