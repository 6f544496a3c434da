#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "protocol/step.hpp"

/// A component's configuration on its way to one host: sealed (common/sealed_box.hpp) to the X25519 key that the host's
/// agent has for the bus, and bound to its place on the host.
namespace switchyard::protocol {

struct ConfigurationContent {
  std::string text;                  ///< the file
  std::vector<std::string> secrets;  ///< values that are in it: masked wherever a text leaves the host
  bool operator==(const ConfigurationContent&) const = default;
};

/// `public_key`: the agent's, in Z85. `seed`: see seal_to(). Throws CryptoError.
std::string seal_configuration(const std::string& public_key, const ConfigurationContent& content,
                               const EnsureConfiguration& place, std::string_view seed);
/// `secret_key`: the agent's, in Z85. Nothing when the box was sealed to another key or for another place.
std::optional<ConfigurationContent> open_configuration(const std::string& secret_key, const EnsureConfiguration& box);

}  // namespace switchyard::protocol
