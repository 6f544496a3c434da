#pragma once

#include <map>
#include <string>

#include "common/yaml_reader.hpp"
#include "coordinator/model/manifest.hpp"

namespace switchyard::planner {

/// The health checks that components may name: the built-in ones and those of the file's `health_checks:`.
using CheckBook = std::map<std::string, model::HealthCheck>;

/// http_health (GET http://127.0.0.1:${port}/health) and tcp_connectivity (connect to 127.0.0.1:${port}).
CheckBook built_in_checks();

/// One health check: name, type, config and how often it is tried. Throws InputError.
model::HealthCheck read_health_check(const YamlNode& node);

}  // namespace switchyard::planner
