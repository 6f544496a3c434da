#include "coordinator/fleet/configurations.hpp"

#include <algorithm>
#include <utility>

#include "common/base64.hpp"
#include "common/crypto.hpp"
#include "common/error.hpp"
#include "common/hex.hpp"
#include "common/limits.hpp"
#include "common/secret_mask.hpp"
#include "coordinator/model/configuration_escape.hpp"
#include "protocol/configuration_box.hpp"

namespace switchyard::fleet {
namespace {

using model::ConfigurationPiece;

/// In hexadecimal digits. A file's digest names its directory, a value's is only compared.
constexpr std::size_t file_digest_digits = 32;
constexpr std::size_t value_digest_digits = 16;

/// The length goes before the text: no two different lists have the same bytes.
std::string joined(std::initializer_list<std::string_view> texts) {
  std::string bytes;
  for (const std::string_view text : texts) bytes += std::to_string(text.size()) + ":" + std::string(text);
  return bytes;
}

std::string digest_of(const std::string& key, std::string_view bytes, std::size_t digits) {
  return to_hex(hmac_sha256(key, bytes)).substr(0, digits);
}

bool names_secrets(const std::vector<ConfigurationPiece>& pieces) {
  return std::any_of(pieces.begin(), pieces.end(),
                     [](const ConfigurationPiece& piece) { return piece.kind != ConfigurationPiece::Kind::text; });
}

bool names_secrets(const model::ComponentConfiguration& configuration) {
  return std::any_of(configuration.parts.begin(), configuration.parts.end(),
                     [](const model::ConfigurationPart& part) { return names_secrets(part.pieces); });
}

/// What a value is put together from: which texts, and which secrets by kind, name and version.
std::string make_up_of(const std::vector<ConfigurationPiece>& pieces) {
  std::string bytes;
  for (const ConfigurationPiece& piece : pieces) {
    bytes += joined({std::to_string(static_cast<unsigned>(piece.kind)), piece.text, std::to_string(piece.version),
                     std::to_string(piece.index), std::to_string(piece.length), std::to_string(piece.base64_times)});
  }
  return bytes;
}

/// What is digested of a text that stands in `place`. Where secrets are in it, their names and versions go in too: else
/// whoever may plan could put a guess in the place of a secret, or another secret, and see that nothing has changed. A
/// text without any is digested by itself, since it is no secret how it was cut into pieces.
std::string digested(std::initializer_list<std::string_view> place, const std::string& text, bool secret,
                     const std::string& make_up) {
  std::string bytes = joined(place) + joined({text});
  return secret ? bytes + joined({make_up}) : bytes;
}

template <class Use>
void for_each_piece(const model::Configuration& configuration, Use use) {
  for (const auto& [component, file] : configuration.components) {
    for (const model::ConfigurationPart& part : file.parts) {
      for (const ConfigurationPiece& piece : part.pieces) use(component, piece);
    }
  }
}

[[noreturn]] void refuse(const model::Component& component, const std::string& why) {
  throw InputError(component.where + ": component `" + component.name + "` " + why);
}

std::string not_set(const std::string& name, const std::string& environment) {
  return "the secret " + name + " of " + environment + " is not set; set it: switchyard secrets set " + name +
         " --environment " + environment + " < FILE";
}

}  // namespace

struct Configurations::Filled {
  std::string text;
  std::string make_up;
  std::map<std::string, std::string> keys;
  std::vector<std::string> secrets;
};

Configurations::Configurations(const SecretBook& secrets, const HostBook& hosts, std::string key)
    : secrets_(secrets),
      hosts_(hosts),
      random_key_(derive_key(key, "random texts")),
      digest_key_(derive_key(key, "digests")),
      box_key_(derive_key(key, "boxes")) {
  wipe(key);
}

std::string text_drawn_for(const std::string& key, const std::string& name, std::uint32_t length) {
  constexpr std::string_view letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
  std::string text;
  for (std::uint64_t block = 0; text.size() < length; ++block) {
    for (const char c : hmac_sha256(key, std::to_string(block) + " " + name)) {
      // What is above the last whole multiple would make the first letters likelier.
      const auto byte = static_cast<unsigned char>(c);
      if (text.size() < length && byte < 256 / letters.size() * letters.size()) text += letters[byte % letters.size()];
    }
  }
  return text;
}

model::Configuration Configurations::pinned(model::Configuration configuration) const {
  std::map<std::string, std::uint64_t> newest;
  for (const SecretView& secret : secrets_.list()) {
    if (secret.environment == configuration.environment) newest.emplace(secret.name, secret.version);
  }
  for (auto& [name, component] : configuration.components) {
    for (model::ConfigurationPart& part : component.parts) {
      for (ConfigurationPiece& piece : part.pieces) {
        if (piece.kind != ConfigurationPiece::Kind::secret || piece.version != 0) continue;
        const auto found = newest.find(piece.text);
        if (found == newest.end()) throw InputError(not_set(piece.text, configuration.environment));
        piece.version = found->second;
      }
    }
  }
  return configuration;
}

std::string Configurations::drawn(const ConfigurationPiece& piece, const std::string& environment,
                                  const std::string& component) const {
  return text_drawn_for(
      random_key_,
      joined({environment, component, piece.text, std::to_string(piece.index), std::to_string(piece.length)}),
      piece.length);
}

std::string Configurations::value_of(const ConfigurationPiece& piece, const std::string& environment,
                                     const std::string& component) const {
  if (piece.kind == ConfigurationPiece::Kind::random) return drawn(piece, environment, component);
  const auto value = secrets_.value(environment, piece.text, piece.version);
  if (value) return value->reveal();
  throw InputError("version " + std::to_string(piece.version) + " of the secret " + piece.text + " of " + environment +
                   " is not kept any more: it was removed, or too many newer ones were set; deploy anew");
}

Configurations::Filled Configurations::filled(const model::ComponentConfiguration& configuration,
                                              const std::string& environment, const std::string& component) const {
  Filled file;
  for (const model::ConfigurationPart& part : configuration.parts) {
    std::string text;
    for (const ConfigurationPiece& piece : part.pieces) {
      if (piece.kind == ConfigurationPiece::Kind::text) {
        text += piece.text;
        continue;
      }
      std::string value = value_of(piece, environment, component);
      const bool known = std::find(file.secrets.begin(), file.secrets.end(), value) != file.secrets.end();
      if (!known && value.size() >= SecretPatterns::bytes_min) file.secrets.push_back(value);
      for (std::uint32_t i = 0; i < piece.base64_times; ++i) value = base64(value);
      text += model::escaped(value, configuration.format);
      if (file.text.size() + text.size() > limits::configuration_bytes_max) break;
    }
    const std::string make_up = make_up_of(part.pieces);
    if (!part.key.empty()) {
      file.keys[part.key] = digest_of(
          digest_key_, digested({environment, component, part.key}, text, names_secrets(part.pieces), make_up),
          value_digest_digits);
    }
    file.text += text;
    file.make_up += joined({part.key, make_up});
    if (file.text.size() > limits::configuration_bytes_max) {
      throw InputError("the configuration of " + component + " has more than " +
                       std::to_string(limits::configuration_bytes_max) + " bytes; keep large files in the artifact");
    }
  }
  return file;
}

void Configurations::deliver(const model::Configuration& configuration, model::Component& component) const {
  const model::ConfigurationPlace& place = *component.service.configuration;
  const auto found = configuration.components.find(component.name);
  if (found == configuration.components.end()) {
    refuse(component, "is configured by a file (`service.configuration`), but the request brings none; deploy with " +
                          std::string("`--config-dir DIR`, where DIR/servers has ") + component.name + ".yaml");
  }
  if (found->second.format != place.format) refuse(component, "is sent a configuration in another format");
  const Filled file = filled(found->second, configuration.environment, component.name);
  const bool has_secrets = names_secrets(found->second);
  model::ConfigurationDelivery delivery;
  delivery.encrypted = configuration.encrypt_at_rest && has_secrets;
  if (delivery.encrypted && place.format == model::ConfigurationFormat::env) {
    refuse(component,
           "has a configuration with secrets as variables (`format: env`), which systemd reads from a file " +
               std::string("in clear, but the environment ") + configuration.environment +
               " wants `encrypt_at_rest`; use `format: json` or `yaml`");
  }
  delivery.keys = file.keys;
  delivery.digest =
      digest_of(digest_key_,
                digested({configuration.environment, component.name, place.file,
                          model::configuration_format_name(place.format), delivery.encrypted ? "encrypted" : "plain"},
                         file.text, has_secrets, file.make_up),
                file_digest_digits);
  const protocol::EnsureConfiguration where{component.name, delivery.digest, place.file, delivery.encrypted, {}, {}};
  for (const HostId& host : component.hosts) {
    const model::HostRow* row = hosts_.find(host);
    // Who has no agent yet is refused, or left out, by whoever plans.
    if (row == nullptr || row->public_key.empty()) continue;
    delivery.boxes[host.str()] =
        protocol::seal_configuration(row->public_key, {file.text, file.secrets}, where, box_key_);
  }
  component.service.delivery = std::move(delivery);
}

std::vector<EnvironmentValue> Configurations::drawn_texts(const model::Configuration& configuration) const {
  std::vector<EnvironmentValue> texts;
  std::size_t bytes = 0;
  for_each_piece(configuration, [&](const std::string& component, const ConfigurationPiece& piece) {
    if (piece.kind != ConfigurationPiece::Kind::random || bytes > limits::masked_drawn_bytes_max) return;
    texts.push_back({configuration.environment, drawn(piece, configuration.environment, component)});
    bytes += piece.length;
  });
  return texts;
}

std::vector<EnvironmentValue> Configurations::secret_values(const model::Configuration& configuration) const {
  std::vector<EnvironmentValue> values;
  for_each_piece(configuration, [&](const std::string&, const ConfigurationPiece& piece) {
    if (piece.kind != ConfigurationPiece::Kind::secret) return;
    const auto value = secrets_.value(configuration.environment, piece.text, piece.version);
    if (value) values.push_back({configuration.environment, value->reveal()});
  });
  return values;
}

void Configurations::apply(const model::Configuration& configuration, model::Manifest& manifest) const {
  const bool given = !configuration.environment.empty();
  if (given && configuration.environment != manifest.environment) {
    throw InputError(manifest.file_name + ":1:1: the configuration was resolved for " + configuration.environment +
                     ", but the deployment is for " + manifest.environment);
  }
  const model::Configuration whole = pinned(configuration);
  manifest.require_mfa = whole.require_mfa;
  for (model::Component& component : manifest.components) {
    component.service.limits = whole.limits;
    if (component.service.configuration) deliver(whole, component);
  }
}

}  // namespace switchyard::fleet
