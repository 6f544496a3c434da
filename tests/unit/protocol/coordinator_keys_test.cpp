#include "protocol/coordinator_keys.hpp"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

namespace switchyard::protocol {
namespace {

const std::string server_key = "rq:rM>}U?@Lns47E1%kR.o@n%FcmmsL/@{H8]yf7";

CoordinatorKeys some_keys() { return {server_key, generate_signing_key().public_key}; }

TEST(CoordinatorKeys, AreAnnouncedByWhoHasThePlanKeyInForce) {
  const SigningKeyPair present = generate_signing_key();
  const NextKeys next = announce_keys(some_keys(), present);
  EXPECT_TRUE(is_announced(next, present.public_key));
  EXPECT_FALSE(is_announced(next, generate_signing_key().public_key));
}

TEST(CoordinatorKeys, OfAnAnnouncementThatIsNoneAreRefused) {
  const SigningKeyPair present = generate_signing_key();
  EXPECT_FALSE(is_announced({}, present.public_key));
  EXPECT_FALSE(is_announced(announce_keys({"no key", std::string(32, 'p')}, present), present.public_key));
  EXPECT_FALSE(is_announced(announce_keys({server_key, "short"}, present), present.public_key));
}

TEST(CoordinatorKeys, HaveADigestThatIsTheirsAlone) {
  const CoordinatorKeys keys = some_keys();
  EXPECT_EQ(keys_digest(keys).size(), 32u);
  EXPECT_EQ(keys_digest(keys), keys_digest(keys));
  EXPECT_NE(keys_digest(keys), keys_digest({keys.server_public_key, generate_signing_key().public_key}));
  EXPECT_NE(keys_digest(keys),
            keys_digest({std::string(keys.server_public_key).replace(0, 1, "a"), keys.plan_public_key}));
  EXPECT_EQ(keys_name(keys).size(), 12u);
}

/// A signature of a plan is none of keys: what is signed says what it is for.
TEST(CoordinatorKeys, AreNotAnnouncedByASignatureOfSomethingElse) {
  const SigningKeyPair present = generate_signing_key();
  const CoordinatorKeys keys = some_keys();
  const std::string both = keys.server_public_key + keys.plan_public_key;
  EXPECT_FALSE(
      is_announced({keys.server_public_key, keys.plan_public_key, sign(present, sha256(both))}, present.public_key));
}

RC_GTEST_PROP(CoordinatorKeys, AreRefusedWhenAnyBitOfTheAnnouncementIsChanged, ()) {
  static const SigningKeyPair present = generate_signing_key();
  static const NextKeys good = announce_keys(some_keys(), present);
  NextKeys changed = good;
  std::string* const parts[] = {&changed.server_public_key, &changed.plan_public_key, &changed.signature};
  std::string& part = *parts[*rc::gen::inRange(0, 3)];
  const auto at = *rc::gen::inRange<std::size_t>(0, part.size());
  part[at] = static_cast<char>(part[at] ^ (1 << *rc::gen::inRange(0, 8)));
  RC_ASSERT(!is_announced(changed, present.public_key));
}

}  // namespace
}  // namespace switchyard::protocol
