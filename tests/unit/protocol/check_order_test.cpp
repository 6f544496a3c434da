#include "protocol/check_order.hpp"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "common/error.hpp"
#include "common/limits.hpp"
#include "protocol/plan.hpp"

namespace switchyard::protocol {
namespace {

const SigningKeyPair key = generate_signing_key();

CheckOrder some_order() {
  ProbeSpec probe;
  probe.name = "web";
  probe.kind = CustomProbe{{"/checks/web"}, "nobody", "{}"};
  return {"0123456789abcdef", HostId("web-1"), 1'000, {probe}};
}

TEST(CheckOrder, IsTakenByTheHostThatItIsForWhenThePlanKeySignedIt) {
  const RunChecks run = sign_order(some_order(), key);
  EXPECT_EQ(refuse_order(run, HostId("web-1"), key.public_key), std::nullopt);
  EXPECT_EQ(decode_order(run.order), some_order());
  EXPECT_TRUE(refuse_order(run, HostId("web-2"), key.public_key));
  EXPECT_TRUE(refuse_order(run, HostId("web-1"), generate_signing_key().public_key));
}

TEST(CheckOrder, IsNotMadeOfAPlansSignature) {
  RunChecks run = sign_order(some_order(), key);
  run.signature = sign_plan(run.order, key);
  EXPECT_TRUE(refuse_order(run, HostId("web-1"), key.public_key)) << "the purpose is signed too";
}

TEST(CheckOrder, ThatNamesNothingOrTooMuchIsRefused) {
  CheckOrder order = some_order();
  order.checks.clear();
  EXPECT_TRUE(refuse_order(sign_order(order, key), HostId("web-1"), key.public_key));
  order.checks.resize(limits::checks_per_order_max + 1, some_order().checks[0]);
  EXPECT_TRUE(refuse_order(sign_order(order, key), HostId("web-1"), key.public_key));
  order = some_order();
  order.request.clear();
  EXPECT_TRUE(refuse_order(sign_order(order, key), HostId("web-1"), key.public_key));
  order = some_order();
  std::get<CustomProbe>(order.checks[0].kind).config.assign(limits::check_order_bytes_max, ' ');
  EXPECT_THROW(sign_order(order, key), Error);
}

RC_GTEST_PROP(CheckOrderProperty, AnyChangedByteIsRefused, (std::uint8_t change)) {
  RunChecks run = sign_order(some_order(), key);
  std::string& bytes = *rc::gen::arbitrary<bool>() ? run.order : run.signature;
  const auto at = *rc::gen::inRange<std::size_t>(0, bytes.size());
  RC_PRE(change != 0);
  bytes[at] = static_cast<char>(bytes[at] ^ change);
  RC_ASSERT(refuse_order(run, HostId("web-1"), key.public_key).has_value());
}

}  // namespace
}  // namespace switchyard::protocol
