#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "coordinator/model/manifest.hpp"
#include "coordinator/planner/slot_place.hpp"
#include "protocol/step.hpp"

namespace switchyard::planner {

/// What makes the slot's unit run this release: a whole unit for a component with a command, a drop-in for one that
/// uses a template unit of the host. Equal input gives equal bytes: a difference between two of them is a change of
/// configuration. Throws InputError when a variable cannot be filled in.
protocol::EnsureFile unit_file(const model::Component& component, const SlotPlace& place, const HostLayout& layout);

/// The port that a file made by unit_file() tells its service; 0 if it tells none.
std::uint16_t port_of_unit_file(std::string_view content);

/// Where the first word of a command leads: `bin/server` lies in the release, `/usr/bin/env` on the host, and `node`
/// wherever the host's search path finds it.
std::string program_path(const std::string& word, const SlotPlace& place);
/// The files of the release that a command of the component runs, relative to it: one, unless ${slot} or ${port}
/// chooses. None when it runs a program of the host, or there is no command.
std::set<std::string> programs_in_release(const model::Component& component, const std::vector<std::string>& command);
/// What a service, or a command that runs beside it, finds in its environment. Throws InputError like unit_file().
std::map<std::string, std::string> service_environment(const model::Component& component, const SlotPlace& place);

/// A word of ExecStart=, quoted so that systemd hands exactly this text to the program.
std::string quote_for_exec(std::string_view word);
/// NAME=value for Environment=, quoted likewise.
std::string quote_for_environment(std::string_view name, std::string_view value);

}  // namespace switchyard::planner
