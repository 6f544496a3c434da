#pragma once

#include <nlohmann/json_fwd.hpp>

#include "coordinator/fleet/operations.hpp"

namespace switchyard::api::views {

/// What a plan would come to: its timeline, what would be reverted, how it ends, and all of it as text. Pure.
nlohmann::json simulation_view(const fleet::SimulationView& view);

}  // namespace switchyard::api::views
