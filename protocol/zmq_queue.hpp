#pragma once

#include <cstddef>

#include "common/limits.hpp"

namespace switchyard::protocol {

/// What a frame counts for in the queue between the transport's thread and the loop.
constexpr std::size_t queued_cost(std::size_t frame_bytes) { return frame_bytes + limits::transport_frame_share_bytes; }

}  // namespace switchyard::protocol
