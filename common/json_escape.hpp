#pragma once

#include <string>
#include <string_view>

namespace switchyard {

/// The text as it stands between the double quotes of JSON and of YAML alike. Pure.
std::string json_escape(std::string_view text);

}  // namespace switchyard
