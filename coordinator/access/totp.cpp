#include "coordinator/access/totp.hpp"

#include "common/crypto.hpp"

namespace switchyard::access {
namespace {

constexpr std::size_t code_digits = 6;
constexpr std::uint32_t code_modulus = 1'000'000;

}  // namespace

std::string totp_code(std::string_view secret, std::uint64_t step) {
  std::string counter;
  for (int shift = 56; shift >= 0; shift -= 8) counter.push_back(static_cast<char>(step >> shift & 0xff));
  const std::string digest = hmac_sha1(secret, counter);
  const auto byte = [&](std::size_t i) { return static_cast<std::uint32_t>(static_cast<unsigned char>(digest[i])); };
  const std::size_t at = byte(19) & 0xf;
  const std::uint32_t number = (byte(at) & 0x7f) << 24 | byte(at + 1) << 16 | byte(at + 2) << 8 | byte(at + 3);
  std::string code = std::to_string(number % code_modulus);
  return std::string(code_digits - code.size(), '0') + code;
}

std::optional<std::uint64_t> totp_step_of(std::string_view secret, std::string_view code, std::int64_t wall_ms,
                                          std::uint64_t last_used) {
  const auto now = static_cast<std::uint64_t>(wall_ms / totp_step_ms);
  std::optional<std::uint64_t> found;
  for (const std::uint64_t step : {now - 1, now, now + 1}) {
    const bool right = equal_in_constant_time(totp_code(secret, step), code);
    if (right && step > last_used && !found) found = step;
  }
  return found;
}

std::string otpauth_uri(std::string_view secret, std::string_view account) {
  return "otpauth://totp/Switchyard:" + std::string(account) + "?secret=" + to_base32(secret) +
         "&issuer=Switchyard&algorithm=SHA1&digits=6&period=30";
}

std::string to_base32(std::string_view bytes) {
  constexpr std::string_view alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
  std::string text;
  std::uint32_t bits = 0;
  unsigned held = 0;
  for (const char c : bytes) {
    bits = bits << 8 | static_cast<unsigned char>(c);
    held += 8;
    while (held >= 5) {
      held -= 5;
      text += alphabet[bits >> held & 0x1f];
    }
  }
  if (held > 0) text += alphabet[bits << (5 - held) & 0x1f];
  return text;
}

}  // namespace switchyard::access
