#pragma once

#include "common/yaml_reader.hpp"
#include "coordinator/model/manifest.hpp"

namespace switchyard::planner {

/// The `hooks` of a component whose service is read already. Throws InputError.
void read_hooks(const YamlNode& list, model::Component& component);

}  // namespace switchyard::planner
