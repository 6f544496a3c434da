#pragma once

#include <string>
#include <string_view>

namespace switchyard {

/// Text from elsewhere (the coordinator, a host's program, a manifest) as it may go to a terminal: control characters,
/// escape sequences, characters that change the direction of writing or are invisible, and bytes that are no UTF-8 are
/// written out visibly (`\x1b`, `\u202e`). Tabs become blanks; line breaks too, unless `lines` lets them be. Pure.
std::string printable(std::string_view text);
std::string printable_lines(std::string_view text);
/// Lines too, those after the first indented: none of them can be taken for a line of our own.
std::string printable_message(std::string_view text);

/// The number of characters (not bytes) of UTF-8 text: what a terminal column count needs, wide characters aside.
std::size_t width_of(std::string_view text);
/// At most `width` characters; the last is an ellipsis when something was cut.
std::string cut_to(std::string_view text, std::size_t width);

}  // namespace switchyard
