#pragma once

#include <optional>

#include "coordinator/model/manifest.hpp"
#include "protocol/plan.hpp"

namespace switchyard::planner {

/// The switch that sends all traffic to what `serving` describes (absent: to nobody). Nothing for a component without
/// a switch.
std::optional<protocol::SwitchTraffic> traffic_to(const model::Component& component, const protocol::OldState& serving);

/// The switch that an earlier plan made for the component; nullptr if it has none.
const protocol::SwitchTraffic* find_switch(const protocol::SliceComponent& done);

/// Are both the same place, whatever the weights?
bool same_switch(const protocol::SwitchTraffic* a, const protocol::SwitchTraffic* b);

}  // namespace switchyard::planner
