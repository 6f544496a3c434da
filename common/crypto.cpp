#include "common/crypto.hpp"

#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/kdf.h>
#include <openssl/params.h>

#include <memory>

#include "common/error.hpp"
#include "common/hex.hpp"

namespace switchyard {
namespace {

using PKey = std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)>;
using DigestContext = std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)>;

const unsigned char* bytes_of(std::string_view text) { return reinterpret_cast<const unsigned char*>(text.data()); }
unsigned char* bytes_of(std::string& text) { return reinterpret_cast<unsigned char*>(text.data()); }

void check(bool ok, const char* what) {
  if (!ok) throw CryptoError(std::string("OpenSSL failed: ") + what);
}

}  // namespace

Sha256::Sha256() : context_(EVP_MD_CTX_new()) {
  check(context_ != nullptr && EVP_DigestInit_ex(static_cast<EVP_MD_CTX*>(context_), EVP_sha256(), nullptr) == 1,
        "SHA-256 init");
}
Sha256::~Sha256() { EVP_MD_CTX_free(static_cast<EVP_MD_CTX*>(context_)); }
void Sha256::update(std::string_view bytes) {
  check(EVP_DigestUpdate(static_cast<EVP_MD_CTX*>(context_), bytes.data(), bytes.size()) == 1, "SHA-256 update");
}
std::string Sha256::finish() {
  std::string digest(32, '\0');
  check(EVP_DigestFinal_ex(static_cast<EVP_MD_CTX*>(context_), bytes_of(digest), nullptr) == 1, "SHA-256 final");
  return digest;
}

std::string sha256(std::string_view bytes) {
  Sha256 hash;
  hash.update(bytes);
  return hash.finish();
}
std::string sha256_hex(std::string_view bytes) { return to_hex(sha256(bytes)); }

SigningKeyPair generate_signing_key() {
  PKey key(EVP_PKEY_Q_keygen(nullptr, nullptr, "ED25519"), &EVP_PKEY_free);
  check(key != nullptr, "Ed25519 key generation");
  SigningKeyPair pair{std::string(32, '\0'), std::string(32, '\0')};
  std::size_t size = 32;
  check(EVP_PKEY_get_raw_private_key(key.get(), bytes_of(pair.secret), &size) == 1, "Ed25519 secret key");
  size = 32;
  check(EVP_PKEY_get_raw_public_key(key.get(), bytes_of(pair.public_key), &size) == 1, "Ed25519 public key");
  return pair;
}

SigningKeyPair signing_key_from_secret(std::string_view secret) {
  if (secret.size() != 32) throw CryptoError("an Ed25519 secret key has 32 bytes");
  PKey key(EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, nullptr, bytes_of(secret), secret.size()), &EVP_PKEY_free);
  check(key != nullptr, "Ed25519 secret key");
  SigningKeyPair pair{std::string(secret), std::string(32, '\0')};
  std::size_t size = 32;
  check(EVP_PKEY_get_raw_public_key(key.get(), bytes_of(pair.public_key), &size) == 1, "Ed25519 public key");
  return pair;
}

std::string sign(const SigningKeyPair& pair, std::string_view bytes) {
  PKey key(EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, nullptr, bytes_of(pair.secret), pair.secret.size()),
           &EVP_PKEY_free);
  DigestContext context(EVP_MD_CTX_new(), &EVP_MD_CTX_free);
  check(key != nullptr && context != nullptr, "Ed25519 sign");
  std::string signature(64, '\0');
  std::size_t size = signature.size();
  check(EVP_DigestSignInit(context.get(), nullptr, nullptr, nullptr, key.get()) == 1, "Ed25519 sign");
  check(EVP_DigestSign(context.get(), bytes_of(signature), &size, bytes_of(bytes), bytes.size()) == 1, "Ed25519 sign");
  return signature;
}

