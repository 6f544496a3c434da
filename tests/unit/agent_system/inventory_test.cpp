#include "agent/inventory/inventory.hpp"

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "agent/executors/file_list.hpp"
#include "tests/support/fake_service_manager.hpp"
#include "tests/support/fake_socket_table.hpp"
#include "tests/support/fake_traffic_switch.hpp"

namespace switchyard::testing {
namespace {

using protocol::OldKind;

const std::string release_a(64, 'a');
const std::string release_b(64, 'b');

class Inventory : public ::testing::Test {
 protected:
  ~Inventory() override { std::filesystem::remove_all(directory_); }

  void add_release(const std::string& release) {
    std::filesystem::create_directories(directory_ / "srv/api/releases" / release);
  }
  /// A running unit whose process works in a release.
  void run_unit(const std::string& unit_name, const std::string& release) {
    auto& defined = services_.define_running(unit_name);
    defined.status.working_directory = (directory_ / "srv/api/releases" / release).string();
  }
  void process_works_in(const std::string& unit_name, const std::filesystem::path& where) {
    const auto process = directory_ / "proc" / std::to_string(services_.unit(unit_name).status.main_pid);
    std::filesystem::create_directories(process);
    std::filesystem::create_symlink(where, process / "cwd");
  }
  void process_was_started_with(const std::string& unit_name, const std::string& words) {
    const auto process = directory_ / "proc" / std::to_string(services_.unit(unit_name).status.main_pid);
    std::filesystem::create_directories(process);
    std::ofstream(process / "cmdline") << words;
  }
  protocol::SwitchTraffic traffic(protocol::SwitchKind kind, std::uint32_t blue, std::uint32_t green) const {
    protocol::SwitchTraffic now;
    now.component = "api";
    now.kind = kind;
    now.stable_port = 5001;
    if (kind == protocol::SwitchKind::haproxy) now.haproxy_socket = "/run/haproxy/admin.sock";
    now.targets = {{"blue", 5002, blue, "blue"}, {"green", 5003, green, "green"}};
    return now;
  }
  protocol::ComponentFact ask(protocol::SwitchKind kind, const std::string& unit_name = "",
                              const std::string& legacy = "") {
    protocol::InventoryQuestion question;
    question.component = "api";
    question.stable_port = 5001;
    question.legacy_unit = legacy;
    question.unit = unit_name;
    if (kind != protocol::SwitchKind::none) question.traffic = traffic(kind, 0, 0);
    const auto reply = reader().answer({"r1", {question}});
    EXPECT_EQ(reply.request, "r1");
    EXPECT_GT(reply.free_bytes, 0u);
    return reply.components.at(0);
  }
  agent::InventoryReader reader() {
    agent::HostPaths paths;
    paths.components = directory_ / "srv";
    paths.units = directory_ / "units";
    return agent::InventoryReader(paths, services_, {none_, nftables_, haproxy_}, sockets_, directory_ / "proc");
  }
  static std::filesystem::path make_directory() {
    char name[] = "/tmp/switchyard-inventory-XXXXXX";
    return ::mkdtemp(name);
  }

