#pragma once

#include <filesystem>
#include <string>
#include <string_view>

/// CURVE key pairs: made, kept in a file that only its owner reads, derived from a token.
namespace switchyard::protocol {

struct CurveKeyPair {
  std::string public_key;  ///< Z85, 40 characters
  std::string secret;      ///< Z85, 40 characters; never logged
};

CurveKeyPair generate_curve_keys();
/// `secret`: 32 raw bytes, for example enrolment_secret().
CurveKeyPair curve_keys_from_secret(std::string_view secret);
/// 32 raw bytes as Z85, as ZAP shows keys.
std::string curve_key_text(std::string_view raw);

/// Throws InputError when the file is not there, may be read by others (0600 is wanted), belongs to somebody else, or
/// is no key pair; it says how to put it right.
CurveKeyPair load_curve_keys(const std::filesystem::path& path);
/// Durable, mode 0600. Throws SysError.
void save_curve_keys(const std::filesystem::path& path, const CurveKeyPair& keys);

}  // namespace switchyard::protocol
