#include "coordinator/api/target.hpp"

#include "common/hex.hpp"

namespace switchyard::api {
namespace {

std::optional<std::string> decode(std::string_view text) {
  std::string decoded;
  while (!text.empty()) {
    if (text.front() != '%') {
      decoded += text.front();
      text.remove_prefix(1);
      continue;
    }
    std::string digits(text.substr(1, 2));
    for (char& c : digits) {
      if (c >= 'A' && c <= 'F') c = static_cast<char>(c - 'A' + 'a');
    }
    const std::optional<std::string> byte = digits.size() == 2 ? from_hex(digits) : std::nullopt;
    if (!byte || static_cast<unsigned char>(byte->front()) < 0x20) return std::nullopt;
    decoded += *byte;
    text.remove_prefix(3);
  }
  return decoded;
}

/// Cuts `text` at the first `mark`; what follows the mark stays in `text`.
std::string_view take_until(std::string_view& text, char mark) {
  const std::size_t at = text.find(mark);
  const std::string_view part = text.substr(0, at);
  text = at == std::string_view::npos ? std::string_view() : text.substr(at + 1);
  return part;
}

}  // namespace

std::optional<Target> parse_target(std::string_view text) {
  if (text.empty() || text.front() != '/') return std::nullopt;
  text.remove_prefix(1);
  Target target;
  std::string_view path = take_until(text, '?');
  const bool trailing_slash = !path.empty() && path.back() == '/';
  if (trailing_slash) return std::nullopt;
  while (!path.empty()) {
    const std::optional<std::string> segment = decode(take_until(path, '/'));
    if (!segment || segment->empty() || *segment == "." || *segment == "..") return std::nullopt;
    if (segment->find('/') != std::string::npos) return std::nullopt;
    target.segments.push_back(*segment);
  }
  while (!text.empty()) {
    std::string_view value = take_until(text, '&');
    const std::optional<std::string> key = decode(take_until(value, '='));
    const std::optional<std::string> decoded = decode(value);
    if (!key || !decoded || key->empty() || !target.query.emplace(*key, *decoded).second) return std::nullopt;
  }
  return target;
}

}  // namespace switchyard::api
