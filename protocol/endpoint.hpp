#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

/// Where a coordinator listens. Text form: `host`, `host:control` or `host:control:bulk`; an IPv6 address stands in
/// brackets. The control port is 7400 and the bulk port the next one, unless they are named.
namespace switchyard::protocol {

inline constexpr std::uint16_t control_port_default = 7400;

struct Endpoint {
  std::string host;
  std::uint16_t control_port = control_port_default;
  std::uint16_t bulk_port = control_port_default + 1;
  bool operator==(const Endpoint&) const = default;

  std::string control_address() const;  ///< tcp://host:port
  std::string bulk_address() const;
};

/// Nothing if the text is not of that form.
std::optional<Endpoint> parse_endpoint(std::string_view text);
std::string endpoint_text(const Endpoint& endpoint);

}  // namespace switchyard::protocol
