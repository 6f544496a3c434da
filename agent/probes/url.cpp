#include "agent/probes/url.hpp"

#include <algorithm>
#include <charconv>

namespace switchyard::agent {
namespace {

std::optional<std::uint16_t> parse_port(std::string_view text) {
  std::uint16_t port = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), port);
  if (error != std::errc() || end != text.data() + text.size() || port == 0) return std::nullopt;
  return port;
}

/// Splits `host`, `host:port`, `[v6]`, `[v6]:port`.
bool parse_authority(std::string_view text, HttpUrl& url) {
  url.authority = std::string(text);
  std::string_view rest;
  if (text.starts_with('[')) {
    const std::size_t close = text.find(']');
    if (close == std::string_view::npos) return false;
    url.host = std::string(text.substr(1, close - 1));
    rest = text.substr(close + 1);
  } else {
    const std::size_t colon = text.find(':');
    url.host = std::string(text.substr(0, colon));
    rest = colon == std::string_view::npos ? std::string_view() : text.substr(colon);
  }
  if (url.host.empty()) return false;
  if (rest.empty()) return true;
  const std::optional<std::uint16_t> port = rest.front() == ':' ? parse_port(rest.substr(1)) : std::nullopt;
  if (!port) return false;
  url.port = *port;
  return true;
}

}  // namespace

std::optional<HttpUrl> parse_http_url(std::string_view text) {
  constexpr std::string_view scheme = "http://";
  const bool clean =
      std::none_of(text.begin(), text.end(), [](char c) { return static_cast<unsigned char>(c) <= 0x20 || c == 0x7f; });
  if (!clean || !text.starts_with(scheme)) return std::nullopt;
  text.remove_prefix(scheme.size());
  text = text.substr(0, text.find('#'));
  const std::size_t end = text.find_first_of("/?");
  const std::string_view authority = text.substr(0, end);
  if (authority.find('@') != std::string_view::npos) return std::nullopt;
  HttpUrl url;
  if (!parse_authority(authority, url)) return std::nullopt;
  if (end != std::string_view::npos) url.path = std::string(text.substr(end));
  if (url.path.starts_with('?')) url.path.insert(0, "/");
  return url;
}

}  // namespace switchyard::agent
