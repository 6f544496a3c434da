#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace switchyard::api {

/// True when the Host header names this server: a loopback name or address, or one of `allowed_hosts`, with any port
/// (a tunnel may change it). Another name means that a web page has pointed its own name at us (DNS rebinding).
bool is_allowed_host(std::string_view host, const std::vector<std::string>& allowed_hosts);

/// True when there is no Origin (not a browser), when it is this very server's, or is listed. Another means that a page
/// of some other site makes the visitor's browser speak to us.
bool is_allowed_origin(const std::optional<std::string>& origin, std::string_view host,
                       const std::vector<std::string>& allowed_origins);

}  // namespace switchyard::api
