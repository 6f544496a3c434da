#include "protocol/text.hpp"

#include <algorithm>

#include "common/utf8.hpp"

namespace switchyard::protocol {
namespace {

constexpr std::string_view replacement = "\xEF\xBF\xBD";

}  // namespace

std::string clean_text(std::string_view bytes, std::size_t bytes_max) {
  std::string clean;
  while (!bytes.empty()) {
    const std::size_t length = utf8_character_length(bytes);
    const std::string_view character = length == 0 ? replacement : bytes.substr(0, length);
    if (clean.size() + character.size() > bytes_max) break;
    clean += character;
    bytes.remove_prefix(std::max<std::size_t>(length, 1));
  }
  return clean;
}

bool is_hex(std::string_view text, std::size_t digits) {
  return text.size() == digits &&
         std::all_of(text.begin(), text.end(), [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); });
}

bool is_unit_name(std::string_view text) {
  constexpr std::string_view others = ":-_.\\@";
  const auto allowed = [&](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           others.find(c) != std::string_view::npos;
  };
  const std::size_t dot = text.rfind('.');
  if (text.size() > 255 || dot == std::string_view::npos || dot == 0 || dot + 1 == text.size()) return false;
  return text.front() != '-' && std::all_of(text.begin(), text.end(), allowed);
}

}  // namespace switchyard::protocol