  const std::filesystem::path directory_ = make_directory();
  FakeServiceManager services_;
  FakeSocketTable sockets_;
  FakeSwitch none_, nftables_, haproxy_;
  static constexpr auto nft = protocol::SwitchKind::nftables;
  static constexpr auto proxy = protocol::SwitchKind::haproxy;
  static constexpr auto no_switch = protocol::SwitchKind::none;
};

TEST_F(Inventory, NothingThereIsAbsent) {
  const auto fact = ask(nft);
  EXPECT_EQ(fact.serving, protocol::OldState{});
  EXPECT_EQ(fact.problem, "");
  EXPECT_TRUE(fact.releases.empty());
}

TEST_F(Inventory, TheSlotThatTheSwitchLeadsToServes) {
  add_release(release_a);
  add_release(release_b);
  run_unit("api@blue.service", release_a);
  run_unit("api@green.service", release_b);
  nftables_.set(traffic(nft, 0, 100));
  const auto fact = ask(nft);
  EXPECT_EQ(fact.serving, (protocol::OldState{OldKind::release, "green", ReleaseId(release_b), "api@green.service"}));
  EXPECT_EQ(fact.unit_state, "active");
  EXPECT_EQ(fact.releases.size(), 2u);
}

TEST_F(Inventory, WhatServesIsNotCompleteWhenItsFilesAreNotThere) {
  run_unit("api@blue.service", release_a);
  nftables_.set(traffic(nft, 100, 0));
  EXPECT_EQ(ask(nft).releases, (std::vector<protocol::ReleaseFact>{{ReleaseId(release_a), false}}));
  add_release(release_a);
  // A list of what should be there that names a file which is gone: the listing alone would look complete.
  agent::FileList list;
  list.files["VERSION"] = {agent::EntryKind::file, 0444, 0, std::string(64, '0'), ""};
  std::ofstream(directory_ / "srv/api/releases" / (release_a + ".files")) << agent::encode_file_list(list);
  EXPECT_EQ(ask(nft).releases, (std::vector<protocol::ReleaseFact>{{ReleaseId(release_a), false}}));
  list.files.clear();
  std::ofstream(directory_ / "srv/api/releases" / (release_a + ".files")) << agent::encode_file_list(list);
  EXPECT_EQ(ask(nft).releases, (std::vector<protocol::ReleaseFact>{{ReleaseId(release_a), true}}));
}

TEST_F(Inventory, SaysWhatStartsAtBootAndWithWhichConfiguration) {
  run_unit("api@blue.service", release_a);
  services_.unit("api@blue.service").status.unit_file_state = "enabled";
  nftables_.set(traffic(nft, 100, 0));
  EXPECT_EQ(ask(nft).enablement, "enabled");
  EXPECT_EQ(ask(nft).configuration, "") << "its unit file names none";
  std::filesystem::create_directories(directory_ / "units/api@blue.service.d");
  std::ofstream(directory_ / "units/api@blue.service")
      << "[Service]\nLoadCredential=other:/srv/other/configuration/ffff/c.json\n"
      << "LoadCredential=c.json:/srv/api/configuration/0123abcd/c.json\n";
  EXPECT_EQ(ask(nft).configuration, "0123abcd");
  // A unit of the user's own, to which a drop-in was added.
  std::filesystem::remove(directory_ / "units/api@blue.service");
  std::ofstream(directory_ / "units/api@blue.service.d/50-switchyard.conf")
      << "[Service]\nEnvironmentFile=/srv/api/configuration/beef/variables\n";
  EXPECT_EQ(ask(nft).configuration, "beef");
}

TEST_F(Inventory, SaysNothingOfAUnitWhereNoReleaseServes) {
  EXPECT_EQ(ask(nft).enablement, std::nullopt);
  EXPECT_EQ(ask(nft).configuration, std::nullopt);
}

TEST_F(Inventory, TheProcessIsBelievedMoreThanItsUnitFile) {
  run_unit("api@blue.service", release_b);
  process_works_in("api@blue.service", directory_ / "srv/api/releases" / release_a);
  nftables_.set(traffic(nft, 100, 0));
  EXPECT_EQ(ask(nft).serving.release.str(), release_a);
}

TEST_F(Inventory, WhatTheProcessWasStartedWithCountsWhereItsDirectoryCannotBeSeen) {
  const std::string releases = (directory_ / "srv/api/releases").string() + "/";
  run_unit("api@blue.service", release_b);
  process_was_started_with("api@blue.service", releases + release_a + "/bin/api");
  nftables_.set(traffic(nft, 100, 0));
  EXPECT_EQ(ask(nft).serving.release.str(), release_a);
  // Two are no answer: then the unit file is believed.
  process_was_started_with("api@blue.service", releases + release_a + "/bin/api " + releases + release_b);
  EXPECT_EQ(ask(nft).serving.release.str(), release_b);
}

TEST_F(Inventory, AServiceThatChangedItsDirectoryIsKnownByItsUnitFile) {
  run_unit("api@blue.service", release_b);
  process_works_in("api@blue.service", "/");
  nftables_.set(traffic(nft, 100, 0));
  EXPECT_EQ(ask(nft).serving.release.str(), release_b);
}

TEST_F(Inventory, ACrashedSlotIsStillTheOneThatServes) {
  run_unit("api@blue.service", release_a);
  services_.end_process("api@blue.service", 1);
  nftables_.set(traffic(nft, 100, 0));
  const auto fact = ask(nft);
  EXPECT_EQ(fact.serving.release.str(), release_a);
  EXPECT_EQ(fact.unit_state, "failed");
}

TEST_F(Inventory, ASlotThatOnlyRunsDoesNotServe) {
  run_unit("api@green.service", release_a);
  EXPECT_EQ(ask(nft).serving.kind, OldKind::absent);
}

TEST_F(Inventory, AForeignProcessOnTheStablePortIsLegacy) {
  sockets_.listen(5001);
  services_.define_running("old-api.service");
  const auto fact = ask(nft, "", "old-api.service");
  EXPECT_EQ(fact.serving, (protocol::OldState{OldKind::legacy, "legacy", ReleaseId(), "old-api.service"}));
  EXPECT_EQ(ask(nft).serving.unit, "") << "nobody said which unit it is";
}

TEST_F(Inventory, HaproxyOnItsOwnPortIsNoLegacyProcess) {
  sockets_.listen(5001);
  EXPECT_EQ(ask(proxy).serving.kind, OldKind::absent);
}

TEST_F(Inventory, FindsUnitsOfATemplateThatTheManifestNames) {
  run_unit("guestbook@blue.service", release_a);
  nftables_.set(traffic(nft, 100, 0));
  EXPECT_EQ(ask(nft, "guestbook@.service").serving.unit, "guestbook@blue.service");
}

TEST_F(Inventory, WithoutASwitchTheRunningUnitServes) {
  services_.define("api@blue.service").status.unit_file_state = "enabled";
  run_unit("api@green.service", release_a);
  EXPECT_EQ(ask(no_switch).serving.slot, "green");
  services_.forget("api@green.service");
  services_.unit("api@blue.service").status.working_directory = (directory_ / "srv/api/releases" / release_b).string();
  const auto fact = ask(no_switch);
  EXPECT_EQ(fact.serving.slot, "blue") << "it would run after a boot";
  EXPECT_EQ(fact.unit_state, "inactive");
}

TEST_F(Inventory, WhatCannotBeReadIsAProblemAndNotAGuess) {
  nftables_.failure = "nft does not answer";
  EXPECT_EQ(ask(nft).problem, "nft does not answer");
  nftables_.failure = "";
  services_.define_running("api@blue.service");
  nftables_.set(traffic(nft, 100, 0));
  EXPECT_NE(ask(nft).problem.find("which release it runs is unknown"), std::string::npos);
}

TEST_F(Inventory, APortThatIsNoSlotIsAProblem) {
  auto now = traffic(nft, 0, 0);
  now.targets = {{"", 7777, 100, ""}};
  nftables_.set(now);
  EXPECT_NE(ask(nft).problem.find("7777"), std::string::npos);
}

}  // namespace
}  // namespace switchyard::testing
