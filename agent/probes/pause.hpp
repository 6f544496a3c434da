#pragma once

#include <cstdint>
#include <functional>
#include <stop_token>

namespace switchyard::agent {

/// How a worker thread waits between two looks at the world. Ends early when a stop is asked for. Tests pass one that
/// moves their clock.
using Pause = std::function<void(std::int64_t ms, const std::stop_token& stop)>;

/// Waits in real time.
Pause real_pause();

}  // namespace switchyard::agent
