#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

#include "coordinator/engine/turn.hpp"

/// What it means that a time is over. Pure.
namespace switchyard::engine {

void time_is_over(Turn& turn, const std::string& timer);

/// Between two renewals of the leases of hosts that have switched.
std::int64_t lease_period_ms(const model::PlanSettings& settings);

/// The timer of the pause after that node.
std::string pause_timer(std::size_t index);
/// The timer after which a host is asked everything again.
std::string resend_timer(const HostId& host);
/// The timer after which a host that serves the new release, and was lost, has gone back by itself.
std::string missed_timer(const HostId& host);

}  // namespace switchyard::engine
