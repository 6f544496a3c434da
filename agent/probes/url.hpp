#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace switchyard::agent {

struct HttpUrl {
  std::string host;  ///< without the brackets of an IPv6 address
  std::uint16_t port = 80;
  std::string path = "/";  ///< with the query; what follows a # is cut off
  std::string authority;   ///< for the Host header: as it was written
};

/// `http://host[:port][/path][?query]` and nothing else: no user, no blanks, no control characters. Nothing otherwise.
std::optional<HttpUrl> parse_http_url(std::string_view text);

}  // namespace switchyard::agent
