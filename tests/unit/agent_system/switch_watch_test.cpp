#include "agent/system/switch_watch.hpp"

#include <chrono>

#include "tests/support/real_time.hpp"
#include "tests/unit/agent_system/nftables_host.hpp"

namespace switchyard::testing {
namespace {

class SwitchWatch : public NftablesHost {
 protected:
  bool in_force() { return !switch_.read(traffic(0, 0)).targets.empty(); }
  agent::HaproxySwitch haproxy_{directory_ / "state", files_, sockets_};
};

TEST_F(SwitchWatch, PutsTheTableBackWithinASecondAfterAFlush) {
  const SlotServer blue("blue", 5002);
  switch_.apply(traffic(100, 0));
  const agent::SwitchWatch watch(switch_, haproxy_);
  for (int i = 0; i < 5; ++i) {
    nft_.load("flush ruleset\n");
    EXPECT_TRUE(within_ms(1'000, [this] { return slot() == "blue"; }));
  }
}

TEST_F(SwitchWatch, KeepsAnEstablishedConnectionOverAFlush) {
  const SlotServer blue("blue", 5002);
  switch_.apply(traffic(100, 0));
  const agent::SwitchWatch watch(switch_, haproxy_);
  Client client("127.0.0.1", 5001);
  ASSERT_EQ(client.ask("stay"), "blue");
  nft_.load("flush ruleset\n");
  ASSERT_TRUE(within_ms(1'000, [this] { return in_force(); }));
  EXPECT_EQ(client.ask("stay"), "blue");
}

TEST_F(SwitchWatch, PutsBackSingleRulesAndElements) {
  const SlotServer blue("blue", 5002);
  switch_.apply(traffic(100, 0));
  const agent::SwitchWatch watch(switch_, haproxy_);
  nft_.load("flush map inet switchyard live\n");
  EXPECT_TRUE(within_ms(1'000, [this] { return slot() == "blue"; }));
  nft_.load("flush chain inet switchyard output\n");
  EXPECT_TRUE(within_ms(1'000, [this] { return slot() == "blue"; }));
  nft_.load("delete table inet switchyard\n");
  EXPECT_TRUE(within_ms(1'000, [this] { return slot() == "blue"; }));
}

TEST_F(SwitchWatch, RepairsWhatHappenedBeforeItBegan) {
  const SlotServer blue("blue", 5002);
  switch_.apply(traffic(100, 0));
  nft_.load("flush ruleset\n");
  const agent::SwitchWatch watch(switch_, haproxy_);
  EXPECT_TRUE(within_ms(1'000, [this] { return slot() == "blue"; }));
}

TEST_F(SwitchWatch, EndsAtOnce) {
  const auto began = std::chrono::steady_clock::now();
  { const agent::SwitchWatch watch(switch_, haproxy_); }
  EXPECT_LT(std::chrono::steady_clock::now() - began, std::chrono::milliseconds(500));
}

}  // namespace
}  // namespace switchyard::testing
