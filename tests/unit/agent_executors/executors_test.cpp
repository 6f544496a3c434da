#include "agent/executors/executors.hpp"

#include <gtest/gtest.h>

#include <cerrno>
#include <functional>

#include "agent/executors/release_executor.hpp"
#include "agent/executors/release_fetch.hpp"
#include "agent/executors/unpack.hpp"
#include "agent/executors/verify_old_executor.hpp"
#include "common/base64.hpp"
#include "common/hex.hpp"
#include "common/limits.hpp"
#include "tests/support/fake_clock.hpp"
#include "tests/support/fake_service_manager.hpp"
#include "tests/support/fake_socket_table.hpp"
#include "tests/support/fake_traffic_switch.hpp"
#include "tests/unit/agent_executors/archives.hpp"
#include "tests/unit/agent_executors/scratch.hpp"

namespace switchyard::agent::testing {
namespace {

using switchyard::testing::FakeClock;
using switchyard::testing::FakeServiceManager;
using switchyard::testing::FakeSocketTable;
using switchyard::testing::FakeSwitch;

class Scripted final : public Executor {
 public:
  std::function<protocol::StepResult()> script = [] { return done(false, "never called"); };
  int calls = 0;
  protocol::StepResult run(const protocol::Action&, const StepContext&) override {
    ++calls;
    return script();
  }
};

struct Table {
  Scripted release, file, link, unit, traffic, check, drain, probe, run, prune, verify, configuration, hook, snapshot,
      restore;
  FakeClock clock;
  SecretMask mask;
  Executors executors{{release, file, link, unit, traffic, check, drain, probe, run, prune, verify, configuration, hook,
                       snapshot, restore},
                      clock,
                      mask};
};

TEST(Executors, GiveEveryActionToItsExecutor) {
  Table table;
  const std::vector<std::pair<protocol::Action, Scripted*>> expected = {
      {protocol::EnsureRelease{}, &table.release},
      {protocol::EnsureFile{}, &table.file},
      {protocol::EnsureLink{}, &table.link},
      {protocol::EnsureUnit{}, &table.unit},
      {protocol::SwitchTraffic{}, &table.traffic},
      {protocol::CheckSwitch{}, &table.check},
      {protocol::Drain{}, &table.drain},
      {protocol::Probe{}, &table.probe},
      {protocol::Run{}, &table.run},
      {protocol::Prune{}, &table.prune},
      {protocol::VerifyOld{}, &table.verify},
      {protocol::EnsureConfiguration{}, &table.configuration},
      {protocol::Hook{}, &table.hook},
      {protocol::Snapshot{}, &table.snapshot},
      {protocol::Restore{}, &table.restore},
  };
  EXPECT_EQ(expected.size(), std::variant_size_v<protocol::Action>);
  for (const auto& [action, executor] : expected) {
    table.executors.run(action, {});
    EXPECT_EQ(executor->calls, 1);
  }
}

TEST(Executors, TurnErrorsIntoResultsWithACode) {
  Table table;
  const auto code_of = [&](const std::function<void()>& throwing) {
    table.file.script = [&]() -> protocol::StepResult {
      throwing();
      return {};
    };
    const protocol::StepResult result = table.executors.run(
        protocol::EnsureFile{},
        {.step = {}, .undo = false, .recovered = false, .deadline_boot_ms = table.clock.boot_ms() + 1, .stop = {}});
    EXPECT_EQ(result.state, protocol::StepState::failed);
    return result.code;
  };
  EXPECT_EQ(code_of([] { throw SysError(ENOSPC, "writing"); }), "disk_full");
  EXPECT_EQ(code_of([] { throw SysError(EDQUOT, "writing"); }), "disk_full");
  EXPECT_EQ(code_of([] { throw SysError(EACCES, "writing"); }), "system");
  EXPECT_EQ(code_of([] { throw ArchiveError("bad"); }), "bad_archive");
  EXPECT_EQ(code_of([] { throw ChecksumError("bad"); }), "checksum");
  EXPECT_EQ(code_of([] { throw TransportError("gone"); }), "transfer");
  EXPECT_EQ(code_of([] { throw Cancelled("no"); }), "cancelled");
  EXPECT_EQ(code_of([] { throw InputError("bad"); }), "bad_request");
  EXPECT_EQ(code_of([] { throw Error("other"); }), "error");
  EXPECT_EQ(code_of([] { throw std::bad_alloc(); }), "error");
  EXPECT_EQ(code_of([&] {
              table.clock.advance(10);
              throw TransportError("gone");
            }),
            "timeout");
}

TEST(Executors, MeasureAndBoundWhatTheyReport) {
  Table table;
  table.file.script = [&] {
    table.clock.advance(1234);
    return done(true, std::string(100'000, 'x'));
  };
  const protocol::StepResult result = table.executors.run(protocol::EnsureFile{}, {});
  EXPECT_EQ(result.duration_ms, 1234u);
  EXPECT_EQ(result.detail.size(), limits::excerpt_bytes_max);
}

TEST(Executors, MaskWhatAStepSaysBeforeAnybodyHasIt) {
  Table table;
  const std::string password = "cAnAry-7f3a";
  table.mask.add({password});
  table.file.script = [&] {
    // The last one stands where the text is cut.
    protocol::StepResult result = failed(
        "exit_status", password + " " + base64(password) + std::string(limits::excerpt_bytes_max - 36, 'x') + password);
    result.evidence["warning"] = "it said " + to_hex(password);
    result.evidence["at " + password] = "timeout";
    return result;
  };
  const protocol::StepResult result = table.executors.run(protocol::EnsureFile{}, {});
  EXPECT_TRUE(result.detail.starts_with("<masked> <masked>")) << result.detail;
  EXPECT_EQ(result.detail.find("cAn"), std::string::npos) << result.detail;
  EXPECT_EQ(result.evidence.at("warning"), "it said <masked>");
  EXPECT_EQ(result.evidence.at("at <masked>"), "timeout") << "a name is the program's word, too";
  EXPECT_EQ(result.code, "exit_status");
  table.file.script = [&]() -> protocol::StepResult { throw InputError("bad: " + password); };
  EXPECT_EQ(table.executors.run(protocol::EnsureFile{}, {}).detail, "bad: <masked>");
}

class VerifyOld : public ::testing::Test {
 protected:
  VerifyOld() {
    blobs.add(artifact);
    ReleaseExecutor(paths, blobs, 0)
        .run(protocol::EnsureRelease{.component = "app", .artifact = artifact.ref, .shared = {}, .shared_owner = {}},
             {});
    services.define_running("app@blue.service");
    // No such process exists, so that what the unit says of its directory counts.
    services.unit("app@blue.service").status.main_pid = 0;
    services.unit("app@blue.service").status.working_directory = tree.string();
    wanted.component = "app";
    wanted.expected = {
        .kind = protocol::OldKind::release, .slot = "blue", .release = artifact.release, .unit = "app@blue.service"};
    wanted.traffic = {.component = "app",
                      .kind = protocol::SwitchKind::nftables,
                      .stable_port = 80,
                      .haproxy_socket = "",
                      .haproxy_backend = "",
                      .targets = {{.slot = "blue", .port = 5002, .weight = 100, .server = ""}},
                      .local_only = false};
    nftables.set(wanted.traffic);
  }
  protocol::StepResult verify() {
    return VerifyOldExecutor(paths, services, {none, nftables, haproxy}, sockets).run(wanted, {});
  }

  Scratch scratch;
  HostPaths paths = scratch.host();
  FakeBlobs blobs;
  FakeServiceManager services;
  FakeSwitch none, nftables, haproxy;
  FakeSocketTable sockets;
  Artifact artifact = make_artifact(Tar().file("bin/app", "v1"));
  std::filesystem::path tree = paths.components / "app/releases" / artifact.release.str();
  protocol::VerifyOld wanted;
};

TEST_F(VerifyOld, AcceptsWhatThePlanWasMadeAgainst) {
  const protocol::StepResult result = verify();
  EXPECT_EQ(result.state, protocol::StepState::done) << result.detail;
  EXPECT_FALSE(result.changed);
}

TEST_F(VerifyOld, FindsAnotherSlotInTheSwitch) {
  protocol::SwitchTraffic other = wanted.traffic;
  other.targets = {{.slot = "green", .port = 5003, .weight = 100, .server = ""}};
  nftables.set(other);
  EXPECT_EQ(verify().code, "old_changed");
}

TEST_F(VerifyOld, FindsAHalfDoneCanary) {
  protocol::SwitchTraffic both = wanted.traffic;
  both.targets = {{.slot = "blue", .port = 5002, .weight = 90, .server = ""},
                  {.slot = "green", .port = 5003, .weight = 10, .server = ""}};
  nftables.set(both);
  EXPECT_EQ(verify().code, "old_changed");
}

TEST_F(VerifyOld, FindsAnotherRelease) {
  services.unit("app@blue.service").status.working_directory =
      (paths.components / "app/releases" / std::string(64, 'a')).string();
  EXPECT_EQ(verify().code, "old_changed");
}

TEST_F(VerifyOld, FindsDamageBeforeItIsNeeded) {
  std::filesystem::remove(tree / "bin/app");
  const protocol::StepResult result = verify();
  EXPECT_EQ(result.code, "release_corrupt");
  EXPECT_NE(result.detail.find("bin/app"), std::string::npos);
}

TEST_F(VerifyOld, AdmitsThatItDoesNotKnow) {
  services.unit("app@blue.service").status.working_directory = "/somewhere";
  EXPECT_EQ(verify().code, "old_unknown");
}

TEST_F(VerifyOld, DoesNotForbidToRepairACrashedService) {
  services.end_process("app@blue.service", 1);
  EXPECT_EQ(verify().state, protocol::StepState::done);
}

TEST_F(VerifyOld, ComparesSwitchAndBytesWhenNothingRuns) {
  wanted.expected.unit.clear();
  services.forget("app@blue.service");
  EXPECT_EQ(verify().state, protocol::StepState::done);
  std::filesystem::remove(tree / "bin/app");
  EXPECT_EQ(verify().code, "release_corrupt");
  wanted.expected.slot = "green";
  EXPECT_EQ(verify().code, "old_changed");
}

TEST_F(VerifyOld, WantsNothingThereWhenNothingWas) {
  wanted.expected = {};
  sockets.listen(5002);
  EXPECT_EQ(verify().code, "old_changed");
  wanted.traffic.stable_port = 81;
  EXPECT_EQ(verify().state, protocol::StepState::done);
}

// Units removed by hand, to begin anew: the switch still leads to the slot, and the agent would put the entry back.
TEST_F(VerifyOld, IsNotHeldUpByAnEntryThatLeadsNowhere) {
  wanted.expected = {};
  services.forget("app@blue.service");
  EXPECT_EQ(verify().state, protocol::StepState::done);
}

TEST_F(VerifyOld, WantsTheAdoptedUnitToRun) {
  wanted.traffic.stable_port = 81;
  wanted.expected = {.kind = protocol::OldKind::legacy, .slot = "legacy", .release = {}, .unit = "old.service"};
  EXPECT_EQ(verify().code, "old_changed");
  services.define_running("old.service");
  EXPECT_EQ(verify().state, protocol::StepState::done);
}

}  // namespace
}  // namespace switchyard::agent::testing
