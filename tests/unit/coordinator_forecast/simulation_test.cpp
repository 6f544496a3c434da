#include "coordinator/forecast/simulation.hpp"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>

#include "common/error.hpp"
#include "common/limits.hpp"
#include "common/limits_forecast.hpp"
#include "coordinator/forecast/simulation_text.hpp"
#include "tests/support/plan_builder.hpp"
#include "tests/support/refusal.hpp"
#include "tests/unit/coordinator_forecast/agent_fleet.hpp"
#include "tests/unit/coordinator_forecast/drawn_plan.hpp"

namespace switchyard::forecast {
namespace {

using model::DeploymentState;
using switchyard::testing::has;
using switchyard::testing::plan_from_text;
using switchyard::testing::release_of;

SimulationInput input_of(std::optional<FailingStep> failing = {}) {
  return {std::move(failing), [](const std::string&, const protocol::Step&, bool) { return 100; }, 500};
}

std::vector<std::string> reverts_of(const Simulation& simulation) {
  std::vector<std::string> reverts;
  for (const SimulatedRevert& revert : simulation.reverts) {
    reverts.push_back(revert.host.str() + " " + revert.component);
  }
  return reverts;
}

TEST(Simulation, EndsWithTheCommitWhenNothingFails) {
  const Simulation simulation = simulate(plan_from_text("db@h1 > app@h1,h2"), input_of());
  EXPECT_EQ(simulation.end, DeploymentState::done) << simulation.reason;
  EXPECT_TRUE(simulation.reverts.empty());
  EXPECT_GT(simulation.took_ms, 500);
  std::vector<std::string> states;
  for (const SimulatedLine& line : simulation.timeline) {
    if (line.entry.what == "state") states.push_back(line.entry.state);
  }
  const std::vector<std::string> expected = {"preparing", "swapping", "holding", "watching", "committing", "done"};
  EXPECT_EQ(states, expected);
}

TEST(Simulation, AFailureInPrepareGoesBackBeforeAnythingWasVisible) {
  const model::Plan plan = plan_from_text("db@h1 > app@h2");
  const auto failing = find_failing_step(plan, "h2/start app@green.service");
  const Simulation simulation = simulate(plan, input_of(failing));
  EXPECT_EQ(simulation.end, DeploymentState::rolled_back);
  EXPECT_TRUE(has(simulation.reason, "start app@green.service"));
  for (const SimulatedLine& line : simulation.timeline) EXPECT_NE(line.entry.state, "swapping");
}

TEST(Simulation, AFailureInTheSwapRevertsInTheReverseOrder) {
  const model::Plan plan = plan_from_text("db@h1 > api@h2 > web@h3");
  const Simulation simulation = simulate(plan, input_of(find_failing_step(plan, "switch web to green")));
  EXPECT_EQ(simulation.end, DeploymentState::rolled_back);
  EXPECT_EQ(reverts_of(simulation), std::vector<std::string>({"h3 web", "h2 api", "h1 db"}));
}

TEST(Simulation, WithoutRollbackItStopsWhereItIs) {
  const model::Plan plan = plan_from_text("db@h1 > api@h2", {.settings = {.rollback_on_failure = false}});
  const Simulation simulation = simulate(plan, input_of(find_failing_step(plan, "switch api to green")));
  EXPECT_EQ(simulation.end, DeploymentState::paused);
  EXPECT_TRUE(simulation.reverts.empty());
}

std::string serving_in(const Simulation& simulation, const std::string& host) {
  for (const SimulatedEnd& end : simulation.standing) {
    if (end.host.str() == host) return end.serves;
  }
  return "is not there";
}

/// It fails, and nobody takes it back.
std::string serving_after(const std::string& text, const std::string& failing, const std::string& host,
                          switchyard::testing::PlanBuilderOptions options = {}) {
  options.settings.rollback_on_failure = false;
  const model::Plan plan = plan_from_text(text, options);
  const Simulation simulation = simulate(plan, input_of(find_failing_step(plan, failing)));
  EXPECT_EQ(simulation.end, DeploymentState::paused);
  return serving_in(simulation, host);
}

TEST(SimulationStanding, TheNewServesOnceTheTrafficHasSwitchedWhateverFailsThen) {
  EXPECT_EQ(serving_after("db@h1 > api@h2", "h2/point current to " + release_of("api", '2').str().substr(0, 12), "h2"),
            "new");
  EXPECT_EQ(serving_after("db@h1 > api@h2", "switch api to green", "h2"), "old");
}

TEST(SimulationStanding, NothingServesBetweenTheStopOfTheOldAndTheStartOfTheNew) {
  using model::Strategy;
  EXPECT_EQ(serving_after("api@h1", "stop api@blue.service", "h1", {.strategy = Strategy::recreate}), "old");
  EXPECT_EQ(serving_after("api@h1", "start api@green.service", "h1", {.strategy = Strategy::recreate}), "nothing");
}

TEST(SimulationStanding, NothingServesWhereAFirstDeploymentHasNotArrived) {
  EXPECT_EQ(serving_after("api@h1", "switch api to blue", "h1", {.first = true}), "nothing");
  const model::Plan plan = plan_from_text("api@h1", {.first = true});
  const Simulation back = simulate(plan, input_of(find_failing_step(plan, "switch api to blue")));
  EXPECT_EQ(back.end, DeploymentState::rolled_back);
  EXPECT_EQ(serving_in(back, "h1"), "nothing");
}

TEST(SimulationStanding, ACanarysShareIsWhatItsLastSwitchSays) {
  using model::Strategy;
  const std::string link = "point current to " + release_of("api", '2').str().substr(0, 12);
  EXPECT_EQ(serving_after("api@h1", "switch 10 % of api to green", "h1", {.strategy = Strategy::canary}), "old");
  EXPECT_EQ(serving_after("api@h1", "switch 50 % of api to green", "h1", {.strategy = Strategy::canary}), "both");
  EXPECT_EQ(serving_after("api@h1", link, "h1", {.strategy = Strategy::canary}), "new");
}

/// A canary whose last switch takes too long: the lease is renewed for its 50 %, so that its host does not go back by
/// itself.
TEST(SimulationStanding, WhatWasCutOffIsNotKnown) {
  const model::Plan plan =
      plan_from_text("api@h1", {.strategy = model::Strategy::canary, .settings = {.rollback_on_failure = false}});
  SimulationInput input = input_of();
  input.duration_ms = [&](const std::string&, const protocol::Step& step, bool) {
    return step.title == "switch api to green" ? std::int64_t{plan.settings.confirm_ms} + 1 : 1;
  };
  const Simulation simulation = simulate(plan, input);
  EXPECT_EQ(simulation.end, DeploymentState::paused);
  EXPECT_EQ(serving_in(simulation, "h1"), "not known");
}

TEST(SimulationStanding, AHostThatGoesBackByItselfServesTheOldThoughItIsPaused) {
  const model::Plan plan = plan_from_text("api@h1", {.settings = {.rollback_on_failure = false}});
  SimulationInput input = input_of();
  input.duration_ms = [&](const std::string&, const protocol::Step& step, bool) {
    return step.title == "switch api to green" ? std::int64_t{plan.settings.confirm_ms} + 1 : 1;
  };
  const Simulation simulation = simulate(plan, input);
  EXPECT_EQ(simulation.end, DeploymentState::paused);
  EXPECT_EQ(reverts_of(simulation), std::vector<std::string>({"h1 api"}));
  EXPECT_EQ(serving_in(simulation, "h1"), "old");
}

TEST(SimulationStanding, WhatIsUnderWayWhenItIsPausedGoesOnToItsEnd) {
  const model::Plan plan = plan_from_text("api@h1,h2", {.settings = {.rollback_on_failure = false}});
  SimulationInput input = input_of(find_failing_step(plan, "h1/switch api to green"));
  input.duration_ms = [](const std::string&, const protocol::Step& step, bool) {
    return step.title == "switch api to green" ? 300 : 100;
  };
  input.failing->host = HostId("h1");
  const Simulation simulation = simulate(plan, input);
  EXPECT_EQ(simulation.end, DeploymentState::paused);
  EXPECT_EQ(serving_in(simulation, "h1"), "old");
  EXPECT_EQ(serving_in(simulation, "h2"), "new") << "nobody stops an agent where a deployment is paused";
}

TEST(SimulationStanding, ServesTheOldAgainWhenEverythingWentBack) {
  for (const auto strategy : {model::Strategy::blue_green, model::Strategy::recreate, model::Strategy::canary}) {
    const model::Plan plan = plan_from_text("api@h1", {.strategy = strategy});
    const std::string link = "point current to " + release_of("api", '2').str().substr(0, 12);
    const Simulation simulation = simulate(plan, input_of(find_failing_step(plan, link)));
    EXPECT_EQ(simulation.end, DeploymentState::rolled_back);
    EXPECT_EQ(serving_in(simulation, "h1"), "old");
  }
}

TEST(Simulation, AFailureAfterTheDecisionIsTriedAgain) {
  const model::Plan plan = plan_from_text("api@h1");
  const Simulation simulation = simulate(plan, input_of(find_failing_step(plan, "enable api@green.service")));
  EXPECT_EQ(simulation.end, DeploymentState::done);
}

/// One host with a hook of this phase, and a check of its own.
model::Plan plan_with_hook(protocol::HookPhase phase, bool critical) {
  model::Manifest manifest = switchyard::testing::manifest_from_text("api@h1");
  model::HookCommand hook;
  hook.name = "tell";
  hook.phase = phase;
  hook.command = {"/usr/bin/tell"};
  hook.user = "www";
  hook.timeout_ms = 4'000;
  hook.critical = critical;
  model::HealthCheck check;
  check.probe.name = "answers";
  check.probe.kind = protocol::HttpProbe{"http://127.0.0.1:${port}/", {}, {}, {}};
  check.probe.critical = critical;
  manifest.components[0].hooks = {hook};
  manifest.components[0].health_checks = {check};
  return planner::plan_deployment(manifest, switchyard::testing::facts_for(manifest), {});
}

TEST(Simulation, AHookThatIsNotCriticalIsPassedOver) {
  for (const bool critical : {true, false}) {
    const model::Plan plan = plan_with_hook(protocol::HookPhase::pre_switch, critical);
    const Simulation simulation = simulate(plan, input_of(find_failing_step(plan, "hook tell (pre_switch)")));
    EXPECT_EQ(simulation.end, critical ? DeploymentState::rolled_back : DeploymentState::done) << simulation.reason;
    const std::string line = "h1  api: hook tell (pre_switch) FAILS (fails in this simulation)";
    const std::string text = simulation_text(simulation, {});
    EXPECT_TRUE(has(text, line + (critical ? "\n" : "; it is not critical: goes on\n")));
  }
}

TEST(Simulation, ACheckThatIsNotCriticalIsPassedOver) {
  for (const bool critical : {true, false}) {
    const model::Plan plan = plan_with_hook(protocol::HookPhase::pre_switch, critical);
    const Simulation simulation = simulate(plan, input_of(find_failing_step(plan, "check answers")));
    EXPECT_EQ(simulation.end, critical ? DeploymentState::rolled_back : DeploymentState::done) << simulation.reason;
  }
}

TEST(Simulation, AHookAfterTheCommitFailsOnceAndIsNotTriedAgain) {
  const model::Plan plan = plan_with_hook(protocol::HookPhase::post_commit, false);
  const Simulation simulation = simulate(plan, input_of(find_failing_step(plan, "hook tell (post_commit)")));
  EXPECT_EQ(simulation.end, DeploymentState::done);
  std::size_t ended = 0;
  for (const SimulatedLine& line : simulation.timeline) {
    ended += line.entry.text == "hook tell (post_commit)" && line.entry.state == "done" ? 1 : 0;
  }
  EXPECT_EQ(ended, 1u);
  EXPECT_TRUE(has(simulation_text(simulation, {}), "it is not critical: goes on\n"));
}

TEST(Simulation, WhatKeepsAHookReadyCannotFail) {
  const model::Plan plan = plan_with_hook(protocol::HookPhase::pre_rollback, false);
  const std::string keep = "keep hook tell (pre_rollback) ready";
  for (const protocol::Step& step : plan.slices.at(HostId("h1")).components.front().steps) {
    if (step.title != keep) continue;
    const Simulation simulation = simulate(plan, input_of(FailingStep{HostId("h1"), step.id}));
    EXPECT_EQ(simulation.end, DeploymentState::done) << simulation.reason;
  }
  const std::string refused = switchyard::testing::refusal([&] { find_failing_step(plan, keep); });
  EXPECT_TRUE(has(refused, "--fail: the step `" + keep + "` does nothing, so it cannot fail"));
}

TEST(Simulation, ASwapThatTakesLongerThanTheConfirmTimeIsFoundBeforehand) {
  const model::Plan plan = plan_from_text("api@h1");
  SimulationInput input = input_of();
  const std::int64_t too_long = plan.settings.confirm_ms + 1;
  input.duration_ms = [=](const std::string&, const protocol::Step& step, bool) {
    return step.phase == protocol::Phase::swap ? too_long : 1;
  };
  EXPECT_EQ(simulate(plan, input).end, DeploymentState::rolled_back);
}

TEST(Simulation, APersonsPartIsAssumedAndSaid) {
  model::Plan plan = plan_from_text("api@h1", {.strategy = model::Strategy::canary});
  plan.nodes.front().promoted_by_hand = true;
  const Simulation simulation = simulate(plan, input_of());
  EXPECT_EQ(simulation.end, DeploymentState::done);
  ASSERT_EQ(simulation.assumed.size(), 1u);
  EXPECT_TRUE(has(simulation.assumed.front(), "a person promotes 10 % of the traffic of api"));
}

/// `count` hosts, of which one after the other is switched and watched for an hour.
model::Plan plan_of_hosts(int count) {
  std::string text = "api@h1";
  for (int i = 2; i <= count; ++i) text += ",h" + std::to_string(i);
  switchyard::testing::PlanBuilderOptions options{.strategy = model::Strategy::rolling};
  options.settings.confirm_ms = 120'000;
  model::Plan plan = plan_from_text(text, options);
  for (model::PlanNode& node : plan.nodes) node.pause_ms = 3'600'000;
  return plan;
}

TEST(Simulation, AHundredHostsWithLongPausesAreNotTooLarge) {
  const Simulation simulation = simulate(plan_of_hosts(100), input_of());
  EXPECT_EQ(simulation.end, DeploymentState::done) << simulation.reason;
  EXPECT_GT(simulation.took_ms, 100 * 3'600'000LL);
}

std::string refusal_to_simulate(const model::Plan& plan, const SimulationInput& input) {
  try {
    simulate(plan, input);
  } catch (const InputError& error) {
    return error.what();
  }
  return "";
}

TEST(Simulation, MoreHostsAreRefused) {
  EXPECT_TRUE(has(refusal_to_simulate(plan_of_hosts(101), input_of()), "a plan of 101 hosts is not simulated"));
}

/// So many components on each of 100 hosts, each with many commands to run.
model::Plan plan_of_much(int components) {
  std::string hosts = "h1";
  for (int host = 2; host <= 100; ++host) hosts += ",h" + std::to_string(host);
  std::string text;
  for (int i = 0; i < components; ++i) text += (i == 0 ? "" : " + ") + ("c" + std::to_string(i)) + "@" + hosts;
  model::Manifest manifest = switchyard::testing::manifest_from_text(text);
  model::RunCommand run;
  run.command = {"bin/once"};
  for (model::Component& component : manifest.components) {
    for (int i = 0; i < 150 / components; ++i) {
      run.name = "run-" + std::to_string(i);
      component.runs.push_back(run);
    }
  }
  return planner::plan_deployment(manifest, switchyard::testing::facts_for(manifest), {});
}

TEST(Simulation, IsGivenUpWhenTooMuchHappens) {
  const std::string refusal = refusal_to_simulate(plan_of_much(1), input_of());
  EXPECT_TRUE(has(refusal, "given up after " + std::to_string(limits::simulation_events_max) + " events")) << refusal;
  EXPECT_TRUE(has(refusal, "--components"));
}

TEST(Simulation, IsGivenUpSoonerWhereManyComponentsAreOnManyHosts) {
  const std::size_t most = limits::simulation_events_times_places_max / 1'000;
  ASSERT_LT(most, limits::simulation_events_max);
  const std::string refusal = refusal_to_simulate(plan_of_much(10), input_of());
  EXPECT_TRUE(has(refusal, "given up after " + std::to_string(most) + " events")) << refusal;
}

TEST(Simulation, NothingToDoIsDoneAtOnce) { EXPECT_EQ(simulate(model::Plan(), input_of()).end, DeploymentState::done); }

TEST(SimulationText, SaysWhatFailsWhatIsRevertedAndHowItEnds) {
  const model::Plan plan = plan_from_text("db@h1 > api@h2");
  const Simulation simulation = simulate(plan, input_of(find_failing_step(plan, "switch api to green")));
  const std::string text = simulation_text(simulation, {"api: swap start"});
  EXPECT_TRUE(has(text, "Times are lower bounds: 1 kind of step has no history yet.\n"));
  EXPECT_TRUE(has(text, "h2  api: switch api to green FAILS (fails in this simulation)\n"));
  EXPECT_TRUE(has(text, "Reverted, in this order:\n"));
  EXPECT_TRUE(has(text, "End: rolled back; every component on every host serves what it served before.\n"));
}

TEST(SimulationText, SaysWhatServesWhereWhenItIsPaused) {
  const model::Plan plan = plan_from_text("db@h1 > api@h2", {.settings = {.rollback_on_failure = false}});
  const Simulation simulation = simulate(plan, input_of(find_failing_step(plan, "switch api to green")));
  EXPECT_TRUE(has(simulation_text(simulation, {}), "  h1  db: new\n  h2  api: old\n"));
}

TEST(SimulationText, SaysThatThereIsNothingToDo) {
  EXPECT_TRUE(has(simulation_text(simulate(model::Plan(), input_of()), {}), "End: there is nothing to do"));
}

TEST(FailingStep, IsFoundByTitleHostOrId) {
  const model::Plan plan = plan_from_text("api@h1,h2 > web@h2");
  const auto& step = plan.slices.at(HostId("h2")).components.front().steps.front();
  EXPECT_EQ(find_failing_step(plan, step.id.str().substr(0, 12)).step, step.id);
  EXPECT_EQ(find_failing_step(plan, "h2/api/" + step.title).step, step.id);
  EXPECT_EQ(find_failing_step(plan, "switch web to green").host, HostId("h2"));
}

std::string refusal_of(const model::Plan& plan, const std::string& wanted) {
  try {
    find_failing_step(plan, wanted);
  } catch (const InputError& error) {
    return error.what();
  }
  return "";
}

TEST(FailingStep, IsRefusedWithWhatWasMeantWhenThereIsNoneOrMoreThanOne) {
  const model::Plan plan = plan_from_text("api@h1,h2");
  EXPECT_TRUE(has(refusal_of(plan, "switch api to gren"), "did you mean `switch api to green`?"));
  EXPECT_TRUE(has(refusal_of(plan, "switch api to green"), "is 2 steps of this plan"));
  EXPECT_TRUE(has(refusal_of(plan, "h1/remove old releases"), "committed and over"))
      << refusal_of(plan, "h1/remove old releases");
}

/// Moments that are closer may be one: when a step ends in the dead-man's own moment, either may come first.
constexpr std::int64_t same_moment_ms = 50;

/// Two reverts that come the other way round in the simulation, or one that does not come at all; empty: there is none.
std::string out_of_order(const Simulation& predicted, const Simulation& real) {
  std::map<std::pair<HostId, std::string>, std::int64_t> times;
  for (const SimulatedRevert& revert : predicted.reverts) times[{revert.host, revert.component}] = revert.at_ms;
  for (const SimulatedRevert& first : real.reverts) {
    const auto one = times.find({first.host, first.component});
    if (one == times.end()) return first.host.str() + " " + first.component + " is not reverted";
    for (const SimulatedRevert& second : real.reverts) {
      const auto other = times.find({second.host, second.component});
      if (other == times.end() || first.at_ms + same_moment_ms > second.at_ms) continue;
      if (one->second > other->second) return first.component + " comes after " + second.component;
    }
  }
  return "";
}

/// Feature: deployment-mcp, Property: the predicted branch is the real one. The real one: the engine and the agents'
/// own cores.
RC_GTEST_PROP(Simulation, PredictsTheBranchThatTheRealAgentsTake, ()) {
  const model::Plan plan = drawn_plan();
  const int slow = *rc::gen::inRange(1, 700);
  SimulationInput input = input_of(drawn_failure(plan));
  input.hold_ms = *rc::gen::element(0, 400);
  input.duration_ms = [slow](const std::string& component, const protocol::Step& step, bool undo) {
    const auto digit = static_cast<std::int64_t>(std::hash<std::string>{}(component + step.title) % 7);
    return 10 + slow * digit / 6 + (undo ? 3 : 0);
  };
  Simulation predicted = simulate(plan, input);
  Simulation real = AgentFleet(plan, input).take();
  RC_CLASSIFY(real.end == DeploymentState::done, "committed");
  RC_CLASSIFY(real.end == DeploymentState::rolled_back, "rolled back");
  RC_CLASSIFY(real.end == DeploymentState::paused, "paused");
  RC_ASSERT(model::state_name(predicted.end) == model::state_name(real.end));
  RC_ASSERT(predicted.reverts.size() == real.reverts.size());
  RC_ASSERT(out_of_order(predicted, real) == "");
  RC_ASSERT(predicted.standing.size() == real.standing.size());
  for (std::size_t i = 0; i < real.standing.size(); ++i) {
    const std::string& serves = predicted.standing[i].serves;
    RC_CLASSIFY(serves == "both", "both");
    RC_CLASSIFY(serves == "nothing", "nothing");
    RC_CLASSIFY(serves == "not known", "not known");
    RC_ASSERT(serves == "not known" || serves == real.standing[i].serves);
  }
}

}  // namespace
}  // namespace switchyard::forecast
