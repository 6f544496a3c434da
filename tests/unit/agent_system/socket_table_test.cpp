#include "agent/system/socket_table.hpp"

#include <gtest/gtest.h>

#include "tests/unit/agent_system/test_network.hpp"

namespace switchyard::testing {
namespace {

agent::Reach reach(const std::string& address, bool ipv6_only = false) {
  const SlotServer server("x", 7001, {.address = address, .ipv6_only = ipv6_only});
  agent::KernelSocketTable sockets;
  return agent::reach_of(sockets.listeners(7001));
}

TEST(KernelSocketTable, TellsWhichClientsAPortServes) {
  EXPECT_EQ(reach("0.0.0.0"), (agent::Reach{true, true, false, false}));
  EXPECT_EQ(reach("127.0.0.1"), (agent::Reach{true, false, false, false}));
  EXPECT_EQ(reach("::"), (agent::Reach{true, true, true, true}));
  EXPECT_EQ(reach("::", true), (agent::Reach{false, false, true, true}));
  EXPECT_EQ(reach("::1"), (agent::Reach{false, false, true, false}));
}

TEST(KernelSocketTable, FindsNothingOnAPortThatNobodyHas) {
  agent::KernelSocketTable sockets;
  EXPECT_TRUE(sockets.listeners(7001).empty());
  EXPECT_EQ(sockets.connections(7001), 0u);
}

TEST(KernelSocketTable, CountsConnectionsOfThePortItIsAskedFor) {
  const SlotServer server("x", 7001, {.address = "::"});
  agent::KernelSocketTable sockets;
  Client one("127.0.0.1", 7001), two("::1", 7001);
  ASSERT_EQ(one.ask("stay"), "x");
  ASSERT_EQ(two.ask("stay"), "x");
  EXPECT_EQ(sockets.connections(7001), 2u);
  EXPECT_EQ(sockets.connections(7002), 0u);
}

}  // namespace
}  // namespace switchyard::testing
