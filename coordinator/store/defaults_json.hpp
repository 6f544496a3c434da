#pragma once

#include <string>

#include "coordinator/model/manifest.hpp"

namespace switchyard::store {

/// As it comes with a request, and as the store keeps it: JSON in which equal defaults have equal bytes.
std::string to_json(const model::ManifestDefaults& defaults);
/// Throws InputError that names what is unknown, of another type or beyond its bound.
model::ManifestDefaults defaults_from_json(const std::string& text);

}  // namespace switchyard::store
