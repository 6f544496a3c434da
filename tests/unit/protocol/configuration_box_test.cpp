#include "protocol/configuration_box.hpp"

#include <gtest/gtest.h>

#include "common/crypto.hpp"
#include "protocol/enrolment.hpp"
#include "tests/support/curve_key.hpp"

namespace switchyard::protocol {
namespace {

const std::string seed(32, 's');
const std::string secret(32, 'k');
const ConfigurationContent content{"{\"password\": \"5:hello\"}\n", {"5:hello", ""}};

EnsureConfiguration sealed_for(const std::string& secret_key) {
  EnsureConfiguration wanted{"api", "0123", "app.json", false, {}, {}};
  wanted.sealed = seal_configuration(switchyard::testing::curve_key(x25519_public(secret_key)), content, wanted, seed);
  return wanted;
}

TEST(ConfigurationBox, IsOpenedByItsHostAlone) {
  const EnsureConfiguration box = sealed_for(secret);
  EXPECT_EQ(open_configuration(switchyard::testing::curve_key(secret), box), content);
  EXPECT_EQ(open_configuration(switchyard::testing::curve_key(std::string(32, 'x')), box), std::nullopt);
}

TEST(ConfigurationBox, IsGoodForItsPlaceAlone) {
  const std::string host_key = switchyard::testing::curve_key(secret);
  for (int what = 0; what < 4; ++what) {
    EnsureConfiguration box = sealed_for(secret);
    if (what == 0) box.component = "web";
    if (what == 1) box.digest = "0124";
    if (what == 2) box.file = "other.json";
    if (what == 3) box.encrypted = true;  // a secret that shall be encrypted is not written in clear
    EXPECT_EQ(open_configuration(host_key, box), std::nullopt) << what;
  }
}

TEST(CurveKey, IsThirtyTwoBytes) {
  const std::string raw = sha256("a key");
  EXPECT_EQ(curve_key_bytes(switchyard::testing::curve_key(raw)), raw);
  EXPECT_EQ(curve_key_bytes(std::string(40, '#')), std::nullopt) << "more than 32 bits in five digits";
  EXPECT_EQ(curve_key_bytes("short"), std::nullopt);
}

}  // namespace
}  // namespace switchyard::protocol
