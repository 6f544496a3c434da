#include "common/printable.hpp"

#include <array>
#include <cstdint>
#include <cstdio>

namespace switchyard {
namespace {

struct Character {
  std::uint32_t code = 0;
  std::size_t bytes = 1;
  bool valid = false;
};

/// The first character of non-empty text, by the rules of UTF-8 (no overlong forms, no surrogates).
Character first_character(std::string_view text) {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  const unsigned lead = byte(0);
  if (lead < 0x80) return {lead, 1, true};
  const std::size_t bytes = lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 : 2;
  if (lead < 0xc2 || lead > 0xf4 || text.size() < bytes) return {lead, 1, false};
  std::uint32_t code = lead & (0x7fu >> bytes);
  for (std::size_t i = 1; i < bytes; ++i) {
    if ((byte(i) & 0xc0u) != 0x80) return {lead, 1, false};
    code = (code << 6) | (byte(i) & 0x3fu);
  }
  constexpr std::array<std::uint32_t, 5> least = {0, 0, 0x80, 0x800, 0x10000};
  if (code < least.at(bytes) || code > 0x10ffff || (code >= 0xd800 && code <= 0xdfff)) return {lead, 1, false};
  return {code, bytes, true};
}

/// Characters that a terminal obeys, or that make text look like other text.
bool is_dangerous(std::uint32_t code) {
  if (code < 0x20 || (code >= 0x7f && code <= 0x9f)) return true;
  if (code == 0x61c || code == 0x180e || code == 0xfeff) return true;
  if (code >= 0x200b && code <= 0x200f) return true;
  if (code >= 0x2028 && code <= 0x202e) return true;
  if (code >= 0x2060 && code <= 0x206f) return true;
  if (code >= 0xfff9 && code <= 0xfffb) return true;
  return code >= 0xe0000 && code <= 0xe0fff;  // tags: invisible
}

std::string neutralised(std::string_view text, bool lines) {
  std::string result;
  result.reserve(text.size());
  while (!text.empty()) {
    const Character character = first_character(text);
    if (character.valid && character.code == '\n' && lines) {
      result += '\n';
    } else if (character.valid && (character.code == '\t' || character.code == '\n')) {
      result += ' ';
    } else if (character.valid && !is_dangerous(character.code)) {
      result += text.substr(0, character.bytes);
    } else {
      std::array<char, 16> escape{};
      std::snprintf(escape.data(), escape.size(), character.code < 0x100 ? "\\x%02x" : "\\u%04x", character.code);
      result += escape.data();
    }
    text.remove_prefix(character.bytes);
  }
  return result;
}

}  // namespace

std::string printable(std::string_view text) { return neutralised(text, false); }
std::string printable_lines(std::string_view text) { return neutralised(text, true); }

std::string printable_message(std::string_view text) {
  std::string message;
  for (const char c : neutralised(text, true)) {
    message += c;
    if (c == '\n') message += "  ";
  }
  return message;
}

std::size_t width_of(std::string_view text) {
  std::size_t width = 0;
  for (const char c : text) width += (static_cast<unsigned char>(c) & 0xc0u) != 0x80 ? 1 : 0;
  return width;
}

std::string cut_to(std::string_view text, std::size_t width) {
  if (width_of(text) <= width) return std::string(text);
  if (width == 0) return "";
  std::size_t end = 0;
  for (std::size_t kept = 0; kept + 1 < width; ++kept) end += first_character(text.substr(end)).bytes;
  return std::string(text.substr(0, end)) + "…";
}

}  // namespace switchyard
