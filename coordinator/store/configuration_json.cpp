#include "coordinator/store/configuration_json.hpp"

#include <algorithm>
#include <initializer_list>
#include <nlohmann/json.hpp>

#include "common/error.hpp"
#include "common/ids.hpp"
#include "common/limits.hpp"
#include "common/utf8.hpp"
#include "coordinator/model/secret.hpp"

namespace switchyard::store {
namespace {

using model::ConfigurationPiece;
using nlohmann::json;

[[noreturn]] void refuse(const std::string& what) { throw InputError("`configuration`: " + what); }

void allow(const json& object, std::initializer_list<std::string_view> known, const char* what) {
  if (!object.is_object()) refuse(std::string(what) + " must be an object");
  for (const auto& [key, value] : object.items()) {
    if (std::find(known.begin(), known.end(), key) == known.end()) {
      refuse("unknown member `" + key.substr(0, 64) + "` of " + what);
    }
  }
}

std::string text_of(const json& object, const char* key) {
  const auto found = object.find(key);
  if (found == object.end() || !found->is_string()) refuse(std::string("`") + key + "` must be a text");
  auto text = found->get<std::string>();
  if (!is_text(text)) refuse(std::string("`") + key + "` holds a NUL byte");
  return text;
}

std::uint64_t number_of(const json& object, const char* key, std::uint64_t max) {
  const auto found = object.find(key);
  if (found == object.end()) return 0;
  if (!found->is_number_unsigned() || found->get<std::uint64_t>() > max) {
    refuse(std::string("`") + key + "` must be a whole number up to " + std::to_string(max));
  }
  return found->get<std::uint64_t>();
}

bool flag_of(const json& object, const char* key) {
  const auto found = object.find(key);
  if (found == object.end()) return false;
  if (!found->is_boolean()) refuse(std::string("`") + key + "` must be true or false");
  return found->get<bool>();
}

ConfigurationPiece piece_of(const json& value) {
  allow(value, {"text", "secret", "version", "random", "length", "of", "base64"}, "a piece");
  ConfigurationPiece piece;
  piece.base64_times = static_cast<std::uint32_t>(number_of(value, "base64", limits::base64_times_max));
  if (value.contains("text")) {
    piece.text = text_of(value, "text");
  } else if (value.contains("secret")) {
    piece.kind = ConfigurationPiece::Kind::secret;
    piece.text = text_of(value, "secret");
    if (!model::is_secret_name(piece.text)) refuse("a secret's name has letters, digits and `_`");
    piece.version = number_of(value, "version", std::uint64_t{1} << 40U);
  } else {
    piece.kind = ConfigurationPiece::Kind::random;
    piece.text = text_of(value, "of");
    piece.index = static_cast<std::uint32_t>(number_of(value, "random", limits::random_texts_per_template_max));
    piece.length = static_cast<std::uint32_t>(number_of(value, "length", limits::random_text_max));
    if (piece.length == 0) refuse("a random text has a `length` from 1");
  }
  return piece;
}

json value_of(const ConfigurationPiece& piece) {
  switch (piece.kind) {
    case ConfigurationPiece::Kind::text:
      return {{"text", piece.text}};
    case ConfigurationPiece::Kind::secret:
      return {{"secret", piece.text}, {"version", piece.version}, {"base64", piece.base64_times}};
    case ConfigurationPiece::Kind::random:
      return {{"random", piece.index}, {"length", piece.length}, {"of", piece.text}, {"base64", piece.base64_times}};
  }
  return {};
}

model::ComponentConfiguration component_of(const json& value) {
  allow(value, {"format", "parts"}, "a component");
  const auto format = model::configuration_format_from_name(text_of(value, "format"));
  if (!format) refuse("`format` must be one of: json, yaml, env");
  model::ComponentConfiguration component;
  component.format = *format;
  const auto parts = value.find("parts");
  // One for each value, and what stands before and behind it.
  if (parts == value.end() || !parts->is_array() || parts->size() > 2 * limits::config_values_max + 2) {
    refuse("`parts` must be a list, of at most " + std::to_string(limits::config_values_max) + " values");
  }
  for (const json& part : *parts) {
    allow(part, {"key", "pieces"}, "a part");
    model::ConfigurationPart read{part.contains("key") ? text_of(part, "key") : std::string(), {}};
    const auto pieces = part.find("pieces");
    if (pieces == part.end() || !pieces->is_array()) refuse("`pieces` must be a list");
    for (const json& piece : *pieces) read.pieces.push_back(piece_of(piece));
    component.parts.push_back(std::move(read));
  }
  return component;
}

json value_of(const model::ComponentConfiguration& component) {
  json parts = json::array();
  for (const model::ConfigurationPart& part : component.parts) {
    json pieces = json::array();
    for (const ConfigurationPiece& piece : part.pieces) pieces.push_back(value_of(piece));
    parts.push_back({{"key", part.key}, {"pieces", std::move(pieces)}});
  }
  return {{"format", model::configuration_format_name(component.format)}, {"parts", std::move(parts)}};
}

model::ResourceLimits limits_of(const json& value) {
  allow(value, {"cpu_millicores", "memory_bytes"}, "`limits`");
  model::ResourceLimits limits;
  if (value.contains("cpu_millicores")) {
    limits.cpu_millicores = static_cast<std::uint32_t>(number_of(value, "cpu_millicores", 100'000'000));
  }
  if (value.contains("memory_bytes")) {
    limits.memory_bytes = number_of(value, "memory_bytes", std::uint64_t{1} << 60U);
  }
  if (limits.cpu_millicores == 0U || limits.memory_bytes == 0U) refuse("a limit must be above 0");
  return limits;
}

model::Configuration configuration_of(const json& value) {
  allow(value, {"environment", "limits", "require_mfa", "encrypt_at_rest", "components"}, "the configuration");
  model::Configuration configuration;
  configuration.environment = text_of(value, "environment");
  if (!is_name(configuration.environment)) refuse("`environment` must be the name of one");
  if (value.contains("limits")) configuration.limits = limits_of(value["limits"]);
  configuration.require_mfa = flag_of(value, "require_mfa");
  configuration.encrypt_at_rest = flag_of(value, "encrypt_at_rest");
  if (!value.contains("components")) return configuration;
  if (!value["components"].is_object()) refuse("`components` must be an object");
  for (const auto& [name, component] : value["components"].items()) {
    if (!is_name(name)) refuse("`" + name.substr(0, 64) + "` is no component's name");
    configuration.components.emplace(name, component_of(component));
  }
  return configuration;
}

}  // namespace

std::string to_json(const model::Configuration& configuration) {
  json limits = json::object();
  if (configuration.limits.cpu_millicores) limits["cpu_millicores"] = *configuration.limits.cpu_millicores;
  if (configuration.limits.memory_bytes) limits["memory_bytes"] = *configuration.limits.memory_bytes;
  json components = json::object();
  for (const auto& [name, component] : configuration.components) components[name] = value_of(component);
  const json value = {{"environment", configuration.environment},
                      {"limits", std::move(limits)},
                      {"require_mfa", configuration.require_mfa},
                      {"encrypt_at_rest", configuration.encrypt_at_rest},
                      {"components", std::move(components)}};
  return value.dump(-1, ' ', false, json::error_handler_t::replace);
}

model::Configuration configuration_from_json(const std::string& text) {
  if (text.size() > limits::configuration_request_bytes_max) {
    refuse("it has more than " + std::to_string(limits::configuration_request_bytes_max) +
           " bytes; deploy fewer components at once, or keep large files in the artifact");
  }
  const json value = json::parse(text, nullptr, false);
  if (value.is_discarded()) refuse("it is not JSON");
  return configuration_of(value);
}

}  // namespace switchyard::store
