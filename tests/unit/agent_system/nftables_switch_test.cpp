#include "agent/system/nftables_switch.hpp"

#include <atomic>
#include <fstream>

#include "common/error.hpp"
#include "tests/support/real_time.hpp"
#include "tests/unit/agent_system/nftables_host.hpp"

namespace switchyard::testing {
namespace {

using NftablesSwitch = NftablesHost;

TEST_F(NftablesSwitch, SendsLocalAndOutsideClientsOfBothFamiliesToTheLiveSlot) {
  const SlotServer blue("blue", 5002, {.address = "::"});
  const SlotServer green("green", 5003, {.address = "::"});
  PeerHost peer;
  for (const std::string live : {"blue", "green"}) {
    switch_.apply(traffic(live == "blue" ? 100 : 0, live == "green" ? 100 : 0));
    EXPECT_EQ(ask_once("127.0.0.1", 5001), live);
    EXPECT_EQ(ask_once("::1", 5001), live);
    EXPECT_EQ(ask_once("10.9.0.1", 5001), live) << "a local client by the host's own address";
    peer.run([&] {
      EXPECT_EQ(ask_once("10.9.0.1", 5001), live);
      EXPECT_EQ(ask_once("fd00:9::1", 5001), live);
    });
  }
}

TEST_F(NftablesSwitch, LosesNoOneShotConnectionInTwentySwaps) {
  const SlotServer blue("blue", 5002, {.address = "::", .work_ms = 2, .workers = 16});
  const SlotServer green("green", 5003, {.address = "::", .work_ms = 2, .workers = 16});
  PeerHost peer;
  switch_.apply(traffic(100, 0));
  std::atomic<bool> ending = false;
  std::atomic<int> asked = 0, failed = 0;
  const auto load = [&](const std::string& address) {
    while (!ending) {
      const std::string answer = ask_once(address, 5001);
      ++asked;
      if (answer != "blue" && answer != "green") ++failed;
    }
  };
  std::vector<std::jthread> clients;
  for (int i = 0; i < 8; ++i) clients.emplace_back(load, "127.0.0.1");
  // Threads that a job starts stay on the peer's network.
  peer.run([&] {
    for (int i = 0; i < 8; ++i) clients.emplace_back(load, "10.9.0.1");
  });
  for (int swap = 0; swap < 20; ++swap) {
    const bool to_green = swap % 2 == 0;
    const int before = asked;
    switch_.apply(traffic(to_green ? 0 : 100, to_green ? 100 : 0));
    // From the moment apply() returns, no new connection reaches the old slot.
    EXPECT_EQ(slot(), to_green ? "green" : "blue");
    EXPECT_TRUE(within_ms(5'000, [&] { return asked >= before + 100; }));
  }
  ending = true;
  clients.clear();
  EXPECT_EQ(failed, 0) << "of " << asked;
  EXPECT_GT(asked, 2'000);
}

TEST_F(NftablesSwitch, LeavesAnEstablishedConnectionWithItsSlotAndCountsItThere) {
  const SlotServer blue("blue", 5002);
  const SlotServer green("green", 5003);
  switch_.apply(traffic(100, 0));
  const auto wanted = traffic(0, 100);
  {
    Client client("127.0.0.1", 5001);
    ASSERT_EQ(client.ask("stay"), "blue");
    switch_.apply(wanted);
    EXPECT_EQ(client.ask("stay"), "blue");
    EXPECT_EQ(slot(), "green");
    EXPECT_EQ(switch_.connections(wanted, wanted.targets[0]), 1u);
  }
  EXPECT_TRUE(within_ms(2'000, [&] { return switch_.connections(wanted, wanted.targets[0]) == 0; }));
}

TEST_F(NftablesSwitch, SharesNewConnectionsByWeight) {
  const SlotServer blue("blue", 5002);
  const SlotServer green("green", 5003);
  const auto wanted = traffic(90, 10);
  switch_.apply(wanted);
  const auto reading = switch_.read(wanted);
  ASSERT_EQ(reading.targets.size(), 2u);
  EXPECT_EQ(reading.targets[0], (protocol::SwitchTarget{"blue", 5002, 90, ""}));
  EXPECT_EQ(reading.targets[1], (protocol::SwitchTarget{"green", 5003, 10, ""}));
  int to_green = 0;
  for (int i = 0; i < 1000; ++i) to_green += slot() == "green";
  // 100 expected; six standard deviations (9.5) on either side.
  EXPECT_GT(to_green, 43);
  EXPECT_LT(to_green, 157);
  switch_.apply(traffic(0, 100));
  for (int i = 0; i < 50; ++i) ASSERT_EQ(slot(), "green");
}

TEST_F(NftablesSwitch, LegacyIsTheProcessOnTheStablePortItself) {
  const SlotServer legacy("legacy", 5001);
  const SlotServer blue("blue", 5002);
  EXPECT_TRUE(switch_.read(traffic(0, 0)).targets.empty());
  EXPECT_EQ(slot(), "legacy");
  switch_.apply(traffic(10, 0, 90));
  const auto reading = switch_.read(traffic(0, 0));
  ASSERT_EQ(reading.targets.size(), 2u);
  EXPECT_EQ(reading.targets[0], (protocol::SwitchTarget{"legacy", 5001, 90, ""}));
  switch_.apply(traffic(100, 0));
  EXPECT_EQ(slot(), "blue");
  switch_.apply(traffic(0, 0, 100));
  EXPECT_EQ(slot(), "legacy");
  EXPECT_TRUE(switch_.read(traffic(0, 0)).targets.empty());
}

TEST_F(NftablesSwitch, TheFileAloneBringsTheStateBackAtBoot) {
  const SlotServer green("green", 5003);
  switch_.apply(traffic(0, 100));
  nft_.load("flush ruleset\n");
  ASSERT_EQ(slot(), "");
  EXPECT_FALSE(switch_.read(traffic(0, 100)).durable);
  run_tool({"/usr/sbin/nft", "-f", (paths().state / "ruleset.nft").string()});
  EXPECT_EQ(slot(), "green");
  const auto reading = switch_.read(traffic(0, 100));
  EXPECT_TRUE(reading.durable);
  EXPECT_EQ(reading.targets.at(0).slot, "green");
}

TEST_F(NftablesSwitch, InstallsTheBootUnitOnceWithTheFirstSwitch) {
  switch_.apply(traffic(100, 0));
  switch_.apply(traffic(0, 100));
  const auto unit = files_.read(paths().units / "switchyard-switch.service");
  ASSERT_TRUE(unit);
  EXPECT_NE(unit->find("ExecStart=/usr/sbin/nft -f " + (paths().state / "ruleset.nft").string() + "\n"),
            std::string::npos);
  EXPECT_EQ(services_.calls, (std::vector<std::string>{"reload", "enable switchyard-switch.service",
                                                       "start switchyard-switch.service"}));
}

TEST_F(NftablesSwitch, DoesNotWaitForTheBootUnitWhileTheHostBoots) {
  services_.define("switchyard-switch.service").status.unit_file_state = "enabled";
  switch_.apply(traffic(100, 0));
  EXPECT_EQ(services_.calls, std::vector<std::string>{"reload"});
}

TEST_F(NftablesSwitch, ABootUnitThatDoesNotWorkIsFoundOutAtOnce) {
  services_.define("switchyard-switch.service").fails_to_start = true;
  EXPECT_THROW(switch_.apply(traffic(100, 0)), Error);
  EXPECT_FALSE(files_.read(paths().state / "ruleset.nft"));
  EXPECT_TRUE(switch_.read(traffic(0, 0)).targets.empty());
}

TEST_F(NftablesSwitch, KeepsTheOldFileWhenTheKernelRefuses) {
  const SlotServer blue("blue", 5002);
  switch_.apply(traffic(100, 0));
  const auto before = files_.read(paths().state / "ruleset.nft");
  agent::NftablesSwitch broken(paths(), files_, services_, sockets_, agent::NftCommand("/bin/false"));
  EXPECT_THROW(broken.apply(traffic(0, 100)), Error);
  EXPECT_EQ(files_.read(paths().state / "ruleset.nft"), before);
  EXPECT_EQ(slot(), "blue");
}

TEST_F(NftablesSwitch, KeepsOtherStablePortsAndOtherTables) {
  const SlotServer blue("blue", 5002);
  const SlotServer other("other", 6002);
  nft_.load("add table inet mine\nadd chain inet mine input { type filter hook input priority 0; }\n");
  protocol::SwitchTraffic web = traffic(0, 0);
  web.component = "web";
  web.stable_port = 6001;
  web.targets = {{"green", 6002, 100, ""}};
  switch_.apply(web);
  switch_.apply(traffic(100, 0));
  switch_.apply(traffic(0, 0));
  EXPECT_EQ(ask_once("127.0.0.1", 6001), "other");
  EXPECT_EQ(slot(), "");
  EXPECT_TRUE(nft_.list_table("inet", "mine"));
}

TEST_F(NftablesSwitch, SwitchesOfTwoComponentsAtOnceDoNotUndoEachOther) {
  protocol::SwitchTraffic web = traffic(0, 0);
  web.component = "web";
  web.stable_port = 6001;
  const auto swap = [this](protocol::SwitchTraffic wanted, std::uint16_t blue_port) {
    for (int i = 0; i < 10; ++i) {
      wanted.targets = {{"blue", blue_port, i % 2 == 0 ? 100u : 0u, ""},
                        {"green", static_cast<std::uint16_t>(blue_port + 1), i % 2 == 0 ? 0u : 100u, ""}};
      switch_.apply(wanted);
      if (switch_.read(wanted).targets.at(0).slot != (i % 2 == 0 ? "blue" : "green")) return false;
    }
    return true;
  };
  bool first = false, second = false;
  {
    const std::jthread one([&] { first = swap(traffic(0, 0), 5002); });
    const std::jthread two([&] { second = swap(web, 6002); });
  }
  EXPECT_TRUE(first);
  EXPECT_TRUE(second);
}

TEST_F(NftablesSwitch, RepairsChainsOfItsNameThatAreHookedElsewhere) {
  const SlotServer blue("blue", 5002);
  switch_.apply(traffic(100, 0));
  nft_.load(
      "delete table inet switchyard\nadd table inet switchyard\n"
      "add chain inet switchyard output { type filter hook output priority 7; }\n");
  EXPECT_TRUE(switch_.restore_if_lost());
  EXPECT_EQ(slot(), "blue");
  EXPECT_FALSE(switch_.restore_if_lost());
}

TEST_F(NftablesSwitch, DoesNothingOnAHostThatNeverSwitched) {
  EXPECT_FALSE(switch_.restore_if_lost());
  EXPECT_FALSE(nft_.list_table("inet", "switchyard"));
  EXPECT_TRUE(switch_.read(traffic(0, 0)).durable);
}

TEST_F(NftablesSwitch, RefusesAStateFileThatSomebodyBroke) {
  switch_.apply(traffic(100, 0));
  std::ofstream(paths().state / "ruleset.nft", std::ios::app) << "# switch stable=99999 component=api\n";
  EXPECT_THROW(switch_.apply(traffic(0, 100)), DecodeError);
  EXPECT_THROW(switch_.restore_if_lost(), DecodeError);
}

}  // namespace
}  // namespace switchyard::testing
