#pragma once

#include <cstddef>

/// Limits that only forecasts need; all others are in common/limits.hpp.
namespace switchyard::limits {

/// How many places (a component on a host each) times events one simulation may have. With many places an event costs
/// more: a plan of twelve components on 100 hosts held the loop for 6 s with 50,000 of them (`simulation_events_max`).
inline constexpr std::size_t simulation_events_times_places_max = 25'000'000;

}  // namespace switchyard::limits
