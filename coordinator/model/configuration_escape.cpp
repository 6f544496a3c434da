#include "coordinator/model/configuration_escape.hpp"

#include "common/json_escape.hpp"

namespace switchyard::model {
namespace {

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
  return format == ConfigurationFormat::env ? in_environment_file(text) : json_escape(text);
}

}  // namespace switchyard::model
