#pragma once

#include <string>
#include <string_view>

/// SHA-256 and Ed25519, by OpenSSL. Throws CryptoError when OpenSSL itself fails.
namespace switchyard {

/// 32 raw bytes.
std::string sha256(std::string_view bytes);
/// 64 hexadecimal digits.
std::string sha256_hex(std::string_view bytes);

class Sha256 {
 public:
  Sha256();
  ~Sha256();
  Sha256(const Sha256&) = delete;
  Sha256& operator=(const Sha256&) = delete;
  void update(std::string_view bytes);
  /// 32 raw bytes; the object is spent.
  std::string finish();

 private:
  void* context_;
};

struct SigningKeyPair {
  std::string secret;      ///< 32 raw bytes (the Ed25519 seed); never logged
  std::string public_key;  ///< 32 raw bytes
};
SigningKeyPair generate_signing_key();
SigningKeyPair signing_key_from_secret(std::string_view secret);
/// 64 raw bytes.
std::string sign(const SigningKeyPair& key, std::string_view bytes);
bool verify_signature(std::string_view public_key, std::string_view bytes, std::string_view signature);

/// HKDF-SHA256 with an empty salt; 32 raw bytes. Used to derive the enrolment key pair from a token.
std::string derive_key(std::string_view secret, std::string_view purpose);

/// 20 raw bytes. For TOTP, which authenticator apps compute with it.
std::string hmac_sha1(std::string_view key, std::string_view bytes);

bool equal_in_constant_time(std::string_view a, std::string_view b);

}  // namespace switchyard
