#include "coordinator/planner/yaml_json.hpp"

#include <algorithm>
#include <string_view>

namespace switchyard::planner {

namespace {

std::string json_string(std::string_view text) {
  constexpr std::string_view digits = "0123456789abcdef";
  std::string json = "\"";
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') {
      json += '\\';
      json += c;
    } else if (byte < 0x20) {
      json += std::string("\\u00") + digits[byte >> 4] + digits[byte & 15];
    } else {
      json += c;
    }
  }
  return json + "\"";
}

/// -?(0|[1-9][0-9]*)(.[0-9]+)? : what JSON and people both take for a number.
bool is_number(std::string_view text) {
  const auto digits = [&text] {
    std::size_t count = 0;
    while (count < text.size() && text[count] >= '0' && text[count] <= '9') ++count;
    text.remove_prefix(count);
    return count;
  };
  if (text.starts_with('-')) text.remove_prefix(1);
  const bool zero = text.starts_with('0');
  const std::size_t whole = digits();
  if (whole == 0 || (zero && whole > 1)) return false;
  if (!text.starts_with('.')) return text.empty();
  text.remove_prefix(1);
  return digits() > 0 && text.empty();
}

std::string scalar(const YamlNode& node) {
  const std::string text = node.text();
  const bool itself = text == "true" || text == "false" || is_number(text);
  return node.is_plain() && itself ? text : json_string(text);
}

}  // namespace

std::string to_json(const YamlNode& node) {
  if (node.is_null()) return "null";
  if (node.is_scalar()) return scalar(node);
  std::string inner;
  if (node.is_list()) {
    for (const YamlNode& item : node.items()) inner += (inner.empty() ? "" : ",") + to_json(item);
    return "[" + inner + "]";
  }
  for (const auto& [name, value] : node.entries()) {
    inner += (inner.empty() ? "" : ",") + json_string(name) + ":" + to_json(value);
  }
  return "{" + inner + "}";
}

}  // namespace switchyard::planner
