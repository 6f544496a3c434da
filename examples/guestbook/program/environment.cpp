#include "program/environment.hpp"

#include <cstdlib>
#include <stdexcept>

namespace guestbook {

std::string environment_or(const char* name, const std::string& otherwise) {
  const char* value = std::getenv(name);
  return value != nullptr && *value != '\0' ? value : otherwise;
}

std::string required_environment(const char* name) {
  std::string value = environment_or(name, "");
  if (value.empty()) throw std::runtime_error(std::string("set the environment variable ") + name);
  return value;
}

}  // namespace guestbook
