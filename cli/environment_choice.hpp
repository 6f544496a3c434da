#pragma once

#include <string>

#include "cli/context.hpp"

namespace switchyard::cli {

/// The environment that a command is for: the one that was given; or the only one that DEPLOYMENT_ENVIRONMENTS names;
/// or the only one that the coordinator knows of. Which of them was taken unasked is said among the notes. Throws
/// InputError, which lists them, when there is not exactly one.
std::string choose_environment(Context& context, const std::string& given);

}  // namespace switchyard::cli
