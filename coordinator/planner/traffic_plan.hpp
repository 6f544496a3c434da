#pragma once

#include <optional>
#include <string>

#include "coordinator/model/manifest.hpp"
#include "protocol/plan.hpp"

namespace switchyard::planner {

/// The switch that sends all traffic to what `serving` describes (absent: to nobody). Nothing for a component without
/// a switch.
std::optional<protocol::SwitchTraffic> traffic_to(const model::Component& component, const protocol::OldState& serving);

/// The same switch with `weight` percent of the traffic led to the slot `after`, and the rest left where all of it goes
/// now. Both are slots of the switch.
protocol::SwitchTraffic traffic_between(protocol::SwitchTraffic all_before, const std::string& after,
                                        std::uint32_t weight);

/// The switch that an earlier plan made for the component in the end; nullptr if it has none.
const protocol::SwitchTraffic* find_switch(const protocol::SliceComponent& done);

/// Are both the same place, whatever the weights?
bool same_switch(const protocol::SwitchTraffic* a, const protocol::SwitchTraffic* b);

}  // namespace switchyard::planner
