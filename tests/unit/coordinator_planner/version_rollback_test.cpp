// Rollbacks to a version that undoing alone does not lead to: deployed anew, and a rollback all the same.
#include <gtest/gtest.h>

#include <algorithm>

#include "coordinator/planner/deployment_planner.hpp"
#include "tests/support/plan_builder.hpp"
#include "tests/unit/coordinator_planner/plan_view.hpp"

namespace switchyard::planner {
namespace {

using protocol::HookPhase;
using protocol::OldKind;
using protocol::Phase;
using switchyard::testing::facts_for;
using switchyard::testing::manifest_from_text;
using switchyard::testing::release_of;
using testing::component_on;
using testing::titles;

model::HookCommand hook_named(const std::string& name, HookPhase phase) {
  model::HookCommand hook;
  hook.name = name;
  hook.phase = phase;
  hook.command = {"/usr/bin/" + name};
  hook.timeout_ms = 4'000;
  hook.critical = model::may_object(phase);
  return hook;
}

/// What a manifest may ask for on the way forward: a command of each kind, a hook in each phase, a test.
model::Manifest with_everything(const std::string& name, const std::string& text = "api@h1") {
  model::Manifest manifest = manifest_from_text(text);
  model::Component& api = manifest.components[0];
  for (const Phase phase : {Phase::prepare, Phase::swap}) {
    model::RunCommand run;
    run.name = name + "-" + std::string(protocol::phase_name(phase));
    run.phase = phase;
    run.command = {"/usr/bin/migrate"};
    run.undo = {"/usr/bin/unmigrate"};
    api.runs.push_back(std::move(run));
  }
  for (int phase = 0; phase < 12; ++phase) api.hooks.push_back(hook_named(name, static_cast<HookPhase>(phase)));
  model::HealthCheck buys;
  buys.probe.name = name + "-buys";
  buys.probe.kind = protocol::HttpProbe{"http://127.0.0.1:${port}/buy", {}, "", {}};
  buys.probe.tier = 1;
  api.health_checks.push_back(std::move(buys));
  return manifest;
}

/// `newer` serves, and `older` is to serve again.
struct Undone {
  explicit Undone(const std::string& text = "api@h1")
      : newer(with_everything("newer", text)), older(with_everything("older", text)), facts(facts_for(newer)) {
    done = plan_deployment(newer, facts, {});
    facts.deployment = DeploymentId("d-0000000000000002");
    for (const auto& [host, slice] : done.slices) {
      const protocol::SliceComponent& api = slice.components.at(0);
      protocol::ComponentFact fact;
      fact.component = "api";
      fact.serving = {OldKind::release, api.slot, api.release, api.unit};
      fact.unit_state = "active";
      facts.inventory[host] = {fact};
    }
  }
  BringBack older_on(const std::string& host) const {
    return {HostId(host), older, {release_of("api", '7'), 1'000, 2'000}};
  }
  model::Plan back(const RollbackOptions& options = {}) const {
    return plan_rollback(done, {}, facts, {older_on("h1")}, options);
  }

