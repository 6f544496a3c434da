#pragma once

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <string>

#include "agent/system/nftables_switch.hpp"
#include "tests/support/fake_service_manager.hpp"
#include "tests/unit/agent_system/test_network.hpp"

namespace switchyard::testing {

/// A host with a switch: real kernel, real files in a directory of its own, systemd in memory.
class NftablesHost : public ::testing::Test {
 protected:
  NftablesHost() { services_.write_unit("switchyard-switch.service"); }
  ~NftablesHost() override {
    nft_.load("flush ruleset\n");
    std::filesystem::remove_all(directory_);
  }

  static protocol::SwitchTraffic traffic(std::uint32_t blue, std::uint32_t green, std::uint32_t legacy = 0) {
    protocol::SwitchTraffic wanted;
    wanted.component = "api";
    wanted.kind = protocol::SwitchKind::nftables;
    wanted.stable_port = 5001;
    wanted.targets = {{"blue", 5002, blue, ""}, {"green", 5003, green, ""}, {"legacy", 5001, legacy, ""}};
    return wanted;
  }
  std::string slot() const { return ask_once("127.0.0.1", 5001); }

  static std::filesystem::path make_directory() {
    char name[] = "/tmp/switchyard-switch-XXXXXX";
    return ::mkdtemp(name);
  }

  const std::filesystem::path directory_ = make_directory();
  PosixFileSystem files_;
  FakeServiceManager services_;
  agent::KernelSocketTable sockets_;
  agent::NftCommand nft_;
  agent::NftablesPaths paths() const { return {directory_ / "state", directory_ / "units"}; }
  agent::NftablesSwitch switch_{paths(), files_, services_, sockets_, nft_};
};

}  // namespace switchyard::testing
