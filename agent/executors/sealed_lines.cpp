#include "agent/executors/sealed_lines.hpp"

#include <array>

#include "common/crypto.hpp"
#include "common/hex.hpp"

namespace switchyard::agent {

std::string seal(std::string text) {
  text += "end " + sha256_hex(text) + "\n";
  return text;
}

std::string_view unseal(std::string_view bytes, std::string_view head) {
  const std::size_t end = bytes.rfind("end ");
  if (end == std::string_view::npos || (end != 0 && bytes[end - 1] != '\n') ||
      bytes.substr(end) != "end " + sha256_hex(bytes.substr(0, end)) + "\n") {
    throw DecodeError("file list: its own digest does not match");
  }
  std::string_view rest = bytes.substr(0, end);
  if (take_line(rest) != head) throw DecodeError("file list: it is of an unknown version");
  return rest;
}

std::string_view take_line(std::string_view& rest) {
  const std::size_t end = rest.find('\n');
  if (end == std::string_view::npos) throw DecodeError("file list: it is cut off");
  const std::string_view line = rest.substr(0, end);
  rest.remove_prefix(end + 1);
  return line;
}

std::string_view take_word(std::string_view& line) {
  const std::size_t end = line.find(' ');
  if (end == std::string_view::npos) throw DecodeError("file list: a line is cut off");
  const std::string_view word = line.substr(0, end);
  line.remove_prefix(end + 1);
  return word;
}

std::string digest(std::string_view word) {
  if (word.size() != 64 || !from_hex(word)) throw DecodeError("file list: a digest is malformed");
  return std::string(word);
}

std::string octal(std::uint32_t mode) {
  std::array<char, 16> digits;
  const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), mode, 8).ptr;
  return std::string(digits.data(), end);
}

}  // namespace switchyard::agent
