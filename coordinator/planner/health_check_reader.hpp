#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "common/ids.hpp"
#include "common/yaml_reader.hpp"
#include "coordinator/model/manifest.hpp"

namespace switchyard::planner {

/// The health checks that components may name: the built-in ones and those of the file's `health_checks:`.
using CheckBook = std::map<std::string, model::HealthCheck>;

/// http_health (GET http://127.0.0.1:${port}/health) and tcp_connectivity (connect to 127.0.0.1:${port}).
CheckBook built_in_checks(const model::ManifestDefaults& defaults = {});

/// The built-in checks and those of a `health_checks:` list. Throws InputError.
CheckBook read_check_book(const YamlNode& list, const model::ManifestDefaults& defaults = {});
/// A file of health checks, deploy/health-checks/*.yaml: the checks that it defines, with or without saying where they
/// are run. Throws InputError.
std::vector<model::HealthCheck> read_check_file(std::string_view text, const std::string& file_name);

/// A check to be registered: with where it is to be run, and without variables, since it belongs to no slot.
struct CheckToRegister {
  model::HealthCheck check;
  std::string component;      ///< only where this serves; empty: wherever anything does
  std::vector<HostId> hosts;  ///< only on these; empty: on all
};
/// A file of health checks for `health register`. Throws InputError.
std::vector<CheckToRegister> read_checks_to_register(std::string_view text, const std::string& file_name);
/// Does it run a program of its author's, or sign in with a credential of the host? Then it takes more than the right
/// to look at things.
bool runs_programs(const protocol::ProbeSpec& probe);

/// One health check: name, type, config and how often it is tried. Throws InputError.
model::HealthCheck read_health_check(const YamlNode& node, const model::ManifestDefaults& defaults = {});

}  // namespace switchyard::planner
