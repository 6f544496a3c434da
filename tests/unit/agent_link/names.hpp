#pragma once

#include "common/ids.hpp"

namespace switchyard::agent {

/// The deployment that these tests are about.
inline const DeploymentId deployment("d-0123456789abcdef");

}  // namespace switchyard::agent
