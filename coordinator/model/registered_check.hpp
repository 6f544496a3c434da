#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "common/ids.hpp"
#include "protocol/step.hpp"

namespace switchyard::model {

/// A health check that is known by its name in an environment, and is run when somebody asks.
struct RegisteredCheck {
  std::string environment;
  std::string name;
  protocol::ProbeSpec probe;
  std::vector<std::string> tags;
  std::string component;      ///< only where this serves; empty: wherever anything of the environment serves
  std::vector<HostId> hosts;  ///< only on these; empty: on all
  std::string registered_by;  ///< principal
  std::int64_t registered_wall_ms = 0;
  bool operator==(const RegisteredCheck&) const = default;
};

}  // namespace switchyard::model
