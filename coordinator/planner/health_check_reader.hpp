#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "common/yaml_reader.hpp"
#include "coordinator/model/manifest.hpp"

namespace switchyard::planner {

/// The health checks that components may name: the built-in ones and those of the file's `health_checks:`.
using CheckBook = std::map<std::string, model::HealthCheck>;

/// http_health (GET http://127.0.0.1:${port}/health) and tcp_connectivity (connect to 127.0.0.1:${port}).
CheckBook built_in_checks();

/// The built-in checks and those of a `health_checks:` list. Throws InputError.
CheckBook read_check_book(const YamlNode& list);
/// A file of health checks, deploy/health-checks/*.yaml: the checks that it defines. Throws InputError.
std::vector<model::HealthCheck> read_check_file(std::string_view text, const std::string& file_name);

/// One health check: name, type, config and how often it is tried. Throws InputError.
model::HealthCheck read_health_check(const YamlNode& node);

}  // namespace switchyard::planner
