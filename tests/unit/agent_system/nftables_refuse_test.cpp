#include <spawn.h>
#include <sys/wait.h>

#include <stop_token>
#include <thread>

#include "tests/support/real_time.hpp"
#include "tests/unit/agent_system/nftables_host.hpp"

namespace switchyard::testing {
namespace {

/// What refuse() finds, and, where it can be tried, that it is right: the redirected connection then really fails.
class NftablesPreflight : public NftablesHost {
 protected:
  std::string code(const protocol::SwitchTraffic& wanted) {
    const auto refusal = switch_.refuse(wanted);
    if (!refusal) return "";
    EXPECT_GT(refusal->text.size(), 40u) << "it must say what to do";
    return refusal->code;
  }
  std::string outside_answer() {
    std::string answer;
    peer_.run([&] { answer = Client("10.9.0.1", 5001).connected() ? ask_once("10.9.0.1", 5001) : "refused"; });
    return answer;
  }
  PeerHost peer_;
};

TEST_F(NftablesPreflight, AcceptsASlotOnAllAddresses) {
  const SlotServer blue("blue", 5002);
  EXPECT_EQ(code(traffic(100, 0)), "");
  EXPECT_FALSE(nft_.list_table("inet", "switchyard")) << "a pre-flight changes nothing";
}

TEST_F(NftablesPreflight, FindsThatNothingListensOnTheSlot) { EXPECT_EQ(code(traffic(100, 0)), "not_listening"); }

TEST_F(NftablesPreflight, FindsASlotThatOnlyListensOnLoopback) {
  const SlotServer blue("blue", 5002, {.address = "127.0.0.1"});
  EXPECT_EQ(code(traffic(100, 0)), "wrong_bind_address");
  switch_.apply(traffic(100, 0));
  EXPECT_EQ(slot(), "blue");
  EXPECT_EQ(outside_answer(), "refused");
}

TEST_F(NftablesPreflight, AcceptsLoopbackWhenOnlyLocalClientsUseTheStablePort) {
  const SlotServer blue("blue", 5002, {.address = "127.0.0.1"});
  auto wanted = traffic(100, 0);
  wanted.local_only = true;
  EXPECT_EQ(code(wanted), "");
}

/// It reads what every process of the host was started with, and some of them end in that moment.
TEST_F(NftablesPreflight, DoesNotMindProcessesThatEndWhileItLooks) {
  const SlotServer blue("blue", 5002);
  const std::jthread others([](const std::stop_token& stop) {
    char program[] = "/bin/true";
    char* const arguments[] = {program, nullptr};
    while (!stop.stop_requested()) {
      pid_t child = 0;
      if (::posix_spawn(&child, program, nullptr, nullptr, arguments, nullptr) == 0) ::waitpid(child, nullptr, 0);
    }
  });
  for (int i = 0; i < 600; ++i) EXPECT_EQ(code(traffic(100, 0)), "");
}

TEST_F(NftablesPreflight, FindsASlotOnAnotherLoopbackAddress) {
  const SlotServer blue("blue", 5002, {.address = "127.0.0.2"});
  auto wanted = traffic(100, 0);
  wanted.local_only = true;
  EXPECT_EQ(code(wanted), "wrong_bind_address");
  switch_.apply(wanted);
  EXPECT_EQ(slot(), "");
}

TEST_F(NftablesPreflight, FindsASlotOnOneInterfaceOnly) {
  const SlotServer blue("blue", 5002, {.address = "10.9.0.1"});
  EXPECT_EQ(code(traffic(100, 0)), "wrong_bind_address");
  switch_.apply(traffic(100, 0));
  EXPECT_EQ(outside_answer(), "blue");
  EXPECT_EQ(slot(), "") << "local clients are turned to 127.0.0.1";
}

TEST_F(NftablesPreflight, FindsASlotThatServesIpv6Only) {
  const SlotServer blue("blue", 5002, {.address = "::", .ipv6_only = true});
  EXPECT_EQ(code(traffic(100, 0)), "address_family");
  switch_.apply(traffic(100, 0));
  EXPECT_EQ(slot(), "");
}

TEST_F(NftablesPreflight, FindsANewSlotThatWouldLoseTheIpv6ClientsOfTheOldOne) {
  const SlotServer blue("blue", 5002, {.address = "::"});
  const SlotServer green("green", 5003);
  EXPECT_EQ(code(traffic(100, 0)), "");
  switch_.apply(traffic(100, 0));
  EXPECT_EQ(code(traffic(0, 100)), "address_family");
}

TEST_F(NftablesPreflight, TakesAnUnmanagedProcessAsTheMeasure) {
  const SlotServer legacy("legacy", 5001, {.address = "127.0.0.1"});
  const SlotServer blue("blue", 5002, {.address = "127.0.0.1"});
  EXPECT_EQ(code(traffic(100, 0)), "") << "it served local clients only, and so may its successor";
  EXPECT_EQ(code(traffic(0, 0, 100)), "");
}

TEST_F(NftablesPreflight, FindsAFilterThatWouldDropTheRedirectedPacket) {
  const SlotServer blue("blue", 5002);
  const std::string filter = R"(
table inet host {
  chain input {
    type filter hook input priority 0; policy drop;
    iif lo accept
    ct state established,related accept
    meta l4proto { icmp, ipv6-icmp } accept
    tcp dport { 22, 5001 } accept
  }
}
)";
  nft_.load(filter);
  EXPECT_EQ(code(traffic(100, 0)), "filtered");
  switch_.apply(traffic(100, 0));
  peer_.run([&] { EXPECT_NE(ask_once("10.9.0.1", 5001), "blue"); });
  // What the message advises helps.
  nft_.load("add rule inet host input meta l4proto tcp ct original proto-dst 5001 accept\n");
  EXPECT_EQ(code(traffic(100, 0)), "");
  EXPECT_EQ(outside_answer(), "blue");
}

TEST_F(NftablesPreflight, DoesNotBlameTheSwitchForAPortThatIsClosedAnyway) {
  const SlotServer blue("blue", 5002);
  nft_.load(R"(
table inet host {
  chain input {
    type filter hook input priority 0; policy drop;
    iif lo accept
  }
}
)");
  EXPECT_EQ(code(traffic(100, 0)), "");
}

TEST_F(NftablesPreflight, FindsAnotherNatRuleOnTheStablePort) {
  const SlotServer blue("blue", 5002);
  nft_.load(R"(
table ip nat {
  chain DOCKER {
    iifname != "docker0" tcp dport 5001 dnat to 172.17.0.2:80
  }
  chain PREROUTING {
    type nat hook prerouting priority -100;
    fib daddr type local jump DOCKER
  }
}
)");
  EXPECT_EQ(code(traffic(100, 0)), "port_taken");
}

TEST_F(NftablesPreflight, FindsDockersProxyOnTheStablePort) {
  const SlotServer blue("blue", 5002);
  const RunningProgram proxy({"/usr/bin/sleep", "/usr/bin/docker-proxy", "60"});
  EXPECT_EQ(code(traffic(100, 0)), "");
  // A shell of that name, whose `read` waits on a pipe that never says anything.
  const RunningProgram other({"/bin/bash", "docker-proxy", "-c", "read -t 60 <> <(:)", "-proto", "tcp", "-host-ip",
                              "0.0.0.0", "-host-port", "5001"});
  EXPECT_TRUE(within_ms(2'000, [&] { return code(traffic(100, 0)) == "port_taken"; }));
}

}  // namespace
}  // namespace switchyard::testing
