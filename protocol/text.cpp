#include "protocol/text.hpp"

#include <algorithm>

namespace switchyard::protocol {
namespace {

constexpr std::string_view replacement = "\xEF\xBF\xBD";

unsigned byte_at(std::string_view bytes, std::size_t i) { return static_cast<unsigned char>(bytes[i]); }

/// Length of the character at the front, 0 if there is none. Bounds of the second byte exclude overlong forms,
/// surrogates and everything above U+10FFFF (Unicode, table 3-7).
std::size_t character_length(std::string_view bytes) {
  const unsigned first = byte_at(bytes, 0);
  if (first < 0x80) return first == 0 ? 0 : 1;
  std::size_t length = 0;
  unsigned low = 0x80;
  unsigned high = 0xBF;
  if (first >= 0xC2 && first <= 0xDF) {
    length = 2;
  } else if (first >= 0xE0 && first <= 0xEF) {
    length = 3;
    if (first == 0xE0) low = 0xA0;
    if (first == 0xED) high = 0x9F;
  } else if (first >= 0xF0 && first <= 0xF4) {
    length = 4;
    if (first == 0xF0) low = 0x90;
    if (first == 0xF4) high = 0x8F;
  } else {
    return 0;
  }
  if (bytes.size() < length) return 0;
  if (byte_at(bytes, 1) < low || byte_at(bytes, 1) > high) return 0;
  for (std::size_t i = 2; i < length; ++i) {
    if ((byte_at(bytes, i) & 0xC0) != 0x80) return 0;
  }
  return length;
}

}  // namespace

bool is_text(std::string_view bytes) {
  while (!bytes.empty()) {
    const std::size_t length = character_length(bytes);
    if (length == 0) return false;
    bytes.remove_prefix(length);
  }
  return true;
}

std::string clean_text(std::string_view bytes, std::size_t bytes_max) {
  std::string clean;
  while (!bytes.empty()) {
    const std::size_t length = character_length(bytes);
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
