#pragma once

#include "coordinator/model/manifest.hpp"

namespace switchyard::planner {

/// What components must be to each other: names once, dependencies known and without a cycle, ports and units of one
/// host used once. Throws InputError with the place of the component.
void check_components(const model::Manifest& manifest);

}  // namespace switchyard::planner
