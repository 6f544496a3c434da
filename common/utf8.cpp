#include "common/utf8.hpp"

#include <cstdint>
#include <cstring>

namespace switchyard {
namespace {

unsigned byte_at(std::string_view bytes, std::size_t i) { return static_cast<unsigned char>(bytes[i]); }

/// Eight bytes of ASCII without a NUL: most of what is looked at consists of nothing else.
bool eight_plain(const char* bytes) {
  constexpr std::uint64_t ones = 0x0101010101010101u;
  constexpr std::uint64_t high = ones << 7;
  std::uint64_t word = 0;
  std::memcpy(&word, bytes, sizeof(word));
  return ((word | (word - ones)) & high) == 0;
}

}  // namespace

/// Bounds of the second byte exclude overlong forms, surrogates and everything above U+10FFFF (Unicode, table 3-7).
std::size_t utf8_character_length(std::string_view bytes) {
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

bool is_text(std::string_view bytes) {
  while (!bytes.empty()) {
    if (bytes.size() >= 8 && eight_plain(bytes.data())) {
      bytes.remove_prefix(8);
      continue;
    }
    const std::size_t length = utf8_character_length(bytes);
    if (length == 0) return false;
    bytes.remove_prefix(length);
  }
  return true;
}

}  // namespace switchyard
