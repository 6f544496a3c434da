#pragma once

#include <string>
#include <string_view>

#include "coordinator/model/configuration.hpp"

namespace switchyard::model {

/// The text as it stands between double quotes in a file of that format. Both sides of a hole that a secret is put into
/// write it alike. Pure.
std::string escaped(std::string_view text, ConfigurationFormat format);

}  // namespace switchyard::model
