#pragma once

#include "coordinator/config/resolver.hpp"
#include "coordinator/model/configuration.hpp"

namespace switchyard::config {

/// The file that a service reads, with the names of secrets where their values go. Pure. JSON and YAML: the map as it
/// stands, texts in double quotes. env: every value a variable, `api.url` is API_URL, lists are JSON. Throws InputError
/// when a key cannot be a variable, or two are the same one.
model::ComponentConfiguration configuration_file(const Resolved& resolved, model::ConfigurationFormat format);

}  // namespace switchyard::config
