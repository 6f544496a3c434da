#pragma once

#include <string>

#include "cli/api_values.hpp"

namespace switchyard::cli {

/// How a deployment ended, or what a person has to do now, and what runs afterwards. One paragraph with its line break.
std::string outcome_text(const Deployment& deployment);

}  // namespace switchyard::cli
