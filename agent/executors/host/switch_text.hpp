#pragma once

#include <string>
#include <vector>

#include "protocol/step.hpp"

namespace switchyard::agent {

/// What of a wanted switch is in force afterwards: no zero weights; only `legacy` is the same as nothing, since the
/// stable port then belongs to whoever listens on it. Sorted, so that two can be compared.
std::vector<protocol::SwitchTarget> live_targets(const std::vector<protocol::SwitchTarget>& targets);
/// Same slots by port and server, same weights. Names of slots are not compared: they are labels of ours.
bool same_targets(const std::vector<protocol::SwitchTarget>& left, const std::vector<protocol::SwitchTarget>& right);
/// "blue (port 5002) 90 %, green (port 5003) 10 %", or "nobody's slot".
std::string targets_text(const std::vector<protocol::SwitchTarget>& targets);

}  // namespace switchyard::agent
