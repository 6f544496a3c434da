#pragma once

#include <string>

/// Settings come from environment variables, as units set them.
namespace guestbook {

std::string environment_or(const char* name, const std::string& otherwise);
/// Throws std::runtime_error if the variable is not set or empty.
std::string required_environment(const char* name);

}  // namespace guestbook
