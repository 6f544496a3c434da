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

std::string hmac_sha1(std::string_view key, std::string_view bytes) {
  std::string digest(20, '\0');
  std::size_t size = 0;
  check(EVP_Q_mac(nullptr, "HMAC", nullptr, "SHA1", nullptr, key.data(), key.size(), bytes_of(bytes), bytes.size(),
                  bytes_of(digest), digest.size(), &size) != nullptr &&
            size == digest.size(),
        "HMAC-SHA1");
  return digest;
}

bool equal_in_constant_time(std::string_view a, std::string_view b) {
  return a.size() == b.size() && CRYPTO_memcmp(a.data(), b.data(), a.size()) == 0;
}

}  // namespace switchyard
