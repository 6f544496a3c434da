#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace switchyard {

std::string to_hex(std::string_view bytes);
/// Nothing if the text has an odd length or another character than 0-9, a-f.
std::optional<std::string> from_hex(std::string_view text);

}  // namespace switchyard
