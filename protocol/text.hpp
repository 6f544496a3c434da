#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "common/utf8.hpp"

/// What counts as text, as a name and as an id on the wire. Pure functions; nothing is thrown.
namespace switchyard::protocol {

using switchyard::is_text;

/// The same text if it is one and fits; otherwise every wrong byte is replaced by U+FFFD and the end is cut at a
/// character's border. For what processes print, and for nothing that is acted on.
std::string clean_text(std::string_view bytes, std::size_t bytes_max);

/// Exactly `digits` of 0-9, a-f.
bool is_hex(std::string_view text, std::size_t digits);

/// `api@blue.service`: letters, digits and `:-_.\@`, at most 255 bytes, with a suffix and no slash.
bool is_unit_name(std::string_view text);

}  // namespace switchyard::protocol
