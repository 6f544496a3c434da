#include "protocol/configuration_box.hpp"

#include <charconv>

#include "common/error.hpp"
#include "common/sealed_box.hpp"
#include "protocol/enrolment.hpp"

namespace switchyard::protocol {
namespace {

std::string place_of(const EnsureConfiguration& place) {
  return place.component + "/" + place.digest + "/" + place.file + (place.encrypted ? "/encrypted" : "");
}

/// "5:hello": no text can be taken for the beginning of the next.
void add(std::string& bytes, const std::string& text) { bytes += std::to_string(text.size()) + ":" + text; }

std::optional<std::string> take(std::string_view& bytes) {
  const std::size_t colon = bytes.find(':');
  if (colon == std::string_view::npos) return std::nullopt;
  std::size_t size = 0;
  const auto [end, error] = std::from_chars(bytes.data(), bytes.data() + colon, size);
  if (error != std::errc() || end != bytes.data() + colon || size > bytes.size() - colon - 1) return std::nullopt;
  std::string text(bytes.substr(colon + 1, size));
  bytes.remove_prefix(colon + 1 + size);
  return text;
}

}  // namespace

std::string seal_configuration(const std::string& public_key, const ConfigurationContent& content,
                               const EnsureConfiguration& place, std::string_view seed) {
  const auto raw = curve_key_bytes(public_key);
  if (!raw) throw CryptoError("the agent's public key is none");
  std::string bytes;
  add(bytes, content.text);
  for (const std::string& secret : content.secrets) add(bytes, secret);
  return seal_to(*raw, bytes, place_of(place), seed);
}

std::optional<ConfigurationContent> open_configuration(const std::string& secret_key, const EnsureConfiguration& box) {
  const auto raw = curve_key_bytes(secret_key);
  if (!raw) throw CryptoError("the agent's secret key is none");
  const auto bytes = open_sealed(*raw, box.sealed, place_of(box));
  if (!bytes) return std::nullopt;
  std::string_view rest = *bytes;
  auto text = take(rest);
  if (!text) return std::nullopt;
  ConfigurationContent content{std::move(*text), {}};
  while (!rest.empty()) {
    auto secret = take(rest);
    if (!secret) return std::nullopt;
    content.secrets.push_back(std::move(*secret));
  }
  return content;
}

}  // namespace switchyard::protocol