  model::Manifest newer, older;
  PlanningFacts facts;
  model::Plan done;
};

std::vector<std::string> titles_with(const protocol::SliceComponent& api, const std::string& part) {
  std::vector<std::string> found;
  for (const protocol::Step& step : api.steps) {
    if (step.title.find(part) != std::string::npos) found.push_back(step.title);
  }
  return found;
}

TEST(RollbackToAVersion, BringsThatVersion) {
  const protocol::SliceComponent api = component_on(Undone().back(), "api", "h1");
  EXPECT_EQ(api.release, release_of("api", '7'));
  EXPECT_EQ(titles_with(api, "write api@").size(), 1u);
  EXPECT_TRUE(titles_with(api, "remove old releases").empty()) << "the newer one may be wanted again";
}

TEST(RollbackToAVersion, RunsNoCommands) {
  const protocol::SliceComponent api = component_on(Undone().back(), "api", "h1");
  for (const protocol::Step& step : api.steps) {
    EXPECT_FALSE(std::holds_alternative<protocol::Run>(step.action)) << step.title;
    EXPECT_FALSE(step.undo && std::holds_alternative<protocol::Run>(*step.undo)) << step.title;
  }
}

TEST(RollbackToAVersion, RunsTheCommandsOnAHostThatNeverHadIt) {
  Undone undone;
  BringBack back = undone.older_on("h1");
  back.is_new_there = true;
  const protocol::SliceComponent api = component_on(plan_rollback(undone.done, {}, undone.facts, {back}), "api", "h1");
  EXPECT_EQ(titles_with(api, "run older-"), (std::vector<std::string>{"run older-prepare", "run older-swap"}));
  EXPECT_TRUE(titles_with(api, "hook older").empty());
}

TEST(RollbackToAVersion, CallsTheHooksOfTheRollbackOfWhatItUndoesAndNoOthers) {
  const protocol::SliceComponent api = component_on(Undone().back(), "api", "h1");
  EXPECT_EQ(titles_with(api, "hook "),
            (std::vector<std::string>{"hook newer (pre_rollback)", "hook newer (post_rollback)"}));
  EXPECT_EQ(titles(api, Phase::swap).front(), "hook newer (pre_rollback)");
  EXPECT_EQ(titles(api, Phase::commit).back(), "hook newer (post_rollback)");
  for (const protocol::Step& step : api.steps) {
    EXPECT_FALSE(step.undo && std::holds_alternative<protocol::Hook>(*step.undo)) << step.title;
  }
}

TEST(RollbackToAVersion, WaitsForNoTestUnlessItIsToBeVerified) {
  const Undone undone;
  EXPECT_TRUE(titles_with(component_on(undone.back(), "api", "h1"), "buys").empty());
  EXPECT_EQ(titles_with(component_on(undone.back({std::nullopt, true}), "api", "h1"), "buys"),
            std::vector<std::string>{"check older-buys"});
}

TEST(RollbackToAVersion, SaysThatNoTestIsAskedUnlessItIsToBeVerified) {
  const Undone undone;
  RollbackOptions options;
  EXPECT_EQ(undone.back(options).settings.checks, (model::ChecksAsked{true, model::RunTests::none}))
      << "whatever the undone deployment asked";
  options.restored = model::PlanSettings{.checks = model::ChecksAsked{false, model::RunTests::smoke}};
  EXPECT_EQ(undone.back(options).settings.checks, (model::ChecksAsked{false, model::RunTests::none}));
  options.verify = true;
  EXPECT_EQ(undone.back(options).settings.checks, (model::ChecksAsked{false, model::RunTests::smoke}));
}

TEST(RollbackToAVersion, TakesTheTimesOfTheVersionThatItRestores) {
  Undone undone;
  undone.newer.components[0].hooks.clear();
  undone.done = plan_deployment(undone.newer, facts_for(undone.newer), {});
  RollbackOptions options;
  options.restored = model::PlanSettings{
      .prepare_ms = 77'000, .confirm_ms = 45'000, .watch_ms = 9'000, .keep_old_ms = 1'000, .max_parallel = 3};
  const model::PlanSettings settings = undone.back(options).settings;
  EXPECT_EQ(settings.prepare_ms, 77'000u);
  EXPECT_EQ(settings.confirm_ms, 45'000u);
  EXPECT_EQ(settings.keep_old_ms, 1'000u);
  EXPECT_EQ(settings.watch_ms, 0u) << "it has proven itself";
  EXPECT_EQ(settings.max_parallel, undone.done.settings.max_parallel) << "the order is that of what is undone";
  options.verify = true;
  EXPECT_EQ(undone.back(options).settings.watch_ms, 9'000u);
}

TEST(RollbackToAVersion, TakesTheLongerTimeWhereSomethingElseIsUndoneBesides) {
  Undone undone("api@h1,h2");
  undone.done.settings.prepare_ms = 500'000;
  undone.done.settings.confirm_ms = 200'000;
  RollbackOptions options;
  options.restored = model::PlanSettings{.prepare_ms = 900'000, .confirm_ms = 150'000};
  const model::Plan plan = undone.back(options);
  EXPECT_EQ(component_on(plan, "api", "h1").release, release_of("api", '7'));
  EXPECT_EQ(component_on(plan, "api", "h2").release, release_of("api", '1'));
  EXPECT_EQ(plan.settings.prepare_ms, 900'000u);
  EXPECT_EQ(plan.settings.confirm_ms, 200'000u);
}

}  // namespace
}  // namespace switchyard::planner
