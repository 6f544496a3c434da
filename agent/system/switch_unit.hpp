#pragma once

#include <filesystem>

#include "agent/system/service_manager.hpp"
#include "common/file_system.hpp"

namespace switchyard::agent {

inline constexpr const char* switch_unit_name = "switchyard-switch.service";

/// Makes the host load `ruleset` at every boot, with or without the agent: writes switchyard-switch.service to `units`,
/// enables it, and starts it once. Does nothing where all that is so already. `ruleset` must exist. Throws Error.
void ensure_switch_unit(FileSystem& files, ServiceManager& services, const std::filesystem::path& units,
                        const std::filesystem::path& ruleset);

}  // namespace switchyard::agent
