#pragma once

#include <string>
#include <vector>

#include "cli/api_values.hpp"

namespace switchyard::cli {

/// "web-3 (away), web-4".
std::string host_list(const std::vector<KeysReport::Host>& hosts);

/// What still stands in the way of the next keys, in sentences that also say what to do; empty: nothing.
std::string what_is_waited_for(const KeysReport& report);

}  // namespace switchyard::cli
