#pragma once

#include "common/yaml_reader.hpp"
#include "coordinator/model/manifest.hpp"
#include "coordinator/planner/health_check_reader.hpp"

namespace switchyard::planner {

/// One entry of `components:`. Throws InputError.
model::Component read_component(const YamlNode& node, const CheckBook& checks);

}  // namespace switchyard::planner
