#pragma once

#include <string>
#include <vector>

#include "coordinator/forecast/simulation.hpp"

namespace switchyard::forecast {

/// For people: what happens when on which host, what would be reverted in which order, and how it ends. `unmeasured`
/// are kinds of steps without a history, which take no time in the simulation: the times are lower bounds then.
std::string simulation_text(const Simulation& simulation, const std::vector<std::string>& unmeasured);

}  // namespace switchyard::forecast
