#pragma once

#include <string>

#include "coordinator/model/configuration.hpp"

namespace switchyard::store {

/// As it comes with a request, and as the store keeps it: JSON in which equal configurations have equal bytes.
std::string to_json(const model::Configuration& configuration);
/// Throws InputError that names what is missing, unknown, of another type or beyond its bound.
model::Configuration configuration_from_json(const std::string& text);

}  // namespace switchyard::store
