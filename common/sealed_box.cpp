#include "common/sealed_box.hpp"

#include "common/crypto.hpp"
#include "common/error.hpp"

namespace switchyard {
namespace {

constexpr std::size_t public_key_bytes = 32;
/// Every key seals one text alone.
constexpr std::string_view nonce("\0\0\0\0\0\0\0\0\0\0\0\0", 12);

std::string key_of(std::string_view shared, std::string_view ephemeral, std::string_view reader) {
  return derive_key(shared, "switchyard sealed box" + std::string(ephemeral) + std::string(reader));
}

}  // namespace

std::string seal_to(std::string_view public_key, std::string_view text, std::string_view bound, std::string_view seed) {
  if (public_key.size() != public_key_bytes) throw CryptoError("an X25519 public key has 32 bytes");
  const std::string secret = hmac_sha256(seed, "ephemeral" + std::string(public_key) + sha256(bound) + sha256(text));
  const std::string ephemeral = x25519_public(secret);
  const std::string key = key_of(x25519_shared(secret, public_key), ephemeral, public_key);
  return ephemeral + encrypt(key, nonce, text, bound);
}

std::optional<std::string> open_sealed(std::string_view secret, std::string_view box, std::string_view bound) {
  if (box.size() < public_key_bytes) return std::nullopt;
  const std::string_view ephemeral = box.substr(0, public_key_bytes);
  const std::string key = key_of(x25519_shared(secret, ephemeral), ephemeral, x25519_public(secret));
  return decrypt(key, nonce, box.substr(public_key_bytes), bound);
}

}  // namespace switchyard