bool verify_signature(std::string_view public_key, std::string_view bytes, std::string_view signature) {
  if (public_key.size() != 32 || signature.size() != 64) return false;
  PKey key(EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, nullptr, bytes_of(public_key), public_key.size()),
           &EVP_PKEY_free);
  DigestContext context(EVP_MD_CTX_new(), &EVP_MD_CTX_free);
  if (key == nullptr || context == nullptr) return false;
  if (EVP_DigestVerifyInit(context.get(), nullptr, nullptr, nullptr, key.get()) != 1) return false;
  return EVP_DigestVerify(context.get(), bytes_of(signature), signature.size(), bytes_of(bytes), bytes.size()) == 1;
}

std::string derive_key(std::string_view secret, std::string_view purpose) {
  std::unique_ptr<EVP_KDF, decltype(&EVP_KDF_free)> kdf(EVP_KDF_fetch(nullptr, "HKDF", nullptr), &EVP_KDF_free);
  check(kdf != nullptr, "HKDF");
  std::unique_ptr<EVP_KDF_CTX, decltype(&EVP_KDF_CTX_free)> context(EVP_KDF_CTX_new(kdf.get()), &EVP_KDF_CTX_free);
  std::string digest_name = "SHA256";
  std::string key(secret);
  std::string info(purpose);
  const OSSL_PARAM parameters[] = {
      OSSL_PARAM_construct_utf8_string(OSSL_KDF_PARAM_DIGEST, digest_name.data(), digest_name.size()),
      OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_KEY, key.data(), key.size()),
      OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_INFO, info.data(), info.size()), OSSL_PARAM_construct_end()};
  std::string derived(32, '\0');
  check(EVP_KDF_derive(context.get(), bytes_of(derived), derived.size(), parameters) == 1, "HKDF");
  return derived;
}

std::string hmac_sha256(std::string_view key, std::string_view bytes) {
  std::string digest(32, '\0');
  std::size_t size = 0;
  check(EVP_Q_mac(nullptr, "HMAC", nullptr, "SHA256", nullptr, key.data(), key.size(), bytes_of(bytes), bytes.size(),
                  bytes_of(digest), digest.size(), &size) != nullptr &&
            size == digest.size(),
        "HMAC-SHA256");
  return digest;
}

std::string pbkdf2_sha256(std::string_view password, std::string_view salt, int iterations) {
  std::string key(32, '\0');
  check(PKCS5_PBKDF2_HMAC(password.data(), static_cast<int>(password.size()), bytes_of(salt),
                          static_cast<int>(salt.size()), iterations, EVP_sha256(), static_cast<int>(key.size()),
                          bytes_of(key)) == 1,
        "PBKDF2");
  return key;
}

std::string hmac_sha1(std::string_view key, std::string_view bytes) {
  std::string digest(20, '\0');
  std::size_t size = 0;
  check(EVP_Q_mac(nullptr, "HMAC", nullptr, "SHA1", nullptr, key.data(), key.size(), bytes_of(bytes), bytes.size(),
                  bytes_of(digest), digest.size(), &size) != nullptr &&
            size == digest.size(),
        "HMAC-SHA1");
  return digest;
}

namespace {

using CipherContext = std::unique_ptr<EVP_CIPHER_CTX, decltype(&EVP_CIPHER_CTX_free)>;
constexpr std::size_t cipher_key_bytes = 32;
constexpr std::size_t cipher_nonce_bytes = 12;
constexpr std::size_t cipher_tag_bytes = 16;

int length_of(std::string_view text) { return static_cast<int>(text.size()); }

void check_cipher_input(std::string_view key, std::string_view nonce) {
  if (key.size() == cipher_key_bytes && nonce.size() == cipher_nonce_bytes) return;
  throw CryptoError("AES-256-GCM takes a key of 32 bytes and a nonce of 12");
}

PKey x25519_secret_key(std::string_view secret) {
  PKey key(EVP_PKEY_new_raw_private_key(EVP_PKEY_X25519, nullptr, bytes_of(secret), secret.size()), &EVP_PKEY_free);
  check(key != nullptr, "X25519 secret key");
  return key;
}

}  // namespace

