#include <gtest/gtest.h>

#include "agent/executors/host/check_switch_executor.hpp"
#include "agent/executors/host/drain_executor.hpp"
#include "agent/executors/host/switch_executor.hpp"
#include "agent/executors/host/unit_executor.hpp"
#include "common/error.hpp"
#include "common/limits.hpp"
#include "tests/support/fake_clock.hpp"
#include "tests/support/fake_service_manager.hpp"
#include "tests/support/fake_traffic_switch.hpp"

namespace switchyard::testing {
namespace {

using protocol::EnsureUnit;
using protocol::StepResult;
using protocol::StepState;
using protocol::UnitEnablement;
using protocol::UnitState;

const std::string unit = "api@blue.service";

class UnitExecutor : public ::testing::Test {
 protected:
  StepResult run(UnitState state, UnitEnablement enablement = UnitEnablement::unchanged) {
    services_.calls.clear();
    agent::StepContext context;
    context.deadline_boot_ms = clock_.boot_ms() + 1'000;
    return executor_.run(EnsureUnit{unit, state, enablement, 8001}, context);
  }
  using Calls = std::vector<std::string>;

  FakeClock clock_;
  FakeServiceManager services_;
  std::vector<std::string> journal_ = {"cannot open /srv/api/config", "giving up"};
  std::map<std::uint16_t, std::string> holders_;
  agent::UnitExecutor executor_{services_, clock_, [this](const std::string&, const std::string&) { return journal_; },
                                [this](std::uint16_t port, const std::string&) -> std::optional<std::string> {
                                  const auto found = holders_.find(port);
                                  if (found == holders_.end()) return std::nullopt;
                                  return found->second;
                                }};
};

TEST_F(UnitExecutor, StartsAUnitAndBringsTheEvidence) {
  services_.define(unit);
  const StepResult result = run(UnitState::started);
  EXPECT_EQ(result.state, StepState::done);
  EXPECT_TRUE(result.changed);
  EXPECT_EQ(result.evidence.at("main_pid"), std::to_string(services_.unit(unit).status.main_pid));
  EXPECT_EQ(result.evidence.at("invocation_id"), services_.unit(unit).status.invocation_id);
  EXPECT_EQ(result.evidence.at("active_state"), "active");
}

TEST_F(UnitExecutor, APortThatAnotherUnitHoldsIsNamedBeforeAnythingStarts) {
  services_.define(unit);
  holders_[8001] = "the unit redis.service (process 412, redis-server)";
  const StepResult result = run(UnitState::started);
  EXPECT_EQ(result.code, "port_taken");
  EXPECT_NE(result.detail.find("port 8001, on which api@blue.service shall listen, is held by the unit redis.service"),
            std::string::npos)
      << result.detail;
  EXPECT_EQ(services_.calls, Calls{});
  EXPECT_EQ(run(UnitState::stopped).state, StepState::done) << "to stop it is no matter of its port";
  services_.define_running(unit);
  EXPECT_EQ(run(UnitState::started).state, StepState::done) << "what runs has its port";
}

TEST_F(UnitExecutor, StartsNothingForADeploymentThatNoCommitCouldEnable) {
  for (const char* state : {"static", "indirect"}) {
    services_.define(unit).status.unit_file_state = state;
    const StepResult result = run(UnitState::started);
    EXPECT_EQ(result.code, "cannot_be_enabled") << state;
    EXPECT_NE(result.detail.find("WantedBy="), std::string::npos) << result.detail;
    EXPECT_EQ(services_.calls, Calls{});
    EXPECT_EQ(run(UnitState::stopped).state, StepState::done);

    agent::StepContext undo;
    undo.undo = true;
    undo.deadline_boot_ms = clock_.boot_ms() + 1'000;
    const StepResult back = executor_.run(EnsureUnit{unit, UnitState::started, UnitEnablement::unchanged, {}}, undo);
    EXPECT_EQ(back.state, StepState::done) << "what ran before is brought back as it was";
  }
}

TEST_F(UnitExecutor, TouchesNothingWhenAllIsAsAskedFor) {
  services_.define_running(unit).status.unit_file_state = "enabled";
  EXPECT_FALSE(run(UnitState::started, UnitEnablement::enabled).changed);
  EXPECT_EQ(services_.calls, Calls{});
  services_.define(unit);
  EXPECT_FALSE(run(UnitState::stopped, UnitEnablement::disabled).changed);
  EXPECT_EQ(services_.calls, Calls{});
}

TEST_F(UnitExecutor, StopsAndDisables) {
  services_.define_running(unit).status.unit_file_state = "enabled";
  const StepResult result = run(UnitState::stopped, UnitEnablement::disabled);
  EXPECT_EQ(result.state, StepState::done);
  EXPECT_EQ(services_.calls, (Calls{"disable " + unit, "stop " + unit}));
  EXPECT_EQ(result.evidence.at("main_pid"), "0");
}

TEST_F(UnitExecutor, WhatWasStartedByHandIsTakenBackAsItWas) {
  services_.define_running(unit).status.unit_file_state = "transient";
  const StepResult result = run(UnitState::unchanged, UnitEnablement::enabled);
  EXPECT_EQ(result.state, StepState::done);
  EXPECT_FALSE(result.changed);
  EXPECT_NE(result.detail.find("transient"), std::string::npos);
  EXPECT_EQ(services_.calls, Calls{});
}

TEST_F(UnitExecutor, AUnitThatDoesNotExistIsStoppedAndDisabledAlready) {
  EXPECT_EQ(run(UnitState::stopped, UnitEnablement::disabled).state, StepState::done);
  EXPECT_EQ(services_.calls, Calls{"reload"});
}

TEST_F(UnitExecutor, AnnouncedStartsAndStopsAreNotTakenForTheirOpposite) {
  services_.define(unit).status.job_pending = true;
  EXPECT_EQ(run(UnitState::stopped).state, StepState::done);
  EXPECT_EQ(services_.calls, Calls{"stop " + unit}) << "else the boot would start it afterwards";
  services_.define_running(unit).status.job_pending = true;
  run(UnitState::started);
  EXPECT_EQ(services_.calls, Calls{"start " + unit}) << "else it would be gone a moment later";
}

TEST_F(UnitExecutor, RestartMakesANewRun) {
  const std::string before = services_.define_running(unit).status.invocation_id;
  const StepResult result = run(UnitState::restarted);
  EXPECT_EQ(services_.calls, Calls{"restart " + unit});
  EXPECT_NE(result.evidence.at("invocation_id"), before);
}

TEST_F(UnitExecutor, AFailedStartSaysTheUnitsLastWords) {
  services_.define(unit).fails_to_start = true;
  const StepResult result = run(UnitState::started);
  EXPECT_EQ(result.state, StepState::failed);
  EXPECT_EQ(result.code, "start_failed");
  EXPECT_EQ(result.exit_status, 1);
  EXPECT_NE(result.detail.find("giving up"), std::string::npos);
  EXPECT_NE(result.detail.find("exit-code"), std::string::npos);
}

TEST_F(UnitExecutor, AnEarlierFailureDoesNotHinderAStart) {
  services_.define(unit).fails_to_start = true;
  ASSERT_EQ(run(UnitState::started).state, StepState::failed);
  services_.unit(unit).fails_to_start = false;
  EXPECT_EQ(run(UnitState::started).state, StepState::done);
  EXPECT_EQ(services_.calls, (Calls{"reset " + unit, "start " + unit}));
}

TEST_F(UnitExecutor, AStartThatHangsIsATimeout) {
  services_.define(unit).hangs = true;
  EXPECT_EQ(run(UnitState::started).code, "timeout");
}

TEST_F(UnitExecutor, WhileTheHostBootsAStartIsQueuedAndNotWaitedFor) {
  services_.define(unit);
  services_.resuming = true;
  const StepResult result = run(UnitState::started);
  EXPECT_EQ(result.state, StepState::done);
  EXPECT_EQ(result.evidence.at("active_state"), "inactive");
  EXPECT_EQ(services_.calls, Calls{"start " + unit});
}

TEST_F(UnitExecutor, SystemdReadsAChangedUnitFileFirst) {
  auto& defined = services_.define(unit);
  defined.status.need_reload = true;
  EXPECT_EQ(run(UnitState::started).state, StepState::done);
  EXPECT_EQ(services_.calls, (Calls{"reload", "start " + unit}));
}

TEST_F(UnitExecutor, FindsAUnitThatHasJustBeenWritten) {
  services_.write_unit(unit);
  EXPECT_EQ(run(UnitState::started).state, StepState::done);
}

TEST_F(UnitExecutor, RefusesAUnitThatCannotRun) {
  EXPECT_EQ(run(UnitState::started).code, "unit_not_found");
  services_.define(unit).status.load_state = "masked";
  EXPECT_EQ(run(UnitState::started).code, "unit_masked");
  services_.define(unit).status.load_state = "bad-setting";
  EXPECT_EQ(run(UnitState::unchanged, UnitEnablement::enabled).code, "unit_bad");
  EXPECT_EQ(services_.calls, Calls{});
}

class SwitchSteps : public ::testing::Test {
 protected:
  static protocol::SwitchTraffic traffic(std::uint32_t blue, std::uint32_t green, std::uint32_t legacy = 0) {
    protocol::SwitchTraffic wanted;
    wanted.component = "api";
    wanted.kind = protocol::SwitchKind::nftables;
    wanted.stable_port = 5001;
    wanted.targets = {{"blue", 5002, blue, ""}, {"green", 5003, green, ""}, {"legacy", 5001, legacy, ""}};
    return wanted;
  }
  FakeSwitch none_, nftables_, haproxy_;
  agent::TrafficSwitches switches_{none_, nftables_, haproxy_};
  agent::SwitchExecutor switch_{switches_};
  agent::CheckSwitchExecutor check_{switches_};
};

TEST_F(SwitchSteps, SwitchesAndReadsBack) {
  nftables_.set(traffic(100, 0));
  const StepResult result = switch_.run(traffic(0, 100), {});
  EXPECT_EQ(result.state, StepState::done);
  EXPECT_TRUE(result.changed);
  EXPECT_EQ(result.evidence.at("before"), "blue (port 5002) 100 %");
  EXPECT_EQ(result.evidence.at("live"), "green (port 5003) 100 %");
  EXPECT_EQ(nftables_.applied.size(), 1u);
}

TEST_F(SwitchSteps, ChangesNothingThatIsSoAlready) {
  nftables_.set(traffic(0, 100));
  EXPECT_FALSE(switch_.run(traffic(0, 100), {}).changed);
  EXPECT_EQ(switch_.run(traffic(0, 100), {}).state, StepState::done);
  EXPECT_TRUE(nftables_.applied.empty());
}

TEST_F(SwitchSteps, MakesAStateDurableThatABootWouldLose) {
  nftables_.set(traffic(0, 100));
  nftables_.durable = false;
  EXPECT_FALSE(switch_.run(traffic(0, 100), {}).changed);
  EXPECT_EQ(nftables_.applied.size(), 1u);
}

TEST_F(SwitchSteps, LegacyAloneIsNoEntry) {
  EXPECT_FALSE(switch_.run(traffic(0, 0, 100), {}).changed);
  nftables_.set(traffic(100, 0));
  EXPECT_TRUE(switch_.run(traffic(0, 0, 100), {}).changed);
}

TEST_F(SwitchSteps, SaysSoWhenTheSwitchIsNotAsAskedAfterwards) {
  nftables_.set(traffic(100, 0));
  nftables_.ignores_apply = true;
  EXPECT_EQ(switch_.run(traffic(0, 100), {}).code, "switch_not_as_asked");
}

TEST_F(SwitchSteps, WithoutASwitchThereIsNothingToDo) {
  auto wanted = traffic(0, 100);
  wanted.kind = protocol::SwitchKind::none;
  none_.failure = "must not be asked";
  EXPECT_EQ(switch_.run(wanted, {}).state, StepState::done);
}

TEST_F(SwitchSteps, ARefusalIsAFailedStepWithItsCode) {
  EXPECT_EQ(check_.run(protocol::CheckSwitch{traffic(100, 0)}, {}).state, StepState::done);
  nftables_.refusal = agent::SwitchRefusal{"filtered", "the filter drops it"};
  const StepResult result = check_.run(protocol::CheckSwitch{traffic(100, 0)}, {});
  EXPECT_EQ(result.state, StepState::failed);
  EXPECT_EQ(result.code, "filtered");
  EXPECT_TRUE(nftables_.applied.empty());
}

class DrainExecutor : public SwitchSteps {
 protected:
  StepResult drain(std::uint32_t budget_ms, bool haproxy = false) {
    protocol::Drain wanted;
    wanted.component = "api";
    wanted.port = 5002;
    wanted.budget_ms = budget_ms;
    if (haproxy) wanted.haproxy_socket = "/run/haproxy/admin.sock";
    agent::StepContext context;
    context.stop = stop_.get_token();
    return executor_.run(wanted, context);
  }
  FakeClock clock_;
  std::stop_source stop_;
  agent::DrainExecutor executor_{switches_, clock_,
                                 [this](std::int64_t ms, const std::stop_token&) { clock_.advance(ms); }};
};

TEST_F(DrainExecutor, EndsAsSoonAsNobodyIsLeft) {
  none_.counts = {3, 1, 0};
  const StepResult result = drain(30'000);
  EXPECT_EQ(result.state, StepState::done);
  EXPECT_EQ(result.evidence.at("connections_left"), "0");
  EXPECT_EQ(result.evidence.at("waited_ms"), std::to_string(3 * limits::drain_poll_ms));
}

TEST_F(DrainExecutor, AConnectionThatArrivesLateIsNotOverlooked) {
  none_.counts = {0, 1, 0, 0};
  EXPECT_EQ(drain(30'000).evidence.at("waited_ms"), std::to_string(3 * limits::drain_poll_ms));
}

TEST_F(DrainExecutor, ASpentBudgetIsReportedAndIsNoFailure) {
  none_.counts = {5};
  const StepResult result = drain(1'000);
  EXPECT_EQ(result.state, StepState::done);
  EXPECT_EQ(result.evidence.at("connections_left"), "5");
  EXPECT_EQ(result.evidence.at("waited_ms"), "1000");
}

TEST_F(DrainExecutor, AsksHaproxyForItsSessionsAndElseCountsSockets) {
  haproxy_.counts = {2};
  EXPECT_EQ(drain(0, true).evidence.at("connections_left"), "2");
  haproxy_.failure = "no such socket";
  none_.counts = {1};
  EXPECT_EQ(drain(0, true).evidence.at("connections_left"), "1");
}

TEST_F(DrainExecutor, EndsWhenItsResultIsNoLongerWanted) {
  none_.counts = {1};
  stop_.request_stop();
  EXPECT_EQ(drain(30'000).code, "cancelled");
}

}  // namespace
}  // namespace switchyard::testing
