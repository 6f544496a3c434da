#pragma once

#include <cstddef>
#include <string_view>

/// What counts as text, wherever it comes from. Pure; nothing is thrown.
namespace switchyard {

/// Bytes of the UTF-8 character at the front of `bytes`, which is not empty; 0 if there is none, or a NUL.
std::size_t utf8_character_length(std::string_view bytes);

/// Valid UTF-8 (shortest forms, no surrogates) without NUL, which would cut the text short in a C interface.
bool is_text(std::string_view bytes);

}  // namespace switchyard
