// The triggers of a rollback, one by one: what each is recognised by, and that the deployment goes back upon it.
#include "coordinator/model/rollback_trigger.hpp"

#include <gtest/gtest.h>

#include "tests/unit/coordinator_engine/engine_double.hpp"

namespace switchyard::engine {
namespace {

using model::DeploymentState;
using model::RollbackTrigger;
using model::trigger_of;

protocol::Step check(protocol::ProbeSpec spec) {
  protocol::Step step;
  step.action = protocol::Probe{std::move(spec)};
  return step;
}

protocol::ProbeSpec of_kind(decltype(protocol::ProbeSpec::kind) kind, std::optional<std::uint32_t> tier = {}) {
  protocol::ProbeSpec spec;
  spec.kind = std::move(kind);
  spec.tier = tier;
  return spec;
}

protocol::Step unit_to(protocol::UnitState state) {
  protocol::EnsureUnit unit;
  unit.state = state;
  protocol::Step step;
  step.action = unit;
  return step;
}

void expect_trigger(const protocol::Step& step, std::optional<RollbackTrigger> expected, const char* code) {
  EXPECT_EQ(trigger_of(&step, code), expected) << code;
}

TEST(RollbackTrigger, AnyCheckOfTierZero) {
  for (const char* code : {"probe_failed", "timeout"}) {
    expect_trigger(check(of_kind(protocol::TcpProbe{})), RollbackTrigger::integrity_check, code);
    expect_trigger(check(of_kind(protocol::DatabaseProbe{}, 0)), RollbackTrigger::integrity_check, code);
  }
  EXPECT_EQ(trigger_of(nullptr, "unhealthy"), RollbackTrigger::integrity_check)
      << "at the vote, or while it is watched";
}

TEST(RollbackTrigger, MoreThanHalfOfASmokeSuiteOrOneThatIsCritical) {
  expect_trigger(check(of_kind(protocol::SmokeProbe{}, 1)), RollbackTrigger::smoke_tests, "probe_failed");
  expect_trigger(check(of_kind(protocol::CommandProbe{}, 1)), RollbackTrigger::smoke_tests, "probe_failed");
}

TEST(RollbackTrigger, ACriticalTestOfTierTwo) {
  expect_trigger(check(of_kind(protocol::CommandProbe{}, 2)), RollbackTrigger::critical_test, "probe_failed");
}

TEST(RollbackTrigger, AServiceThatDoesNotStartInTime) {
  for (const auto state : {protocol::UnitState::started, protocol::UnitState::restarted}) {
    for (const char* code : {"start_failed", "timeout"}) {
      expect_trigger(unit_to(state), RollbackTrigger::service_start, code);
    }
  }
  expect_trigger(check(of_kind(protocol::UnitProbe{"api.service"})), RollbackTrigger::service_start, "probe_failed");
  expect_trigger(unit_to(protocol::UnitState::stopped), std::nullopt, "stop_failed");
}

TEST(RollbackTrigger, NoneOfTheOutsideServicesAnswers) {
  protocol::SmokeProbe suite;
  suite.external = true;
  expect_trigger(check(of_kind(suite, 1)), RollbackTrigger::external_services, "probe_failed");
}

protocol::Step command(std::optional<bool> migration) {
  protocol::Run run;
  run.argv = {"/usr/bin/migrate"};
  run.migration = migration;
  protocol::Step step;
  step.id = StepId(std::string(32, 'd'));
  step.title = "run schema";
  step.action = run;
  return step;
}

TEST(RollbackTrigger, AMigrationOfADatabaseFails) {
  for (const char* code : {"exit_status", "timeout", "not_started", "outcome_lost"}) {
    expect_trigger(command(true), RollbackTrigger::migration, code);
    expect_trigger(command(false), std::nullopt, code);
    expect_trigger(command({}), std::nullopt, code);
  }
}

TEST(RollbackTrigger, IsNotWhatHasToDoWithTheDeploymentsOwnWork) {
  protocol::Step fetch;
  fetch.action = protocol::EnsureRelease{};
  expect_trigger(fetch, std::nullopt, "disk_full");
  EXPECT_EQ(trigger_of(nullptr, "host_lost"), std::nullopt);
}

TEST(RollbackTrigger, HasANameThatIsReadBack) {
  for (const char* name :
       {"integrity_check", "smoke_tests", "critical_test", "service_start", "external_services", "migration"}) {
    const auto trigger = model::trigger_from_name(name);
    ASSERT_TRUE(trigger.has_value()) << name;
    EXPECT_EQ(model::trigger_name(*trigger), name);
  }
  EXPECT_EQ(model::trigger_from_name("full_moon"), std::nullopt);
}

/// Every step of a plan that is such a trigger, when it fails on one host, takes the deployment back on all.
TEST(RollbackTrigger, TakesTheWholeDeploymentBackAndIsNamedInItsRow) {
  std::size_t triggers = 0;
  const Coordinator sample("app@h1,h2");
  const auto& component = sample.run.plan.slices.at(HostId("h1")).components.front();
  for (const protocol::Step& step : component.steps) {
    const auto expected = trigger_of(&step, "timeout");
    if (!expected || step.phase == protocol::Phase::commit || step.phase == protocol::Phase::retire) continue;
    ++triggers;
    Coordinator coordinator("app@h1,h2");
    coordinator.stage("h1");
    coordinator.stage("h2");
    coordinator.say("h1", protocol::Failed{coordinator.run.row.id, step.id, "app", "timeout", "too late"});
    ASSERT_EQ(coordinator.run.row.failures.size(), 1u) << step.title;
    EXPECT_EQ(coordinator.run.row.failures.front().trigger, expected) << step.title;
    EXPECT_EQ(coordinator.run.row.failures.front().action, model::ErrorAction::rollback) << step.title;
    EXPECT_EQ(coordinator.state(), DeploymentState::aborting) << step.title;
  }
  EXPECT_GE(triggers, 2u) << "the sample starts a service and checks it";
}

/// Whatever the sample plans have of them: each of the six.
TEST(RollbackTrigger, EachOfTheSixTakesTheWholeDeploymentBackAndIsNamedInItsRow) {
  protocol::SmokeProbe outside;
  outside.external = true;
  const std::vector<std::pair<protocol::Step, RollbackTrigger>> six = {
      {check(of_kind(protocol::DatabaseProbe{})), RollbackTrigger::integrity_check},
      {check(of_kind(protocol::SmokeProbe{}, 1)), RollbackTrigger::smoke_tests},
      {check(of_kind(protocol::CommandProbe{}, 2)), RollbackTrigger::critical_test},
      {unit_to(protocol::UnitState::started), RollbackTrigger::service_start},
      {check(of_kind(outside, 1)), RollbackTrigger::external_services},
      {command(true), RollbackTrigger::migration},
  };
  for (auto [step, trigger] : six) {
    const std::string_view name = model::trigger_name(trigger);
    step.id = StepId(std::string(32, 'e'));
    if (auto* probe = std::get_if<protocol::Probe>(&step.action)) probe->spec.name = "orders";
    Coordinator coordinator("app@h1,h2");
    coordinator.run.plan.slices.at(HostId("h1")).components.front().steps.push_back(step);
    coordinator.stage("h2");
    coordinator.say("h1", protocol::Failed{coordinator.run.row.id, step.id, "app", "timeout", "too late"});
    EXPECT_EQ(coordinator.state(), DeploymentState::aborting) << name;
    ASSERT_EQ(coordinator.run.row.failures.size(), 1u) << name;
    EXPECT_EQ(coordinator.run.row.failures.front().trigger, trigger) << name;
    EXPECT_EQ(coordinator.run.row.failures.front().action, model::ErrorAction::rollback) << name;
    const bool is_check = std::holds_alternative<protocol::Probe>(step.action);
    EXPECT_EQ(coordinator.run.row.failures.front().check, is_check ? "orders" : "") << name;
  }
}

/// At the vote, and in the watch window: the agent names the check that it saw fail before what it saw.
TEST(RollbackTrigger, WhatIsSeenWhileItIsWatchedIsNamedByTheCheckThatSawIt) {
  protocol::SmokeProbe outside;
  outside.external = true;
  const std::vector<std::pair<protocol::ProbeSpec, RollbackTrigger>> checks = {
      {of_kind(protocol::StorageProbe{}), RollbackTrigger::integrity_check},
      {of_kind(protocol::ResourcesProbe{}), RollbackTrigger::integrity_check},
      {of_kind(protocol::FileSystemProbe{}), RollbackTrigger::integrity_check},
      {of_kind(protocol::HttpProbe{}), RollbackTrigger::integrity_check},
      {of_kind(protocol::UnitProbe{"app@green.service"}), RollbackTrigger::service_start},
      {of_kind(protocol::SmokeProbe{}), RollbackTrigger::smoke_tests},
      {of_kind(outside), RollbackTrigger::external_services},
  };
  for (auto [check, trigger] : checks) {
    check.name = "seen";
    for (const bool at_the_vote : {false, true}) {
      Coordinator coordinator("app@h1");
      coordinator.run.plan.slices.at(HostId("h1")).components.front().watch.push_back(check);
      coordinator.stage("h1");
      coordinator.swap("h1", "app");
      coordinator.connect("h1", protocol::AgentState::swapped);
      if (at_the_vote) {
        coordinator.say("h1", protocol::Failed{{}, {}, "app", "unhealthy", "seen: no room: 3 MB"});
      } else {
        coordinator.say("h1", protocol::Held{});
        coordinator.say("h1", protocol::Health{{}, "app", false, "seen: no room: 3 MB"});
      }
      EXPECT_EQ(coordinator.state(), DeploymentState::aborting);
      ASSERT_EQ(coordinator.run.row.failures.size(), 1u);
      EXPECT_EQ(coordinator.run.row.failures.front().trigger, trigger) << check.kind.index();
      EXPECT_EQ(coordinator.run.row.failures.front().code, "unhealthy");
      EXPECT_EQ(coordinator.run.row.failures.front().check, "seen");
    }
  }
}

TEST(RollbackTrigger, WhatNamesNoCheckWhileItIsWatchedIsOneOfTierZero) {
  for (const char* seen : {"not looked at yet", "elsewhere: status 503", ": ", ""}) {
    Coordinator coordinator("app@h1");
    coordinator.stage("h1");
    coordinator.swap("h1", "app");
    coordinator.say("h1", protocol::Health{{}, "app", false, seen});
    ASSERT_EQ(coordinator.run.row.failures.size(), 1u) << seen;
    EXPECT_EQ(coordinator.run.row.failures.front().trigger, RollbackTrigger::integrity_check) << seen;
    EXPECT_EQ(coordinator.run.row.failures.front().check, "") << seen;
  }
}

/// On the way back its undo may fail too: that is tried again, and is no trigger of anything.
TEST(RollbackTrigger, AFailedMigrationTakesTheDeploymentBackAndItsUndoIsNone) {
  Coordinator coordinator("app@h1,h2");
  const protocol::Step migration = command(true);
  coordinator.run.plan.slices.at(HostId("h1")).components.front().steps.push_back(migration);
  coordinator.stage("h1");
  coordinator.stage("h2");
  coordinator.say("h1", protocol::Failed{coordinator.run.row.id, migration.id, "app", "exit_status", "status 1"});
  EXPECT_EQ(coordinator.state(), DeploymentState::aborting);
  ASSERT_EQ(coordinator.run.row.failures.size(), 1u);
  EXPECT_EQ(coordinator.run.row.failures.front().trigger, RollbackTrigger::migration);
  protocol::StepEvent undone;
  undone.deployment = coordinator.run.row.id;
  undone.component = "app";
  undone.step = migration.id;
  undone.undo = true;
  undone.result.state = protocol::StepState::failed;
  undone.result.code = "exit_status";
  coordinator.say("h1", undone);
  ASSERT_EQ(coordinator.run.row.failures.size(), 2u);
  EXPECT_EQ(coordinator.run.row.failures.back().trigger, std::nullopt);
}

}  // namespace
}  // namespace switchyard::engine
