#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "coordinator/access/action.hpp"
#include "coordinator/access/principal.hpp"

/// The one decision about who may do what. Pure.
namespace switchyard::access {

/// Why the principal may not; nothing when he may. `environment` counts for actions of Scope::environment only. The
/// text says what is missing, and who could give it.
std::optional<std::string> why_not(const Principal& principal, Action action, std::string_view environment);

inline bool may(const Principal& principal, Action action, std::string_view environment) {
  return !why_not(principal, action, environment).has_value();
}

}  // namespace switchyard::access
