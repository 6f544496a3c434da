#pragma once

#include <string>

#include "common/yaml_reader.hpp"

namespace switchyard::planner {

/// The node as JSON, for programs that are asked in JSON. What stands without quotes and looks like a number, true,
/// false or null is that; everything else is a text. Throws InputError.
std::string to_json(const YamlNode& node);

}  // namespace switchyard::planner
