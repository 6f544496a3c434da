#pragma once

#include "common/yaml_reader.hpp"
#include "coordinator/model/manifest.hpp"

namespace switchyard::planner {

/// `min_healthy` and `min_healthy_seconds` of a component, whose strategy and hosts were read before. Throws
/// InputError.
void read_rolling(const YamlNode& node, model::Component& component);

}  // namespace switchyard::planner
