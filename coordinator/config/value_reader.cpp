#include <algorithm>
#include <string_view>

#include "common/limits.hpp"
#include "coordinator/config/value.hpp"

namespace switchyard::config {
namespace {

bool is_digit(char c) { return c >= '0' && c <= '9'; }

/// Moves `at` behind the digits that begin there; how many there were.
std::size_t skip_digits(std::string_view text, std::size_t& at) {
  const std::size_t begin = at;
  while (at < text.size() && is_digit(text[at])) ++at;
  return at - begin;
}

/// What every reader of YAML takes for the same number, and JSON too: 15, -3, 0.5, 1.5e-3.
bool is_number(std::string_view text) {
  std::size_t at = text.starts_with('-') ? 1 : 0;
  const bool zero = at < text.size() && text[at] == '0';
  const std::size_t digits = skip_digits(text, at);
  if (digits == 0 || (zero && digits > 1)) return false;
  if (at == text.size()) return digits <= 18;
  if (text[at] != '.') return false;
  ++at;
  if (skip_digits(text, at) == 0 || digits > 18) return false;
  if (at == text.size()) return true;
  if (text[at] != 'e' && text[at] != 'E') return false;
  ++at;
  if (at < text.size() && (text[at] == '+' || text[at] == '-')) ++at;
  const std::size_t exponent = skip_digits(text, at);
  return at == text.size() && exponent >= 1 && exponent <= 2;
}

/// What some reader of YAML takes for a number, and others for another one or for a text: 0755, +1, .5, 1e5, 0x1f,
/// 1_000, .inf, or too large a one.
bool looks_like_number(std::string_view text) {
  if (!text.empty() && (text[0] == '+' || text[0] == '-')) text.remove_prefix(1);
  std::string lower(text);
  std::transform(lower.begin(), lower.end(), lower.begin(),
                 [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; });
  if (lower == ".inf" || lower == ".nan") return true;
  const bool based = lower.size() > 2 && lower[0] == '0' && (lower[1] == 'x' || lower[1] == 'o' || lower[1] == 'b');
  if (based) return lower.find_first_not_of("0123456789abcdef_", 2) == std::string::npos;
  std::size_t at = 0;
  std::size_t digits = 0;
  bool point = false;
  for (; at < lower.size() && (is_digit(lower[at]) || lower[at] == '_' || (lower[at] == '.' && !point)); ++at) {
    point = point || lower[at] == '.';
    if (is_digit(lower[at])) ++digits;
  }
  if (digits == 0 || lower[0] == '_') return false;
  if (at < lower.size() && lower[at] == 'e') {
    ++at;
    if (at < lower.size() && (lower[at] == '+' || lower[at] == '-')) ++at;
    if (skip_digits(lower, at) == 0) return false;
  }
  return at == lower.size();
}

Value read_scalar(const YamlNode& node, Value value) {
  value.text = node.text();  // refuses a plain yes, no, on, off
  value.kind = ValueKind::text;
  if (!node.is_plain()) return value;
  if (value.text == "true" || value.text == "false") {
    value.kind = ValueKind::boolean;
  } else if (value.text == "True" || value.text == "TRUE" || value.text == "False" || value.text == "FALSE") {
    node.refuse(node.label() + " is a plain `" + value.text + "`; write true or false, or put it in quotes");
  } else if (is_number(value.text)) {
    value.kind = ValueKind::number;
  } else if (looks_like_number(value.text)) {
    node.refuse(
        node.label() + " is a plain `" + value.text +
        "`, which readers of YAML take for different things; write a plain decimal number, or put it in quotes: \"" +
        value.text + "\"");
  }
  return value;
}

void check_key(const std::string& key, const YamlNode& value) {
  const bool bad = key.empty() || key.size() > limits::config_key_bytes_max || key.starts_with('$') ||
                   std::any_of(key.begin(), key.end(), [](char c) { return (c >= 0 && c <= ' ') || c == 127; });
  if (!bad) return;
  value.refuse("the key \"" + key + "\" of " + value.label() + " must have 1 to " +
               std::to_string(limits::config_key_bytes_max) + " bytes, no blanks, and not begin with `$`");
}

Value read_node(const YamlNode& node, SourceKind kind, std::size_t& left) {
  if (left == 0) {
    node.refuse("more than " + std::to_string(limits::config_values_max) +
                " values, aliases counted as often as they are used; use fewer");
  }
  --left;
  Value value;
  value.source = {kind, node.file(), node.line(), node.column()};
  if (node.is_null()) return value;
  if (node.is_scalar()) return read_scalar(node, std::move(value));
  if (node.is_list()) {
    value.kind = ValueKind::list;
    for (const YamlNode& item : node.items()) value.items.push_back(read_node(item, kind, left));
    return value;
  }
  value.kind = ValueKind::map;
  for (const auto& [key, child] : node.entries()) {
    check_key(key, child);
    value.entries.push_back({key, read_node(child, kind, left)});
  }
  return value;
}

}  // namespace

Value read_value(const YamlNode& node, SourceKind kind) {
  std::size_t left = limits::config_values_max;
  return read_node(node, kind, left);
}

Value read_map(const YamlNode& parent, std::string_view key, SourceKind kind) {
  Value value;
  value.kind = ValueKind::map;
  value.source = {kind, parent.file(), parent.line(), parent.column()};
  const auto node = parent.find(key);
  if (!node) return value;
  if (!node->is_map()) node->entries();  // says what it must be
  return read_value(*node, kind);
}

}  // namespace switchyard::config
