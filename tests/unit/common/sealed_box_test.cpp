#include "common/sealed_box.hpp"

#include <gtest/gtest.h>

#include "common/crypto.hpp"
#include "common/error.hpp"
#include "common/hex.hpp"
#include "common/secret_text.hpp"

namespace switchyard {
namespace {

const std::string reader(32, 'r');
const std::string seed(32, 's');

TEST(SealedBox, IsOpenedByItsReaderAlone) {
  const std::string box = seal_to(x25519_public(reader), "the text", "api/app.json", seed);
  EXPECT_EQ(box.find("the text"), std::string::npos);
  EXPECT_EQ(open_sealed(reader, box, "api/app.json"), "the text");
  EXPECT_EQ(open_sealed(std::string(32, 'x'), box, "api/app.json"), std::nullopt);
  EXPECT_EQ(open_sealed(reader, box, "web/app.json"), std::nullopt) << "it was sealed for another place";
}

TEST(SealedBox, DoesNotOpenWhenAnyByteOfItWasChanged) {
  const std::string box = seal_to(x25519_public(reader), "t", "b", seed);
  for (std::size_t i = 0; i < box.size(); ++i) {
    std::string changed = box;
    changed[i] = static_cast<char>(changed[i] ^ 1);
    EXPECT_NE(open_sealed(reader, changed, "b"), "t") << i;
    EXPECT_EQ(open_sealed(reader, box.substr(0, i), "b"), std::nullopt) << i;
  }
}

TEST(SealedBox, IsTheSameForTheSameAndHasAnotherKeyForAnythingElse) {
  const std::string to = x25519_public(reader);
  const std::string box = seal_to(to, "one", "b", seed);
  EXPECT_EQ(box, seal_to(to, "one", "b", seed));
  const auto ephemeral = [](const std::string& sealed) { return sealed.substr(0, 32); };
  EXPECT_NE(ephemeral(box), ephemeral(seal_to(to, "two", "b", seed)));
  EXPECT_NE(ephemeral(box), ephemeral(seal_to(to, "one", "c", seed)));
  EXPECT_NE(ephemeral(box), ephemeral(seal_to(x25519_public(seed), "one", "b", seed)));
  EXPECT_NE(ephemeral(box), ephemeral(seal_to(to, "one", "b", reader)));
}

TEST(SealedBox, RefusesAKeyThatIsNone) {
  EXPECT_THROW(seal_to(std::string(32, '\0'), "t", "b", seed), CryptoError);
  EXPECT_THROW(seal_to("short", "t", "b", seed), CryptoError);
}

TEST(X25519, LeadsBothSidesToOneKey) {
  const std::string alice = std::string(32, 'a');
  EXPECT_EQ(x25519_shared(alice, x25519_public(reader)), x25519_shared(reader, x25519_public(alice)));
}

TEST(Encrypt, IsBoundToWhatItIsFor) {
  const std::string key(32, 'k');
  const std::string nonce(12, 'n');
  const std::string sealed = encrypt(key, nonce, "", "a/1");
  EXPECT_EQ(decrypt(key, nonce, sealed, "a/1"), "");
  EXPECT_EQ(decrypt(key, nonce, sealed, "a/2"), std::nullopt);
  EXPECT_EQ(decrypt(key, nonce, "short", "a/1"), std::nullopt);
  EXPECT_THROW(encrypt("short", nonce, "t", ""), CryptoError);
}

// RFC 4231, test case 2.
TEST(HmacSha256, IsWhatItsStandardSays) {
  EXPECT_EQ(to_hex(hmac_sha256("Jefe", "what do ya want for nothing?")),
            "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
}

TEST(SecretText, LeavesNothingWhereItWasMovedFrom) {
  SecretText one("secret");
  const SecretText two = std::move(one);
  EXPECT_EQ(two.reveal(), "secret");
  EXPECT_TRUE(one.empty());  // NOLINT(bugprone-use-after-move): that is what is promised
}

}  // namespace
}  // namespace switchyard
