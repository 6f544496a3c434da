#include "agent/system/haproxy_switch.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <optional>

#include "agent/system/nftables_switch.hpp"
#include "agent/system/switch_watch.hpp"
#include "common/error.hpp"
#include "tests/support/fake_service_manager.hpp"
#include "tests/support/real_time.hpp"
#include "tests/unit/agent_system/test_network.hpp"

namespace switchyard::testing {
namespace {

/// A real haproxy with one backend of two servers, both disabled as the guide says, started and killed by the test.
class HaproxySwitch : public ::testing::Test {
 protected:
  ~HaproxySwitch() override {
    haproxy_.reset();
    std::filesystem::remove_all(directory_);
  }

  void start(const std::string& level = "admin", const std::string& more_servers = "", bool state_file = false) {
    const std::string state = agent::HaproxySwitch::server_state_file(directory_ / "state", socket()).string();
    std::ofstream config(directory_ / "haproxy.cfg", std::ios::trunc);
    config << "global\n  stats socket " << socket() << " mode 600 level " << level << "\n  stats timeout 5s\n";
    if (state_file) config << "  server-state-file " << state << "\n";
    config << "defaults\n  mode http\n  timeout connect 2s\n  timeout client 5s\n  timeout server 5s\n  mode tcp\n";
    if (state_file) config << "  load-server-state-from-file global\n";
    config << "frontend f\n  bind 127.0.0.1:8001\n  default_backend api\nbackend api\n"
           << "  server blue 127.0.0.1:8002 disabled\n  server green 127.0.0.1:8003 disabled\n"
           << more_servers;
    config.close();
    haproxy_.emplace(
        std::vector<std::string>{"/usr/sbin/haproxy", "haproxy", "-db", "-f", (directory_ / "haproxy.cfg").string()});
    ASSERT_TRUE(within_ms(5'000, [this] { return answers(); })) << "haproxy did not start";
  }
  void stop() { haproxy_.reset(); }
  bool answers() const {
    try {
      return agent::HaproxySocket(socket()).process_id() != 0 && Client("127.0.0.1", 8001).connected();
    } catch (const Error&) {
      return false;
    }
  }
  std::string socket() const { return (directory_ / "admin.sock").string(); }

  protocol::SwitchTraffic traffic(std::uint32_t blue, std::uint32_t green) const {
    protocol::SwitchTraffic wanted;
    wanted.component = "api";
    wanted.kind = protocol::SwitchKind::haproxy;
    wanted.stable_port = 8001;
    wanted.haproxy_socket = socket();
    wanted.haproxy_backend = "api";
    wanted.targets = {{"blue", 8002, blue, "blue"}, {"green", 8003, green, "green"}};
    return wanted;
  }
  std::string live() {
    std::string slots;
    for (const auto& target : switch_.read(traffic(0, 0)).targets) {
      slots += target.slot + ":" + std::to_string(target.weight) + " ";
    }
    return slots;
  }
  std::string code(const protocol::SwitchTraffic& wanted) {
    const auto refusal = switch_.refuse(wanted);
    return refusal ? refusal->code : "";
  }
  static std::filesystem::path make_directory() {
    char name[] = "/tmp/switchyard-haproxy-XXXXXX";
    return ::mkdtemp(name);
  }

  const std::filesystem::path directory_ = make_directory();
  PosixFileSystem files_;
  agent::KernelSocketTable sockets_;
  agent::HaproxySwitch switch_{directory_ / "state", files_, sockets_};
  std::optional<RunningProgram> haproxy_;
};

TEST_F(HaproxySwitch, MakesTheNewServerReadyAndDrainsTheOld) {
  const SlotServer blue("blue", 8002), green("green", 8003);
  start();
  EXPECT_EQ(live(), "");
  switch_.apply(traffic(100, 0));
  EXPECT_EQ(live(), "blue:100 ");
  EXPECT_EQ(ask_once("127.0.0.1", 8001), "blue");
  switch_.apply(traffic(0, 100));
  EXPECT_EQ(live(), "green:100 ");
  EXPECT_EQ(ask_once("127.0.0.1", 8001), "green");
  EXPECT_TRUE(switch_.read(traffic(0, 100)).durable);
}

TEST_F(HaproxySwitch, LosesNoOneShotConnectionInTwentySwaps) {
  const SlotServer blue("blue", 8002, {.work_ms = 2, .workers = 16});
  const SlotServer green("green", 8003, {.work_ms = 2, .workers = 16});
  start();
  switch_.apply(traffic(100, 0));
  std::atomic<bool> ending = false;
  std::atomic<int> asked = 0, failed = 0;
  std::vector<std::jthread> clients;
  for (int i = 0; i < 12; ++i) {
    clients.emplace_back([&] {
      while (!ending) {
        if (ask_once("127.0.0.1", 8001).empty()) ++failed;
        ++asked;
      }
    });
  }
  for (int swap = 0; swap < 20; ++swap) {
    const int before = asked;
    switch_.apply(traffic(swap % 2 == 0 ? 0 : 100, swap % 2 == 0 ? 100 : 0));
    EXPECT_EQ(live(), swap % 2 == 0 ? "green:100 " : "blue:100 ");
    EXPECT_TRUE(within_ms(5'000, [&] { return asked >= before + 50; }));
  }
  ending = true;
  clients.clear();
  EXPECT_EQ(failed, 0) << "of " << asked;
}

TEST_F(HaproxySwitch, CountsTheSessionsOfADrainingServer) {
  const SlotServer blue("blue", 8002), green("green", 8003);
  start();
  switch_.apply(traffic(100, 0));
  {
    Client client("127.0.0.1", 8001);
    ASSERT_EQ(client.ask("stay"), "blue");
    switch_.apply(traffic(0, 100));
    EXPECT_EQ(client.ask("stay"), "blue");
    EXPECT_EQ(switch_.connections(traffic(0, 100), traffic(0, 100).targets[0]), 1u);
  }
  EXPECT_TRUE(
      within_ms(2'000, [this] { return switch_.connections(traffic(0, 100), traffic(0, 100).targets[0]) == 0; }));
}

TEST_F(HaproxySwitch, SharesByWeightAndReadsTheWeightsBack) {
  const SlotServer blue("blue", 8002), green("green", 8003);
  start();
  switch_.apply(traffic(75, 25));
  EXPECT_EQ(live(), "blue:75 green:25 ");
  int to_green = 0;
  for (int i = 0; i < 100; ++i) to_green += ask_once("127.0.0.1", 8001) == "green";
  EXPECT_NEAR(to_green, 25, 3) << "round robin by weight";
  switch_.apply(traffic(0, 100));
  EXPECT_EQ(live(), "green:100 ");
}

TEST_F(HaproxySwitch, PutsTheStateBackWhenHaproxyWasRestarted) {
  const SlotServer blue("blue", 8002), green("green", 8003);
  start();
  switch_.apply(traffic(0, 100));
  EXPECT_EQ(switch_.reapply_if_restarted(), 0u);
  stop();
  EXPECT_EQ(switch_.reapply_if_restarted(), 0u) << "a haproxy that is down is no error";
  start();
  EXPECT_EQ(ask_once("127.0.0.1", 8001), "");
  EXPECT_EQ(switch_.reapply_if_restarted(), 1u);
  EXPECT_EQ(ask_once("127.0.0.1", 8001), "green");
  EXPECT_EQ(switch_.reapply_if_restarted(), 0u);
}

TEST_F(HaproxySwitch, IsWatchedAlsoWhenItCameIntoUseLater) {
  const SlotServer blue("blue", 8002), green("green", 8003);
  std::filesystem::create_directories(directory_ / "state");
  FakeServiceManager services;
  const agent::NftCommand nft;
  agent::NftablesSwitch nftables({directory_ / "nftables", directory_ / "units"}, files_, services, sockets_, nft);
  const agent::SwitchWatch watch(nftables, switch_);
  start();
  switch_.apply(traffic(0, 100));
  for (int i = 0; i < 2; ++i) {
    stop();
    start();
    EXPECT_TRUE(within_ms(3'000, [this] { return ask_once("127.0.0.1", 8001) == "green"; })) << i;
  }
}

TEST_F(HaproxySwitch, IsWatchedAlsoWhenItsDirectoryWasAnother) {
  const SlotServer blue("blue", 8002), green("green", 8003);
  FakeServiceManager services;
  const agent::NftCommand nft;
  agent::NftablesSwitch nftables({directory_ / "nftables", directory_ / "units"}, files_, services, sockets_, nft);
  const agent::SwitchWatch watch(nftables, switch_);  // before there is a directory
  ASSERT_TRUE(within_ms(3'000, [this] { return std::filesystem::exists(directory_ / "state"); }));
  std::filesystem::remove_all(directory_ / "state");
  start();
  switch_.apply(traffic(0, 100));
  stop();
  start();
  EXPECT_TRUE(within_ms(3'000, [this] { return ask_once("127.0.0.1", 8001) == "green"; }));
}

TEST_F(HaproxySwitch, HaproxyItselfComesBackRightFromTheServerStateFile) {
  const SlotServer blue("blue", 8002), green("green", 8003);
  start("admin", "", true);
  switch_.apply(traffic(100, 0));
  switch_.apply(traffic(0, 100));
  stop();
  start("admin", "", true);
  EXPECT_EQ(ask_once("127.0.0.1", 8001), "green");
  EXPECT_EQ(live(), "green:100 ");
}

TEST_F(HaproxySwitch, RefusesWhatHaproxyDoesNotHave) {
  start();
  EXPECT_EQ(code(traffic(100, 0)), "");
  auto wanted = traffic(100, 0);
  wanted.haproxy_backend = "web";
  EXPECT_EQ(code(wanted), "haproxy_unreachable");
  wanted = traffic(100, 0);
  wanted.targets[1].server = "red";
  EXPECT_EQ(code(wanted), "haproxy_server");
  wanted = traffic(100, 0);
  wanted.targets[1].port = 9999;
  EXPECT_EQ(code(wanted), "haproxy_server");
  stop();
  EXPECT_EQ(code(traffic(100, 0)), "haproxy_unreachable");
}

TEST_F(HaproxySwitch, RefusesASocketThatMayNotChangeServers) {
  start("operator");
  EXPECT_EQ(code(traffic(100, 0)), "haproxy_unreachable");
  EXPECT_THROW(switch_.apply(traffic(100, 0)), Error);
  EXPECT_FALSE(files_.read(directory_ / "state" / "haproxy.state"))
      << "what was refused is not wanted at the next start";
}

TEST_F(HaproxySwitch, RefusesAServerInServiceThatBelongsToNoSlot) {
  start("admin", "  server other 127.0.0.1:8004\n  server sorry 127.0.0.1:8005 backup\n");
  EXPECT_EQ(code(traffic(100, 0)), "haproxy_server");
}

TEST_F(HaproxySwitch, NeverSendsHaproxyASecondCommandInAName) {
  start();
  auto wanted = traffic(100, 0);
  wanted.haproxy_backend = "api;disable server api/green";
  EXPECT_THROW(switch_.apply(wanted), InputError);
  wanted = traffic(100, 0);
  wanted.targets[0].server = "blue\nshutdown sessions server api/green";
  EXPECT_THROW(switch_.read(wanted), InputError);
}

TEST_F(HaproxySwitch, BeforeTheFirstSwitchOnlyAServerWithSomethingBehindItIsLive) {
  start("admin", "  server red 127.0.0.1:8004\n");
  auto wanted = traffic(0, 0);
  wanted.targets.push_back({"red", 8004, 0, "red"});
  EXPECT_TRUE(switch_.read(wanted).targets.empty());
  const SlotServer red("red", 8004);
  ASSERT_EQ(switch_.read(wanted).targets.size(), 1u);
  EXPECT_EQ(switch_.read(wanted).targets[0].slot, "red");
}

}  // namespace
}  // namespace switchyard::testing
