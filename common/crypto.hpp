#pragma once

#include <optional>
#include <string>
#include <string_view>

/// SHA-256, Ed25519, AES-256-GCM and X25519, by OpenSSL. Throws CryptoError when OpenSSL itself fails.
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

/// 32 raw bytes.
std::string hmac_sha256(std::string_view key, std::string_view bytes);
/// 32 raw bytes: a password made expensive to guess, as PostgreSQL's SCRAM wants it.
std::string pbkdf2_sha256(std::string_view password, std::string_view salt, int iterations);

/// 20 raw bytes. For TOTP, which authenticator apps compute with it.
std::string hmac_sha1(std::string_view key, std::string_view bytes);

/// AES-256-GCM under a key of 32 bytes: the ciphertext and its tag of 16 bytes. `nonce`: 12 bytes, never twice under
/// one key. `bound`: what the text is bound to, and is not in it (the name that it is kept under).
std::string encrypt(std::string_view key, std::string_view nonce, std::string_view text, std::string_view bound);
/// Nothing when it was made with another key, nonce or binding, or was changed.
std::optional<std::string> decrypt(std::string_view key, std::string_view nonce, std::string_view sealed,
                                   std::string_view bound);

/// X25519; all of them 32 raw bytes. Throws CryptoError when the public key is a point that no honest side has.
std::string x25519_public(std::string_view secret);
std::string x25519_shared(std::string_view secret, std::string_view public_key);

/// Overwrites the text's memory before it is given back.
void wipe(std::string& text) noexcept;

bool equal_in_constant_time(std::string_view a, std::string_view b);

}  // namespace switchyard
