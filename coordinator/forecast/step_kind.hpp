#pragma once

#include <string>

#include "protocol/step.hpp"

namespace switchyard::forecast {

/// What a step has in common with the same step of other deployments, whatever the slot and the release: "prepare
/// start", "swap check answers", "swap run migrate". Durations of one kind may be compared. Pure.
std::string step_kind(const protocol::Step& step, bool undo = false);

/// Where the whole fleet waits for hosts that dial anew after the swap: the kind of that time's samples.
inline constexpr const char* hold_kind = "hold";

}  // namespace switchyard::forecast
