#include "coordinator/api/site_check.hpp"

#include <algorithm>
#include <array>

namespace switchyard::api {
namespace {

constexpr std::array<std::string_view, 3> loopback_names = {"localhost", "127.0.0.1", "[::1]"};

/// The name without its port; empty when what follows the name is no port.
std::string_view without_port(std::string_view host) {
  const std::size_t bracket = host.rfind(']');
  const std::size_t colon = host.find(':', bracket == std::string_view::npos ? 0 : bracket);
  if (colon == std::string_view::npos) return host;
  const std::string_view port = host.substr(colon + 1);
  const bool digits = !port.empty() && port.size() <= 5 &&
                      std::all_of(port.begin(), port.end(), [](char c) { return c >= '0' && c <= '9'; });
  return digits ? host.substr(0, colon) : std::string_view();
}

}  // namespace

bool is_allowed_host(std::string_view host, const std::vector<std::string>& allowed_hosts) {
  const std::string_view name = without_port(host);
  if (name.empty()) return false;
  return std::find(loopback_names.begin(), loopback_names.end(), name) != loopback_names.end() ||
         std::find(allowed_hosts.begin(), allowed_hosts.end(), name) != allowed_hosts.end();
}

bool is_allowed_origin(const std::optional<std::string>& origin, std::string_view host,
                       const std::vector<std::string>& allowed_origins) {
  if (!origin) return true;
  if (*origin == "http://" + std::string(host)) return true;
  return std::find(allowed_origins.begin(), allowed_origins.end(), *origin) != allowed_origins.end();
}

}  // namespace switchyard::api
