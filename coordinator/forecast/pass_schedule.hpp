#pragma once

#include <cstdint>
#include <vector>

#include "coordinator/engine/ready_nodes.hpp"
#include "coordinator/model/plan.hpp"

namespace switchyard::forecast {

/// How long a pass over the plan's nodes takes when node i takes `node_ms[i]`: each begins when the engine lets it
/// (dependencies, `max_parallel`, what runs alone, priorities), and the pauses after it are kept. Pure.
std::int64_t pass_duration_ms(const model::Plan& plan, engine::Pass pass, const std::vector<std::int64_t>& node_ms);

}  // namespace switchyard::forecast
