#include "coordinator/model/configuration_escape.hpp"

namespace switchyard::model {
namespace {

/// JSON's escapes, which YAML reads in double quotes too.
std::string in_json(std::string_view text) {
  constexpr std::string_view digits = "0123456789abcdef";
  std::string result;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') {
      result += '\\';
      result += c;
    } else if (c == '\n') {
      result += "\\n";
    } else if (byte < 0x20 || byte == 0x7f) {
      result += "\\u00";
      result += digits[byte >> 4U];
      result += digits[byte & 15U];
    } else {
      result += c;
    }
  }
  return result;
}

/// What systemd's reader of environment files takes for something else in double quotes.
std::string in_environment_file(std::string_view text) {
  std::string result;
  for (const char c : text) {
    if (c == '"' || c == '\\' || c == '`' || c == '$') result += '\\';
    result += c;
  }
  return result;
}

}  // namespace

std::string escaped(std::string_view text, ConfigurationFormat format) {
  return format == ConfigurationFormat::env ? in_environment_file(text) : in_json(text);
}

}  // namespace switchyard::model
