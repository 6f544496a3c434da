#pragma once

#include "coordinator/engine/turn.hpp"

/// When a state is left, and what is asked of the hosts then. Pure.
namespace switchyard::engine {

/// The end of every turn: leaves the states whose end has come, then asks what is to be asked.
void settle(Turn& turn);

}  // namespace switchyard::engine
