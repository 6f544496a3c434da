#pragma once

#include "common/yaml_reader.hpp"
#include "coordinator/model/manifest.hpp"
#include "coordinator/planner/health_check_reader.hpp"

namespace switchyard::planner {

/// `schemas_to_backup` of a component, whose health checks were read before. Throws InputError.
std::vector<protocol::SchemaDemand> read_schemas_to_backup(const YamlNode& list, const CheckBook& checks,
                                                           const model::Component& component);

}  // namespace switchyard::planner
