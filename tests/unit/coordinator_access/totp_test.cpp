#include "coordinator/access/totp.hpp"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

namespace switchyard::access {
namespace {

/// The secret of the test vectors of RFC 6238, appendix B; the codes there have eight digits, ours are their last six.
const std::string rfc_secret = "12345678901234567890";

TEST(Totp, MakesTheCodesOfTheRfc) {
  const std::pair<std::int64_t, const char*> vectors[] = {{59, "287082"},
                                                          {1'111'111'109, "081804"},
                                                          {1'111'111'111, "050471"},
                                                          {1'234'567'890, "005924"},
                                                          {2'000'000'000, "279037"},
                                                          {20'000'000'000, "353130"}};
  for (const auto& [seconds, code] : vectors) {
    EXPECT_EQ(totp_code(rfc_secret, static_cast<std::uint64_t>(seconds / 30)), code) << seconds;
  }
}

TEST(Totp, WritesTheSecretAsAppsReadIt) {
  EXPECT_EQ(to_base32(rfc_secret), "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ");
  EXPECT_EQ(to_base32(""), "");
  EXPECT_EQ(to_base32("f"), "MY");
  EXPECT_EQ(to_base32("foob"), "MZXW6YQ");
  EXPECT_EQ(to_base32("foobar"), "MZXW6YTBOI");
  EXPECT_EQ(otpauth_uri("foobar", "ann"),
            "otpauth://totp/Switchyard:ann?secret=MZXW6YTBOI&issuer=Switchyard&algorithm=SHA1&digits=6&period=30");
}

RC_GTEST_PROP(Totp, OneStepToEitherSideIsForgivenAndNoMore, ()) {
  const auto now = *rc::gen::inRange<std::uint64_t>(1'000, 100'000'000);
  const auto skew = *rc::gen::inRange<std::int64_t>(-5, 6);
  const auto step = static_cast<std::uint64_t>(static_cast<std::int64_t>(now) + skew);
  const auto found = totp_step_of(rfc_secret, totp_code(rfc_secret, step),
                                  static_cast<std::int64_t>(now) * totp_step_ms + *rc::gen::inRange(0, 30'000), 0);
  const bool near = skew >= -1 && skew <= 1;
  // Two steps have the same code once in a million.
  const bool taken_for_it = found && *found == step;
  RC_ASSERT(taken_for_it == near || found.has_value());
  RC_ASSERT(near || !taken_for_it);
}

TEST(Totp, ACodeCountsOnceAndAnOlderOneNotAfterIt) {
  const std::int64_t now = 1'000'000 * totp_step_ms;
  const std::string code = totp_code(rfc_secret, 1'000'000);
  EXPECT_EQ(totp_step_of(rfc_secret, code, now, 999'999), 1'000'000u);
  EXPECT_EQ(totp_step_of(rfc_secret, code, now, 1'000'000), std::nullopt);
  EXPECT_EQ(totp_step_of(rfc_secret, totp_code(rfc_secret, 999'999), now, 1'000'000), std::nullopt);
  EXPECT_EQ(totp_step_of(rfc_secret, totp_code(rfc_secret, 1'000'001), now, 1'000'000), 1'000'001u);
}

TEST(Totp, WhatIsNoCodeIsWrong) {
  for (const char* code : {"", "1", "12345", "1234567", "abcdef", " 123456"}) {
    EXPECT_EQ(totp_step_of(rfc_secret, code, 30'000'000, 0), std::nullopt) << code;
  }
}

}  // namespace
}  // namespace switchyard::access