std::string encrypt(std::string_view key, std::string_view nonce, std::string_view text, std::string_view bound) {
  check_cipher_input(key, nonce);
  const CipherContext context(EVP_CIPHER_CTX_new(), &EVP_CIPHER_CTX_free);
  std::string sealed(text.size() + cipher_tag_bytes, '\0');
  int size = 0;
  check(context != nullptr &&
            EVP_EncryptInit_ex(context.get(), EVP_aes_256_gcm(), nullptr, bytes_of(key), bytes_of(nonce)) == 1,
        "AES-256-GCM");
  check(EVP_EncryptUpdate(context.get(), nullptr, &size, bytes_of(bound), length_of(bound)) == 1, "AES-256-GCM");
  check(EVP_EncryptUpdate(context.get(), bytes_of(sealed), &size, bytes_of(text), length_of(text)) == 1, "AES-256-GCM");
  check(EVP_EncryptFinal_ex(context.get(), bytes_of(sealed) + size, &size) == 1, "AES-256-GCM");
  check(EVP_CIPHER_CTX_ctrl(context.get(), EVP_CTRL_GCM_GET_TAG, static_cast<int>(cipher_tag_bytes),
                            bytes_of(sealed) + text.size()) == 1,
        "AES-256-GCM tag");
  return sealed;
}

std::optional<std::string> decrypt(std::string_view key, std::string_view nonce, std::string_view sealed,
                                   std::string_view bound) {
  check_cipher_input(key, nonce);
  if (sealed.size() < cipher_tag_bytes) return std::nullopt;
  const std::string_view body = sealed.substr(0, sealed.size() - cipher_tag_bytes);
  std::string tag(sealed.substr(body.size()));
  const CipherContext context(EVP_CIPHER_CTX_new(), &EVP_CIPHER_CTX_free);
  std::string text(body.size(), '\0');
  int size = 0;
  check(context != nullptr &&
            EVP_DecryptInit_ex(context.get(), EVP_aes_256_gcm(), nullptr, bytes_of(key), bytes_of(nonce)) == 1,
        "AES-256-GCM");
  check(EVP_DecryptUpdate(context.get(), nullptr, &size, bytes_of(bound), length_of(bound)) == 1, "AES-256-GCM");
  check(EVP_DecryptUpdate(context.get(), bytes_of(text), &size, bytes_of(body), length_of(body)) == 1, "AES-256-GCM");
  check(
      EVP_CIPHER_CTX_ctrl(context.get(), EVP_CTRL_GCM_SET_TAG, static_cast<int>(cipher_tag_bytes), bytes_of(tag)) == 1,
      "AES-256-GCM tag");
  if (EVP_DecryptFinal_ex(context.get(), bytes_of(text) + size, &size) == 1) return text;
  wipe(text);
  return std::nullopt;
}

std::string x25519_public(std::string_view secret) {
  const PKey key = x25519_secret_key(secret);
  std::string public_key(32, '\0');
  std::size_t size = public_key.size();
  check(EVP_PKEY_get_raw_public_key(key.get(), bytes_of(public_key), &size) == 1, "X25519 public key");
  return public_key;
}

std::string x25519_shared(std::string_view secret, std::string_view public_key) {
  const PKey own = x25519_secret_key(secret);
  const PKey peer(EVP_PKEY_new_raw_public_key(EVP_PKEY_X25519, nullptr, bytes_of(public_key), public_key.size()),
                  &EVP_PKEY_free);
  const std::unique_ptr<EVP_PKEY_CTX, decltype(&EVP_PKEY_CTX_free)> context(EVP_PKEY_CTX_new(own.get(), nullptr),
                                                                            &EVP_PKEY_CTX_free);
  check(peer != nullptr && context != nullptr, "X25519 public key");
  std::string shared(32, '\0');
  std::size_t size = shared.size();
  check(EVP_PKEY_derive_init(context.get()) == 1 && EVP_PKEY_derive_set_peer(context.get(), peer.get()) == 1 &&
            EVP_PKEY_derive(context.get(), bytes_of(shared), &size) == 1,
        "X25519");
  return shared;
}

void wipe(std::string& text) noexcept {
  OPENSSL_cleanse(text.data(), text.size());
  text.clear();
}

bool equal_in_constant_time(std::string_view a, std::string_view b) {
  return a.size() == b.size() && CRYPTO_memcmp(a.data(), b.data(), a.size()) == 0;
}

}  // namespace switchyard
