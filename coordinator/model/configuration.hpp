#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

/// What the components of one deployment are configured with, as whoever asks for it has resolved it: texts, and the
/// names of secrets where their values will stand. Plain values; no secret is in them.
namespace switchyard::model {

/// How a service reads its configuration.
enum class ConfigurationFormat : std::uint8_t {
  json = 0,
  yaml = 1,
  env = 2  ///< variables of its process
};
std::string_view configuration_format_name(ConfigurationFormat format);
std::optional<ConfigurationFormat> configuration_format_from_name(std::string_view name);

struct ConfigurationPiece {
  enum class Kind : std::uint8_t { text, secret, random };
  Kind kind = Kind::text;
  std::string text;                ///< the text itself, the secret's name, or which template draws the random text
  std::uint64_t version = 0;       ///< of a secret: 0: the newest
  std::uint32_t index = 0;         ///< of a random text: which one of its template, from 0
  std::uint32_t length = 0;        ///< of a random text: characters
  std::uint32_t base64_times = 0;  ///< how often a secret or random text is encoded before it is put in
  bool operator==(const ConfigurationPiece&) const = default;
};

/// A part of the file: what is written between values has no key.
struct ConfigurationPart {
  std::string key;  ///< api.rate_limit_per_minute
  std::vector<ConfigurationPiece> pieces;
  bool operator==(const ConfigurationPart&) const = default;
};

struct ComponentConfiguration {
  ConfigurationFormat format = ConfigurationFormat::json;
  std::vector<ConfigurationPart> parts;  ///< all of the file, in its order
  bool operator==(const ComponentConfiguration&) const = default;
};

/// What a service may use of a host; nothing: no limit.
struct ResourceLimits {
  std::optional<std::uint32_t> cpu_millicores;
  std::optional<std::uint64_t> memory_bytes;
  bool operator==(const ResourceLimits&) const = default;
};

struct Configuration {
  std::string environment;  ///< that it was resolved for; empty: there is none
  ResourceLimits limits;
  bool require_mfa = false;
  bool encrypt_at_rest = false;
  std::map<std::string, ComponentConfiguration> components;
  bool operator==(const Configuration&) const = default;
};

/// A component's configuration as it is delivered: one sealed box for each of its hosts.
struct ConfigurationDelivery {
  std::string digest;                        ///< keyed, over all of the file: another one is another configuration
  std::map<std::string, std::string> keys;   ///< of each value, likewise: what a plan compares
  bool encrypted = false;                    ///< on the host's disk
  std::map<std::string, std::string> boxes;  ///< by host
  bool operator==(const ConfigurationDelivery&) const = default;
};

}  // namespace switchyard::model
