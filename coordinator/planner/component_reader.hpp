#pragma once

#include "common/yaml_reader.hpp"
#include "coordinator/model/manifest.hpp"
#include "coordinator/planner/health_check_reader.hpp"

namespace switchyard::planner {

/// One entry of `components:`. That it cannot follow a strategy that is asked for by option is only noted
/// (Component::strategy_trouble): it may not be among what is deployed. Throws InputError.
model::Component read_component(const YamlNode& node, const CheckBook& checks, const model::ManifestDefaults& defaults);

}  // namespace switchyard::planner
