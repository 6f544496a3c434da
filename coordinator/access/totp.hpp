#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

/// Time-based one-time codes as authenticator apps make them (RFC 6238): six digits, SHA-1, a step of 30 seconds. Pure.
namespace switchyard::access {

inline constexpr std::int64_t totp_step_ms = 30'000;

/// The code of a step, the number of 30 seconds since 1970.
std::string totp_code(std::string_view secret, std::uint64_t step);

/// The step whose code this is: the present one, the one before or the one after, and none up to `last_used`, so that a
/// code counts once. Nothing when it is none of them. Takes the same time for every code of six digits.
std::optional<std::uint64_t> totp_step_of(std::string_view secret, std::string_view code, std::int64_t wall_ms,
                                          std::uint64_t last_used);

/// What an authenticator app reads, as a QR code or by hand.
std::string otpauth_uri(std::string_view secret, std::string_view account);

/// RFC 4648, without padding.
std::string to_base32(std::string_view bytes);

}  // namespace switchyard::access
