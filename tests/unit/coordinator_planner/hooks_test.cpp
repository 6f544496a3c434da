#include <gtest/gtest.h>

#include <set>

#include "common/limits_hooks.hpp"
#include "coordinator/planner/deployment_planner.hpp"
#include "coordinator/planner/manifest_reader.hpp"
#include "coordinator/planner/plan_text.hpp"
#include "tests/support/plan_builder.hpp"
#include "tests/support/refusal.hpp"
#include "tests/unit/coordinator_planner/plan_view.hpp"

// Where a manifest's hooks come to stand among the steps, and what a manifest must not say of them.
namespace switchyard::planner {

using protocol::HookPhase;
using protocol::Phase;
using switchyard::testing::facts_for;
using switchyard::testing::has;
using switchyard::testing::manifest_from_text;
using switchyard::testing::refusal;
using testing::component_on;
using testing::step_titled;
using testing::titles;

using Texts = std::vector<std::string>;

namespace {

constexpr int phases = 12;

model::HookCommand hook_in(HookPhase phase) {
  model::HookCommand hook;
  hook.name = "tell";
  hook.phase = phase;
  hook.command = {model::finds_release(phase) ? "bin/tell" : "/usr/bin/tell", "${slot}"};
  hook.user = "www";
  hook.timeout_ms = 4'000;
  hook.critical = model::may_object(phase);
  hook.config = R"({"port":"${port}"})";
  return hook;
}

model::Manifest with_every_hook(const std::string& text = "api@h1") {
  model::Manifest manifest = manifest_from_text(text);
  for (model::Component& component : manifest.components) {
    for (int phase = 0; phase < phases; ++phase) component.hooks.push_back(hook_in(static_cast<HookPhase>(phase)));
  }
  return manifest;
}

std::string read_hooks_of(const std::string& hooks) {
  return refusal([&] {
    read_manifest("metadata: {name: x}\ncomponents:\n  - {name: a, service: {command: [bin/a], user: www}, hooks: [" +
                      hooks + "]}\n",
                  "f.yaml");
  });
}

std::vector<protocol::Hook> hooks_undone(const protocol::SliceComponent& component) {
  std::vector<protocol::Hook> hooks;
  for (auto step = component.steps.rbegin(); step != component.steps.rend(); ++step) {
    if (step->undo && std::holds_alternative<protocol::Hook>(*step->undo)) {
      hooks.push_back(std::get<protocol::Hook>(*step->undo));
    }
  }
  return hooks;
}

}  // namespace

TEST(HooksOfAPlan, StandAroundWhatTheyAreNamedAfter) {
  const model::Manifest manifest = with_every_hook();
  const model::Plan plan = plan_deployment(manifest, facts_for(manifest), {});
  const protocol::SliceComponent api = component_on(plan, "api", "h1");
  const std::string id = api.release.str().substr(0, 12);
  EXPECT_EQ(titles(api, Phase::prepare),
            (Texts{"keep hook tell (post_rollback) ready", "hook tell (pre_validation)", "verify what serves",
                   "hook tell (post_validation)", "hook tell (pre_prepare)", "provide release " + id, "drain green",
                   "stop api@green.service", "write api@green.service", "start api@green.service", "check unit_active",
                   "check tcp_connectivity", "check that the switch to green works", "hook tell (post_prepare)"}));
  EXPECT_EQ(titles(api, Phase::swap), (Texts{"keep hook tell (pre_rollback) ready", "hook tell (pre_switch)",
                                             "switch api to green", "point current to " + id, "hook tell (post_switch)",
                                             "hook tell (pre_verify)", "check tcp_connectivity through the stable port",
                                             "hook tell (post_verify)", "hook tell (pre_commit)"}));
  EXPECT_EQ(titles(api, Phase::commit).back(), "hook tell (post_commit)");
  EXPECT_TRUE(has(plan_text(plan, ""), "swap     keep hook tell (pre_rollback) ready"));
}

TEST(HooksOfAPlan, ChangeNothingWhereThereAreNone) {
  const model::Manifest manifest = manifest_from_text("api@h1");
  const model::Plan plan = plan_deployment(manifest, facts_for(manifest), {});
  for (const protocol::Step& step : component_on(plan, "api", "h1").steps) {
    EXPECT_FALSE(std::holds_alternative<protocol::Hook>(step.action)) << step.title;
  }
  EXPECT_EQ(plan.settings.confirm_ms, limits::confirm_ms_default);
}

TEST(HooksOfAPlan, AreToldWhereTheyAreAndRunOnce) {
  const model::Manifest manifest = with_every_hook();
  const model::Plan plan = plan_deployment(manifest, facts_for(manifest), {});
  const protocol::SliceComponent api = component_on(plan, "api", "h1");
  const protocol::Step step = step_titled(api, "hook tell (pre_switch)");
  EXPECT_EQ(step.attempts, 1U) << "what may have run is not run again";
  EXPECT_EQ(step.timeout_ms, 4'000U);
  EXPECT_FALSE(step.undo);
  const auto hook = std::get<protocol::Hook>(step.action);
  EXPECT_EQ(hook.environment, manifest.environment);
  EXPECT_EQ(hook.host, "h1");
  EXPECT_EQ(hook.component, "api");
  EXPECT_EQ(hook.release, api.release.str());
  EXPECT_EQ(hook.previous_release, api.old.release.str());
  EXPECT_EQ(hook.slot, "green");
  EXPECT_EQ(hook.port, 10'002);
  EXPECT_EQ(hook.config, R"({"port":"10002"})");
  EXPECT_EQ(hook.command.argv, (Texts{"/srv/api/releases/" + api.release.str() + "/bin/tell", "green"}));
  EXPECT_EQ(hook.command.working_directory, "/srv/api/releases/" + api.release.str());
  EXPECT_TRUE(hook.critical);
}

TEST(HooksOfAPlan, AreRefusedWithAConfigThatIsTooLongOnceItIsFilledIn) {
  model::Manifest manifest = manifest_from_text("api@h1");
  model::HookCommand hook = hook_in(HookPhase::pre_switch);
  hook.critical = false;
  // Well below the bound as it is written, and far above it when a path of a hundred bytes is put in its place.
  std::string paths;
  for (int i = 0; i < 200; ++i) paths += "${release_dir} ";
  hook.config = R"({"paths":")" + paths + R"("})";
  ASSERT_LT(hook.config.size(), limits::hook_config_bytes_max);
  manifest.components[0].hooks = {hook};
  const std::string refused = refusal([&] { plan_deployment(manifest, facts_for(manifest), {}); });
  EXPECT_TRUE(has(refused, "test:1:1: component `api`: the `config` of the hook `tell` (pre_switch) has "));
  EXPECT_TRUE(has(refused, " bytes once its variables are filled in, and may have 8192; shorten it"));
}

TEST(HooksOfAPlan, OfTheHostNeedNoRelease) {
  const model::Manifest manifest = with_every_hook();
  const protocol::SliceComponent api = component_on(plan_deployment(manifest, facts_for(manifest), {}), "api", "h1");
  for (const char* phase : {"pre_validation", "post_validation", "pre_prepare"}) {
    const auto hook = std::get<protocol::Hook>(step_titled(api, "hook tell (" + std::string(phase) + ")").action);
    EXPECT_EQ(hook.command.argv.front(), "/usr/bin/tell");
    EXPECT_EQ(hook.command.working_directory, "") << "the release's directory is not there yet";
  }
}

TEST(HooksOfAPlan, OfTheRollbackAreUndosOfStepsThatDoNothing) {
  const model::Manifest manifest = with_every_hook();
  const protocol::SliceComponent api = component_on(plan_deployment(manifest, facts_for(manifest), {}), "api", "h1");
  const protocol::Step last = api.steps.front();
  EXPECT_TRUE(std::get<protocol::Hook>(last.action).command.argv.empty());
  EXPECT_EQ(std::get<protocol::Hook>(*last.undo).phase, HookPhase::post_rollback) << "undone after all else";
  const protocol::Step first = step_titled(api, "keep hook tell (pre_rollback) ready");
  EXPECT_TRUE(std::get<protocol::Hook>(first.action).command.argv.empty());
  EXPECT_TRUE(protocol::is_undone_first(*first.undo));
  EXPECT_FALSE(std::get<protocol::Hook>(*first.undo).critical);
}

TEST(HooksOfAPlan, OfTheRollbackAreCalledInTheirOrder) {
  model::Manifest manifest = manifest_from_text("api@h1");
  for (const char* name : {"one", "two"}) {
    manifest.components[0].hooks.push_back(hook_in(HookPhase::post_rollback));
    manifest.components[0].hooks.back().name = name;
  }
  const std::vector<protocol::Hook> undone =
      hooks_undone(component_on(plan_deployment(manifest, facts_for(manifest), {}), "api", "h1"));
  ASSERT_EQ(undone.size(), 2U);
  EXPECT_EQ(undone[0].name, "one");
  EXPECT_EQ(undone[1].name, "two");
}

TEST(HooksOfAPlan, BringTheirOwnWayBack) {
  model::Manifest manifest = manifest_from_text("api@h1");
  manifest.components[0].hooks = {hook_in(HookPhase::pre_switch)};
  manifest.components[0].hooks[0].undo = {"/usr/bin/untell"};
  const std::vector<protocol::Hook> undone =
      hooks_undone(component_on(plan_deployment(manifest, facts_for(manifest), {}), "api", "h1"));
  ASSERT_EQ(undone.size(), 1U);
  EXPECT_EQ(undone[0].command.argv, Texts{"/usr/bin/untell"});
  EXPECT_EQ(undone[0].phase, HookPhase::pre_switch);
}

TEST(HooksOfAPlan, AreWaitedForByTheDeadMan) {
  const model::Manifest manifest = with_every_hook();
  const model::Plan plan = plan_deployment(manifest, facts_for(manifest), {});
  EXPECT_EQ(plan.settings.confirm_ms, limits::lease_ms_default + 5 * 4'000);
}

TEST(HooksOfAPlan, StandOnceInACanary) {
  model::Manifest manifest = with_every_hook();
  manifest.components[0].strategy = model::Strategy::canary;
  manifest.components[0].canary = {{10, 50}, 60'000, false};
  const protocol::SliceComponent api = component_on(plan_deployment(manifest, facts_for(manifest), {}), "api", "h1");
  EXPECT_EQ(step_titled(api, "hook tell (pre_switch)").stage, 1U);
  EXPECT_EQ(step_titled(api, "hook tell (post_switch)").stage, api.stages);
  std::set<std::string> seen;
  for (const protocol::Step& step : api.steps) {
    if (!std::holds_alternative<protocol::Hook>(step.action)) continue;
    EXPECT_TRUE(seen.insert(step.title).second) << step.title;
  }
  EXPECT_EQ(seen.size(), static_cast<std::size_t>(phases));
}

TEST(HooksOfARollback, AreCalledOnTheWay) {
  const model::Manifest manifest = with_every_hook();
  PlanningFacts facts = facts_for(manifest);
  const model::Plan done = plan_deployment(manifest, facts, {});
  const protocol::SliceComponent before = component_on(done, "api", "h1");
  protocol::ComponentFact& fact = facts.inventory[HostId("h1")].at(0);
  fact.serving = {protocol::OldKind::release, before.slot, before.release, before.unit};
  facts.deployment = DeploymentId("d-0000000000000002");
  const protocol::SliceComponent api = component_on(plan_rollback(done, {}, facts, {}), "api", "h1");
  EXPECT_EQ(titles(api, Phase::swap).front(), "hook tell (pre_rollback)");
  EXPECT_EQ(titles(api, Phase::commit).back(), "hook tell (post_rollback)");
  EXPECT_TRUE(hooks_undone(api).empty());
  EXPECT_EQ(std::get<protocol::Hook>(step_titled(api, "hook tell (pre_rollback)").action).command.argv.size(), 2U);
}

TEST(HookRules, AreReadWithTheirDefaults) {
  const model::Manifest manifest = read_manifest(R"(
metadata: {name: x}
components:
  - name: a
    service: {command: [bin/a], user: www}
    hooks:
      - {name: ask, phase: pre_switch, command: [bin/ask, "${port}"], undo: [bin/unask], config: {channel: ops, n: 3}}
      - {name: tell, phase: post_rollback, command: [/usr/bin/tell], user: root}
)",
                                                 "f.yaml");
  const std::vector<model::HookCommand>& hooks = manifest.components.at(0).hooks;
  ASSERT_EQ(hooks.size(), 2U);
  EXPECT_EQ(hooks[0].phase, HookPhase::pre_switch);
  EXPECT_EQ(hooks[0].user, "www");
  EXPECT_TRUE(hooks[0].critical);
  EXPECT_EQ(hooks[0].timeout_ms, 30'000U);
  EXPECT_EQ(hooks[0].config, R"({"channel":"ops","n":3})");
  EXPECT_EQ(hooks[0].undo, Texts{"bin/unask"});
  EXPECT_EQ(hooks[1].user, "root");
  EXPECT_FALSE(hooks[1].critical) << "a rollback waits for nobody's consent";
  EXPECT_EQ(hooks[1].timeout_ms, 5'000U);
}

TEST(HookRules, RefuseWhatCouldNotBeKept) {
  EXPECT_EQ(read_hooks_of("{name: b, phase: pre_switch, command: [bin/b], critical: false}"), "(accepted)");
  EXPECT_TRUE(has(read_hooks_of("{name: b, phase: pre_swich, command: [bin/b]}"), "did you mean `pre_switch`?"));
  EXPECT_TRUE(has(read_hooks_of("{name: b, phase: pre_switch, command: [bin/b], timeout: 5}"),
                  "did you mean `timeout_seconds`?"));
  EXPECT_TRUE(has(read_hooks_of("{name: b, phase: pre_switch, command: bin/b}"), "must be a list of words"));
  EXPECT_TRUE(has(read_hooks_of("{name: b, phase: pre_prepare, command: [bin/b]}"), "by its absolute path"));
  EXPECT_TRUE(has(read_hooks_of("{name: b, phase: post_rollback, command: [bin/b]}"), "by its absolute path"));
  EXPECT_TRUE(has(read_hooks_of("{name: b, phase: post_commit, command: [bin/b], critical: true}"), "stops nothing"));
  EXPECT_TRUE(has(read_hooks_of("{name: b, phase: pre_rollback, command: [bin/b], critical: true}"), "stops nothing"));
  EXPECT_TRUE(has(read_hooks_of("{name: b, phase: post_commit, command: [bin/b], undo: [bin/c]}"), "has no meaning"));
  EXPECT_TRUE(has(read_hooks_of("{name: b, phase: pre_switch, command: [bin/b], timeout_seconds: 601}"), "1 to 600"));
  EXPECT_TRUE(has(read_hooks_of("{name: b, phase: pre_rollback, command: [bin/b], timeout_seconds: 16}"), "1 to 15"));
  EXPECT_TRUE(has(read_hooks_of("{name: b, phase: pre_switch, command: [bin/b], config: [1]}"), "must be a map"));
  EXPECT_TRUE(has(read_hooks_of("{name: b, phase: pre_switch, command: [bin/b], config: {a: \"${prot}\"}}"), "port"));
  const std::string one = "{name: b, phase: pre_switch, command: [bin/b]}";
  EXPECT_TRUE(has(read_hooks_of(one + ", " + one), "twice"));
}

TEST(HookRules, KeepARollbackQuick) {
  std::string hooks;
  for (const char* name : {"b", "c", "d", "e"}) {
    hooks += std::string(hooks.empty() ? "" : ", ") + "{name: " + name + ", phase: pre_rollback, command: [bin/b]}";
  }
  EXPECT_TRUE(has(read_hooks_of(hooks), "would hold a rollback up for 20 s"));
}

TEST(HookRules, BoundHowManyThereAre) {
  std::string hooks;
  for (std::size_t i = 0; i <= limits::hooks_per_component_max; ++i) {
    hooks += (i == 0 ? "{name: h" : ", {name: h") + std::to_string(i) + ", phase: pre_switch, command: [bin/b]}";
  }
  EXPECT_TRUE(has(read_hooks_of(hooks), "more than 32 hooks"));
}

}  // namespace switchyard::planner
