#include "agent/probes/scram.hpp"

#include <charconv>
#include <cstdint>
#include <utility>

#include "common/crypto.hpp"
#include "common/limits.hpp"

namespace switchyard::agent {
namespace {

constexpr std::string_view alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/// The value of `r=` and the like in `r=...,s=...`; nothing when it is not there.
std::optional<std::string_view> field(std::string_view message, char name) {
  while (!message.empty()) {
    const std::size_t comma = message.find(',');
    const std::string_view part = message.substr(0, comma);
    if (part.size() > 1 && part[0] == name && part[1] == '=') return part.substr(2);
    if (comma == std::string_view::npos) break;
    message.remove_prefix(comma + 1);
  }
  return std::nullopt;
}

}  // namespace

std::string base64(std::string_view bytes) {
  std::string text;
  for (std::size_t at = 0; at < bytes.size(); at += 3) {
    std::uint32_t group = 0;
    const std::size_t count = bytes.size() - at < 3 ? bytes.size() - at : 3;
    for (std::size_t i = 0; i < 3; ++i) {
      group = group << 8 | (i < count ? static_cast<unsigned char>(bytes[at + i]) : 0u);
    }
    for (std::size_t i = 0; i < 4; ++i) text += i <= count ? alphabet[group >> (18 - 6 * i) & 63] : '=';
  }
  return text;
}

std::optional<std::string> from_base64(std::string_view text) {
  if (text.size() % 4 != 0) return std::nullopt;
  std::string bytes;
  for (std::size_t at = 0; at < text.size(); at += 4) {
    std::string_view group = text.substr(at, 4);
    const bool last = at + 4 == text.size();
    while (last && group.size() > 2 && group.ends_with('=')) group.remove_suffix(1);
    std::uint32_t value = 0;
    for (std::size_t i = 0; i < 4; ++i) {
      const std::size_t digit = i < group.size() ? alphabet.find(group[i]) : 0;
      if (digit == std::string_view::npos) return std::nullopt;
      value = value << 6 | static_cast<std::uint32_t>(digit);
    }
    for (std::size_t i = 0; i + 1 < group.size(); ++i) bytes += static_cast<char>(value >> (16 - 8 * i) & 0xff);
  }
  return bytes;
}

Scram::Scram(std::string password, std::string nonce)
    : password_(std::move(password)), nonce_(std::move(nonce)), bare_("n=,r=" + nonce_) {}

std::optional<std::string> Scram::answer(std::string_view server_first) {
  const auto nonce = field(server_first, 'r');
  const auto salt_text = field(server_first, 's');
  const auto count_text = field(server_first, 'i');
  if (!nonce || !salt_text || !count_text || !nonce->starts_with(nonce_)) return std::nullopt;
  const auto salt = from_base64(*salt_text);
  int iterations = 0;
  const char* end = count_text->data() + count_text->size();
  const auto [stopped, error] = std::from_chars(count_text->data(), end, iterations);
  if (!salt || error != std::errc() || stopped != end || iterations < 1 || iterations > limits::scram_iterations_max) {
    return std::nullopt;
  }
  const std::string without_proof = "c=biws,r=" + std::string(*nonce);
  const std::string all = bare_ + "," + std::string(server_first) + "," + without_proof;
  const std::string salted = pbkdf2_sha256(password_, *salt, iterations);
  std::string proof = hmac_sha256(salted, "Client Key");
  const std::string signature = hmac_sha256(sha256(proof), all);
  for (std::size_t i = 0; i < proof.size(); ++i) proof[i] = static_cast<char>(proof[i] ^ signature[i]);
  server_signature_ = hmac_sha256(hmac_sha256(salted, "Server Key"), all);
  return without_proof + ",p=" + base64(proof);
}

bool Scram::is_right(std::string_view server_last) const {
  const auto told = field(server_last, 'v');
  const auto signature = told ? from_base64(*told) : std::nullopt;
  return signature && !server_signature_.empty() && equal_in_constant_time(*signature, server_signature_);
}

}  // namespace switchyard::agent
