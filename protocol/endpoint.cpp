#include "protocol/endpoint.hpp"

#include <algorithm>
#include <charconv>

namespace switchyard::protocol {
namespace {

/// A DNS name, an IPv4 address or an IPv6 address in brackets: nothing that would mean more in an address of ZeroMQ.
bool is_host(std::string_view text) {
  if (text.empty() || text.size() > 255) return false;
  const bool bracketed = text.front() == '[';
  if (bracketed != (text.back() == ']')) return false;
  if (bracketed) text = text.substr(1, text.size() - 2);
  return !text.empty() && std::all_of(text.begin(), text.end(), [&](char c) {
    const bool alphanumeric = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
    return alphanumeric || c == '.' || (bracketed ? c == ':' : c == '-');
  });
}

std::optional<std::uint16_t> parse_port(std::string_view text) {
  std::uint16_t port = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), port);
  if (error != std::errc() || end != text.data() + text.size() || port == 0) return std::nullopt;
  return port;
}

}  // namespace

std::string Endpoint::control_address() const { return "tcp://" + host + ":" + std::to_string(control_port); }
std::string Endpoint::bulk_address() const { return "tcp://" + host + ":" + std::to_string(bulk_port); }

std::optional<Endpoint> parse_endpoint(std::string_view text) {
  const std::size_t bracket = text.rfind(']');
  const std::size_t colon = text.find(':', bracket == std::string_view::npos ? 0 : bracket);
  Endpoint endpoint;
  endpoint.host = text.substr(0, colon);
  if (!is_host(endpoint.host)) return std::nullopt;
  if (colon == std::string_view::npos) return endpoint;

  std::string_view ports = text.substr(colon + 1);
  const std::size_t second = ports.find(':');
  const auto control = parse_port(ports.substr(0, second));
  if (!control) return std::nullopt;
  endpoint.control_port = *control;
  if (second == std::string_view::npos) {
    if (*control == 65535) return std::nullopt;
    endpoint.bulk_port = static_cast<std::uint16_t>(*control + 1);
    return endpoint;
  }
  const auto bulk = parse_port(ports.substr(second + 1));
  if (!bulk) return std::nullopt;
  endpoint.bulk_port = *bulk;
  return endpoint;
}

std::string endpoint_text(const Endpoint& endpoint) {
  std::string text = endpoint.host + ":" + std::to_string(endpoint.control_port);
  if (endpoint.bulk_port != endpoint.control_port + 1) text += ":" + std::to_string(endpoint.bulk_port);
  return text;
}

}  // namespace switchyard::protocol
