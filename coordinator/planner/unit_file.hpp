#pragma once

#include <string>
#include <string_view>

#include "coordinator/model/manifest.hpp"
#include "coordinator/planner/slot_place.hpp"
#include "protocol/step.hpp"

namespace switchyard::planner {

/// What makes the slot's unit run this release: a whole unit for a component with a command, a drop-in for one that
/// uses a template unit of the host. Equal input gives equal bytes: a difference between two of them is a change of
/// configuration. Throws InputError when a variable cannot be filled in.
protocol::EnsureFile unit_file(const model::Component& component, const SlotPlace& place, const HostLayout& layout);

/// A word of ExecStart=, quoted so that systemd hands exactly this text to the program.
std::string quote_for_exec(std::string_view word);
/// NAME=value for Environment=, quoted likewise.
std::string quote_for_environment(std::string_view name, std::string_view value);

}  // namespace switchyard::planner
