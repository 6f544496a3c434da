#pragma once

#include <charconv>
#include <cstdint>
#include <string>
#include <string_view>

#include "common/error.hpp"

/// Lists that the agent keeps beside files: a line per fact, its fields apart by one space and the path last, and at
/// the end the digest of all lines, so that damage to the list itself is found. Paths hold no control characters
/// (ArchiveRules), so a line is a line. All of it throws DecodeError.
namespace switchyard::agent {

/// `text`: lines, the first of them says what the list is.
std::string seal(std::string text);
/// The lines after the first, which must be `head`.
std::string_view unseal(std::string_view bytes, std::string_view head);

std::string_view take_line(std::string_view& rest);
std::string_view take_word(std::string_view& line);
/// 64 hexadecimal digits.
std::string digest(std::string_view word);
/// As permissions are written.
std::string octal(std::uint32_t mode);

template <class T>
T number(std::string_view word, int base) {
  T value = 0;
  const auto [end, error] = std::from_chars(word.data(), word.data() + word.size(), value, base);
  if (error != std::errc() || end != word.data() + word.size()) throw DecodeError("file list: a number is malformed");
  return value;
}

}  // namespace switchyard::agent
