#include "coordinator/planner/deployment_planner.hpp"

#include <gtest/gtest.h>

#include "common/crypto.hpp"
#include "common/limits.hpp"
#include "tests/support/plan_builder.hpp"
#include "tests/support/refusal.hpp"
#include "tests/unit/coordinator_planner/plan_view.hpp"

namespace switchyard::planner {

using protocol::OldKind;
using protocol::Phase;
using switchyard::testing::facts_for;
using switchyard::testing::has;
using switchyard::testing::manifest_from_text;
using switchyard::testing::plan_from_text;
using switchyard::testing::PlanBuilderOptions;
using switchyard::testing::refusal;
using switchyard::testing::release_of;
using testing::action_titled;
using testing::component_on;
using testing::node_texts;
using testing::step_titled;
using testing::titles;

using Texts = std::vector<std::string>;

TEST(DeploymentPlanner, StartsTheNewSlotBesideTheOldAndSwitchesLast) {
  const model::Plan plan = plan_from_text("api@h1");
  const protocol::SliceComponent& api = component_on(plan, "api", "h1");
  const std::string id = release_of("api", '2').str().substr(0, 12);
  EXPECT_EQ(api.slot, "green");
  EXPECT_EQ(api.unit, "api@green.service");
  EXPECT_EQ(titles(api, Phase::prepare),
            (Texts{"verify what serves", "provide release " + id, "drain green", "stop api@green.service",
                   "write api@green.service", "start api@green.service", "check unit_active", "check tcp_connectivity",
                   "check that the switch to green works"}));
  EXPECT_EQ(titles(api, Phase::swap),
            (Texts{"switch api to green", "point current to " + id, "check tcp_connectivity through the stable port"}));
  EXPECT_EQ(titles(api, Phase::commit), (Texts{"enable api@green.service", "disable api@blue.service"}));
  EXPECT_EQ(titles(api, Phase::retire), (Texts{"drain blue", "stop api@blue.service", "remove old releases"}));
}

TEST(DeploymentPlanner, SwitchesAllTrafficAndBackExactlyAsItWas) {
  const protocol::SliceComponent& api = component_on(plan_from_text("api@h1"), "api", "h1");
  const protocol::Step& step = step_titled(api, "switch api to green");
  const auto there = std::get<protocol::SwitchTraffic>(step.action);
  const auto back = std::get<protocol::SwitchTraffic>(*step.undo);
  EXPECT_EQ(there.stable_port, 10'000);
  EXPECT_EQ(there.targets, (std::vector<protocol::SwitchTarget>{{"blue", 10'001, 0, ""}, {"green", 10'002, 100, ""}}));
  EXPECT_EQ(back.targets, (std::vector<protocol::SwitchTarget>{{"blue", 10'001, 100, ""}, {"green", 10'002, 0, ""}}));
  const auto link = step_titled(api, "point current to " + api.release.str().substr(0, 12));
  EXPECT_EQ(std::get<protocol::EnsureLink>(link.action).target, "releases/" + release_of("api", '2').str());
  EXPECT_EQ(std::get<protocol::EnsureLink>(*link.undo).target, "releases/" + release_of("api", '1').str());
  const auto verify = action_titled<protocol::VerifyOld>(api, "verify what serves");
  EXPECT_EQ(verify.expected, api.old);
  EXPECT_EQ(verify.traffic, back);
}

TEST(DeploymentPlanner, UndoesAStartOnlyAfterTheSlotWasDrained) {
  const protocol::SliceComponent& api = component_on(plan_from_text("api@h1"), "api", "h1");
  std::vector<protocol::Action> undos;
  for (auto step = api.steps.rbegin(); step != api.steps.rend(); ++step) {
    if (step->undo) undos.push_back(*step->undo);
  }
  ASSERT_EQ(undos.size(), 5U);
  EXPECT_TRUE(std::holds_alternative<protocol::EnsureLink>(undos[0]));
  EXPECT_TRUE(std::holds_alternative<protocol::SwitchTraffic>(undos[1]));
  EXPECT_EQ(std::get<protocol::Drain>(undos[2]).port, 10'002);
  EXPECT_EQ(std::get<protocol::EnsureUnit>(undos[3]).state, protocol::UnitState::stopped);
  EXPECT_TRUE(std::get<protocol::EnsureFile>(undos[4]).absent);
}

TEST(DeploymentPlanner, RunsCommandsOnceBesideTheNewSlotAndBeforeTheLastChecks) {
  model::Manifest manifest = manifest_from_text("api@h1");
  const auto command = [](const std::string& name, Phase phase, Texts undo) {
    return model::RunCommand{name, phase, {"bin/" + name, "${port}"}, std::move(undo), "www", 7'000, "f.yaml:1:1"};
  };
  manifest.components[0].runs = {command("warm", Phase::prepare, {"/bin/cool", "${slot}"}),
                                 command("tell", Phase::swap, {})};
  const model::Plan plan = plan_deployment(manifest, facts_for(manifest), {});
  const protocol::SliceComponent& api = component_on(plan, "api", "h1");
  EXPECT_EQ(titles(api, Phase::prepare).back(), "run warm");
  EXPECT_EQ(titles(api, Phase::swap).at(2), "run tell");
  const protocol::Step warm = step_titled(api, "run warm");
  const auto run = std::get<protocol::Run>(warm.action);
  EXPECT_EQ(run.argv, (Texts{"/srv/api/releases/" + api.release.str() + "/bin/warm", "10002"}));
  EXPECT_EQ(run.user, "www");
  EXPECT_EQ(run.environment.at("SWITCHYARD_SLOT"), "green");
  EXPECT_EQ(warm.attempts, 1U) << "what may have run is not run again";
  EXPECT_EQ(warm.timeout_ms, 7'000U);
  EXPECT_EQ(std::get<protocol::Run>(*warm.undo).argv, (Texts{"/bin/cool", "green"}));
  EXPECT_FALSE(step_titled(api, "run tell").undo);
  EXPECT_EQ(plan.settings.confirm_ms, limits::lease_ms_default) << "a command in the swap takes its time";
}

TEST(DeploymentPlanner, StartsAFirstDeploymentInTheSwapWhenItsDependenciesAreLive) {
  const model::Plan plan = plan_from_text("db@h1 > api@h1", {.first = true});
  const protocol::SliceComponent& api = component_on(plan, "api", "h1");
  EXPECT_EQ(api.slot, "blue");
  EXPECT_EQ(api.old.kind, OldKind::absent);
  EXPECT_EQ(titles(api, Phase::prepare).back(), "write api@blue.service");
  EXPECT_EQ(titles(api, Phase::swap).front(), "start api@blue.service");
  const protocol::Step& step = step_titled(api, "switch api to blue");
  for (const protocol::SwitchTarget& target : std::get<protocol::SwitchTraffic>(*step.undo).targets)
    EXPECT_EQ(target.weight, 0U);
  EXPECT_EQ(titles(api, Phase::retire), Texts{"remove old releases"});
  EXPECT_EQ(titles(api, Phase::commit), Texts{"enable api@blue.service"});
  EXPECT_EQ(plan.settings.confirm_ms, limits::lease_ms_default) << "a start takes longer than a flip";
}

TEST(DeploymentPlanner, StopsTheOldBeforeTheNewStartsWhenItIsRecreated) {
  const model::Plan plan = plan_from_text("db@h1", {.strategy = model::Strategy::recreate});
  const protocol::SliceComponent& db = component_on(plan, "db", "h1");
  const Texts swap = titles(db, Phase::swap);
  ASSERT_EQ(swap.size(), 5U);
  EXPECT_EQ(swap[0], "stop db@blue.service");
  EXPECT_EQ(swap[1], "start db@green.service");
  EXPECT_EQ(std::get<protocol::EnsureUnit>(*step_titled(db, swap[0]).undo).state, protocol::UnitState::started);
  EXPECT_EQ(std::get<protocol::TcpProbe>(action_titled<protocol::Probe>(db, "check tcp_connectivity").spec.kind).port,
            10'000);
  EXPECT_EQ(titles(db, Phase::retire), Texts{"remove old releases"});
}

TEST(DeploymentPlanner, LeavesAHostAloneThatServesTheReleaseAlready) {
  const model::Manifest manifest = manifest_from_text("api@h1,h2");
  PlanningFacts facts = facts_for(manifest);
  facts.inventory[HostId("h1")][0].serving.release = release_of("api", '2');
  const model::Plan plan = plan_deployment(manifest, facts, {});
  EXPECT_EQ(node_texts(plan), Texts{"api@h2"});
  EXPECT_FALSE(plan.slices.contains(HostId("h1")));
  facts.inventory[HostId("h2")][0].serving.release = release_of("api", '2');
  EXPECT_TRUE(plan_deployment(manifest, facts, {}).slices.empty());
}

TEST(DeploymentPlanner, DeploysAnewWhatIsDown) {
  const model::Manifest manifest = manifest_from_text("api@h1");
  PlanningFacts facts = facts_for(manifest);
  facts.inventory[HostId("h1")][0].serving.release = release_of("api", '2');
  facts.inventory[HostId("h1")][0].unit_state = "failed";
  const model::Plan plan = plan_deployment(manifest, facts, {});
  const auto verify = action_titled<protocol::VerifyOld>(component_on(plan, "api", "h1"), "verify what serves");
  EXPECT_EQ(verify.expected.unit, "") << "a unit that is down must not keep anybody from deploying";
  EXPECT_EQ(component_on(plan, "api", "h1").old.unit, "api@blue.service");
}

TEST(DeploymentPlanner, ProvidesADamagedReleaseAnewBeforeItReliesOnIt) {
  const model::Manifest manifest = manifest_from_text("api@h1");
  PlanningFacts facts = facts_for(manifest);
  protocol::ComponentFact& fact = facts.inventory[HostId("h1")][0];
  fact.serving.release = release_of("api", '2');
  fact.releases = {{fact.serving.release, false}};
  const Texts prepare = titles(component_on(plan_deployment(manifest, facts, {}), "api", "h1"), Phase::prepare);
  ASSERT_GE(prepare.size(), 2U);
  EXPECT_TRUE(prepare[0].starts_with("provide release ")) << prepare[0];
  EXPECT_EQ(prepare[1], "verify what serves");
  fact.releases = {{fact.serving.release, true}};
  EXPECT_TRUE(plan_deployment(manifest, facts, {}).slices.empty());
}

TEST(DeploymentPlanner, SeesAChangeOfConfigurationByTheHistory) {
  model::Manifest manifest = manifest_from_text("api@h1");
  PlanningFacts first = facts_for(manifest, {.first = true});
  const model::Plan done = plan_deployment(manifest, first, {});
  PlanningFacts facts = facts_for(manifest);
  facts.inventory[HostId("h1")][0].serving.release = release_of("api", '2');
  remember_plan(done, facts);
  EXPECT_TRUE(plan_deployment(manifest, facts, {}).slices.empty());
  manifest.components[0].service.environment["MODE"] = "new";
  const model::Plan plan = plan_deployment(manifest, facts, {});
  EXPECT_EQ(component_on(plan, "api", "h1").slot, "green");
}

TEST(DeploymentPlanner, PutsBackTheUnitFileThatTheSlotHad) {
  const model::Manifest manifest = manifest_from_text("api@h1");
  PlanningFacts earlier = facts_for(manifest);  // release 2 went to green
  const model::Plan done = plan_deployment(manifest, earlier, {});
  PlanningFacts facts = facts_for(manifest);
  facts.artifacts["api"].release = release_of("api", '3');
  remember_plan(done, facts);
  const protocol::Step& write =
      step_titled(component_on(plan_deployment(manifest, facts, {}), "api", "h1"), "write api@green.service");
  EXPECT_EQ(*write.undo, step_titled(component_on(done, "api", "h1"), "write api@green.service").action);
}

TEST(DeploymentPlanner, AStartKnowsItsPortAndAnUndoAsksForNone) {
  const model::Manifest manifest = manifest_from_text("api@h1");
  const model::Plan plan = plan_deployment(manifest, facts_for(manifest), {});
  const protocol::SliceComponent& api = component_on(plan, "api", "h1");
  EXPECT_EQ(std::get<protocol::EnsureUnit>(step_titled(api, "start api@green.service").action).port, 10'002);
  for (const protocol::Step& step : api.steps) {
    const auto* back = step.undo ? std::get_if<protocol::EnsureUnit>(&*step.undo) : nullptr;
    if (back == nullptr) continue;
    EXPECT_EQ(back->port, std::nullopt) << "a way back must not depend on a port: " << step.title;
  }
}

TEST(DeploymentPlanner, AdoptsAServiceThatRunsWithoutSwitchyard) {
  model::Manifest manifest = manifest_from_text("api@h1");
  manifest.components[0].adopt_unit = "old.service";
  PlanningFacts facts = facts_for(manifest, {.first = true});
  protocol::ComponentFact fact;
  fact.component = "api";
  fact.serving = {OldKind::legacy, "legacy", {}, "old.service"};
  facts.inventory[HostId("h1")] = {fact};
  const model::Plan plan = plan_deployment(manifest, facts, {});
  const protocol::SliceComponent& api = component_on(plan, "api", "h1");
  const auto back = std::get<protocol::SwitchTraffic>(*step_titled(api, "switch api to blue").undo);
  EXPECT_EQ(back.targets.back(), (protocol::SwitchTarget{"legacy", 10'000, 100, ""}));
  EXPECT_EQ(titles(api, Phase::retire), (Texts{"drain what ran before", "stop old.service", "remove old releases"}));
  EXPECT_EQ(titles(api, Phase::commit), (Texts{"enable api@blue.service", "disable old.service"}));
  EXPECT_EQ(titles(api, Phase::swap).front(), "switch api to blue") << "no gap: the new runs before";
}

TEST(DeploymentPlanner, ChainsTheBatchesOfARollingComponent) {
  model::Manifest manifest = manifest_from_text("db@h1 > api@h1,h2,h3 > web@h4");
  manifest.components[1].strategy = model::Strategy::rolling;
  manifest.components[1].max_parallel = 2;
  const model::Plan plan = plan_deployment(manifest, facts_for(manifest), {});
  EXPECT_EQ(node_texts(plan), (Texts{"db@h1", "api@h1,h2 <0", "api@h3 <1", "web@h4 <2"}));
  EXPECT_EQ(plan.settings.confirm_ms, limits::lease_ms_default);
}

TEST(DeploymentPlanner, TakesNoBatchThatLeavesFewerHostsThanAreToStayHealthy) {
  model::Manifest manifest = manifest_from_text("api@h1,h2,h3,h4");
  manifest.components[0].strategy = model::Strategy::rolling;
  manifest.components[0].max_parallel = 3;
  manifest.components[0].min_healthy = 2;
  EXPECT_EQ(node_texts(plan_deployment(manifest, facts_for(manifest), {})), (Texts{"api@h1,h2", "api@h3,h4 <0"}));
}

TEST(DeploymentPlanner, LetsABatchStayHealthyForAWhileBeforeTheNext) {
  model::Manifest manifest = manifest_from_text("api@h1,h2,h3");
  manifest.components[0].strategy = model::Strategy::rolling;
  manifest.components[0].max_parallel = 2;
  manifest.components[0].min_healthy_ms = 20'000;
  const model::Plan plan = plan_deployment(manifest, facts_for(manifest), {});
  ASSERT_EQ(plan.nodes.size(), 2u);
  EXPECT_EQ(plan.nodes[0].pause_ms, 20'000u);
  EXPECT_FALSE(plan.nodes[1].pauses()) << "after the last comes the watch window";
}

namespace {

model::Manifest canary_manifest(const std::string& text) {
  model::Manifest manifest = manifest_from_text(text);
  manifest.components[0].strategy = model::Strategy::canary;
  manifest.components[0].canary = {{10, 50}, 60'000, false};
  return manifest;
}

std::vector<std::uint32_t> shares_of(const protocol::SliceComponent& component, const std::string& slot) {
  std::vector<std::uint32_t> shares;
  for (const protocol::Step& step : component.steps) {
    const auto* traffic = std::get_if<protocol::SwitchTraffic>(&step.action);
    if (traffic == nullptr) continue;
    std::uint32_t sum = 0;
    for (const protocol::SwitchTarget& target : traffic->targets) {
      sum += target.weight;
      if (target.slot == slot) shares.push_back(target.weight);
    }
    EXPECT_EQ(sum, 100u) << step.title;
    EXPECT_EQ(step.stage, shares.size()) << step.title;
  }
  return shares;
}

}  // namespace

TEST(DeploymentPlanner, GivesACanaryAGrowingShareOfTheTrafficInStagesOfTheirOwn) {
  const model::Manifest manifest = canary_manifest("api@h1,h2 > web@h1");
  const model::Plan plan = plan_deployment(manifest, facts_for(manifest), {});
  EXPECT_EQ(node_texts(plan), (Texts{"api@h1,h2", "api@h1,h2 <0", "api@h1,h2 <1", "web@h1 <2"}));
  for (std::uint32_t i = 0; i < 3; ++i) EXPECT_EQ(plan.nodes[i].stage, i + 1);
  EXPECT_EQ(plan.nodes[1].pause_ms, 60'000u);
  EXPECT_FALSE(plan.nodes[2].pauses());
  EXPECT_EQ(model::share_of(plan, plan.nodes[1]), 50u);
  EXPECT_EQ(model::share_of(plan, plan.nodes[3]), std::nullopt);
  const protocol::SliceComponent& api = component_on(plan, "api", "h1");
  EXPECT_EQ(api.stages, 3u);
  EXPECT_EQ(shares_of(api, "green"), (std::vector<std::uint32_t>{10, 50, 100}));
  const auto back = std::get<protocol::SwitchTraffic>(*step_titled(api, "switch 50 % of api to green").undo);
  EXPECT_EQ(back.targets.front(), (protocol::SwitchTarget{"blue", manifest.components[0].ports.blue, 100, ""}));
  EXPECT_EQ(plan.settings.confirm_ms, limits::lease_ms_default);
}

TEST(DeploymentPlanner, SharesNoTrafficWhereNothingOfOursServesYet) {
  const model::Manifest manifest = canary_manifest("api@h1,h2");
  PlanningFacts facts = facts_for(manifest);
  facts.inventory[HostId("h2")].clear();
  const model::Plan plan = plan_deployment(manifest, facts, {});
  EXPECT_EQ(node_texts(plan), (Texts{"api@h1", "api@h1 <0", "api@h1 <1", "api@h2 <2"}));
  EXPECT_EQ(component_on(plan, "api", "h2").stages, 1u);
}

TEST(DeploymentPlanner, CoversTheOrderAndThePausesByTheHash) {
  model::Manifest manifest = canary_manifest("api@h1");
  const PlanningFacts facts = facts_for(manifest);
  const std::string hash = plan_deployment(manifest, facts, {}).hash;
  EXPECT_EQ(plan_deployment(manifest, facts, {}).hash, hash);
  manifest.components[0].canary.pause_ms = 1;
  const std::string other = plan_deployment(manifest, facts, {}).hash;
  EXPECT_NE(other, hash);
  manifest.settings.watch_ms += 1;
  EXPECT_NE(plan_deployment(manifest, facts, {}).hash, other);
}

TEST(DeploymentPlanner, KeepsTheOrderAcrossAComponentThatStaysAsItIs) {
  const model::Manifest manifest = manifest_from_text("db@h1 > api@h1 > web@h1");
  PlanningFacts facts = facts_for(manifest);
  facts.inventory[HostId("h1")][1].serving.release = release_of("api", '2');
  EXPECT_EQ(node_texts(plan_deployment(manifest, facts, {})), (Texts{"db@h1", "web@h1 <0"}));
}

TEST(DeploymentPlanner, RunsUnsafeComponentsAlone) {
  model::Manifest manifest = manifest_from_text("a@h1 + b@h1");
  manifest.components[0].parallel_safe = false;
  EXPECT_EQ(node_texts(plan_deployment(manifest, facts_for(manifest), {})), (Texts{"a@h1 alone", "b@h1"}));
  EXPECT_EQ(node_texts(plan_deployment(manifest, facts_for(manifest), {.sequential = true})),
            (Texts{"a@h1 alone", "b@h1 alone"}));
}

TEST(DeploymentPlanner, DeploysOneComponentAtATimeWithoutParallelDeployment) {
  model::Manifest manifest = manifest_from_text("a@h1 + b@h2");
  EXPECT_EQ(node_texts(plan_deployment(manifest, facts_for(manifest), {})), (Texts{"a@h1", "b@h2"}))
      << "parallel_deployment is the default";
  manifest.settings.parallel_deployment = false;
  const model::Plan plan = plan_deployment(manifest, facts_for(manifest), {});
  EXPECT_EQ(node_texts(plan), (Texts{"a@h1 alone", "b@h2 alone"}));
  EXPECT_EQ(plan.hash,
            plan_deployment(manifest_from_text("a@h1 + b@h2"), facts_for(manifest), {.sequential = true}).hash)
      << "as with --sequential";
}

TEST(DeploymentPlanner, WatchesNothingBeforeTheCommitWithoutMonitoring) {
  model::Manifest manifest = manifest_from_text("a@h1");
  EXPECT_EQ(plan_deployment(manifest, facts_for(manifest), {}).settings.watch_ms, limits::watch_ms_default);
  manifest.settings.watch_ms = 60'000;
  manifest.settings.monitoring_enabled = false;
  const model::Plan plan = plan_deployment(manifest, facts_for(manifest), {});
  EXPECT_EQ(plan.settings.watch_ms, 0U) << "whatever watch_seconds says";
  const auto count_checks = [](const model::Plan& of) {
    const auto& steps = of.slices.at(HostId("h1")).components.at(0).steps;
    return std::count_if(steps.begin(), steps.end(), [](const protocol::Step& step) {
      return std::holds_alternative<protocol::Probe>(step.action);
    });
  };
  manifest.settings.monitoring_enabled = true;
  EXPECT_EQ(count_checks(plan), count_checks(plan_deployment(manifest, facts_for(manifest), {})))
      << "what is asked before and after the switch is asked all the same";
}

TEST(DeploymentPlanner, KeepsWhyItAsksTheChecksThatItAsks) {
  model::Manifest manifest = manifest_from_text("a@h1");
  manifest.settings.health_checks_enabled = false;
  manifest.settings.run_tests = model::RunTests::smoke;
  EXPECT_EQ(plan_deployment(manifest, facts_for(manifest), {}).settings.checks,
            (model::ChecksAsked{false, model::RunTests::smoke}));
}

TEST(DeploymentPlanner, RefusesUnknownAndUnreachableHosts) {
  model::Manifest manifest = manifest_from_text("api@h1,h2");
  PlanningFacts facts = facts_for(manifest);
  facts.inventory.erase(HostId("h2"));
  EXPECT_TRUE(has(refusal([&] { plan_deployment(manifest, facts, {}); }),
                  "host `h2`, which is not in the fleet (see `switchyard hosts list`, `hosts add`)"));
  facts.unreachable.push_back(HostId("h2"));
  EXPECT_TRUE(
      has(refusal([&] { plan_deployment(manifest, facts, {}); }), "needs the host h2, whose agent does not answer"));
  manifest.settings.unreachable = model::Unreachable::defer;
  EXPECT_TRUE(has(refusal([&] { plan_deployment(manifest, facts, {}); }), "1 hosts cannot be reached (h2)"));
  manifest.settings.defer_max = 1;
  EXPECT_EQ(node_texts(plan_deployment(manifest, facts, {})), Texts{"api@h1"});
}

TEST(DeploymentPlanner, PlansNothingOnFactsThatAreNotCertain) {
  const model::Manifest manifest = manifest_from_text("api@h1");
  PlanningFacts facts = facts_for(manifest);
  facts.inventory[HostId("h1")][0].problem = "the switch leads nowhere";
  EXPECT_TRUE(has(refusal([&] { plan_deployment(manifest, facts, {}); }), "the switch leads nowhere"));
}

TEST(DeploymentPlanner, RefusesToMoveTheSwitchUnderARunningService) {
  model::Manifest manifest = manifest_from_text("api@h1");
  const model::Plan done = plan_deployment(manifest, facts_for(manifest), {});
  PlanningFacts facts = facts_for(manifest);
  facts.inventory[HostId("h1")][0].serving = {OldKind::release, "green", release_of("api", '2'), "api@green.service"};
  facts.artifacts["api"].release = release_of("api", '3');
  remember_plan(done, facts);
  EXPECT_EQ(refusal([&] { plan_deployment(manifest, facts, {}); }), "(accepted)");
  manifest.components[0].ports.stable = 9'999;
  const std::string refused = refusal([&] { plan_deployment(manifest, facts, {}); });
  EXPECT_TRUE(has(refused,
                  "serves on host h1 on the stable port 10000 by nftables, which cannot be changed while it "
                  "serves"));
  EXPECT_TRUE(has(refused, "under a new name with ports of its own beside this one"));
  EXPECT_EQ(refused.find("adopt"), std::string::npos) << "it is a unit of our own";
  // Asked by the new port, the host finds nothing there; the last deployment knows better.
  facts.inventory[HostId("h1")][0].serving = {};
  EXPECT_TRUE(has(refusal([&] { plan_deployment(manifest, facts, {}); }), "cannot be changed while it serves"));
}

TEST(DeploymentPlanner, SaysWhichTextCannotBeFilledIn) {
  model::Manifest manifest = manifest_from_text("api@h1", {.strategy = model::Strategy::recreate});
  manifest.components[0].ports = {};
  manifest.components[0].service.command = {"bin/api", "${port}"};
  const std::string text = refusal([&] { plan_deployment(manifest, facts_for(manifest), {}); });
  EXPECT_TRUE(text.starts_with("test:1:1: component `api`: `${port}` is used")) << text;
}

TEST(DeploymentPlanner, FillsInHeaderHashAndSettings) {
  PlanBuilderOptions options;
  options.settings.watch_ms = 7'000;
  const model::Manifest manifest = manifest_from_text("api@h2,h1", options);
  const model::Plan plan = plan_deployment(manifest, facts_for(manifest), {.no_rollback = true, .no_monitoring = true});
  const protocol::PlanHeader header = protocol::decode_header(plan.header);
  ASSERT_EQ(header.slices.size(), 2U);
  EXPECT_EQ(header.slices[0].host, HostId("h1"));
  EXPECT_EQ(header.slices[1].sha256, sha256(protocol::encode_slice(plan.slices.at(HostId("h2")))));
  EXPECT_EQ(plan.hash, protocol::plan_hash(plan.header));
  EXPECT_EQ(plan.signature, "");
  EXPECT_FALSE(plan.settings.rollback_on_failure);
  EXPECT_EQ(plan.settings.watch_ms, 0U);
  EXPECT_EQ(plan.settings.confirm_ms, limits::confirm_ms_default);
}

TEST(DeploymentPlanner, AsksTheHostsWhatItMustKnow) {
  model::Manifest manifest = manifest_from_text("api@h1,h2");
  manifest.components[0].adopt_unit = "old.service";
  manifest.components[0].service = {};
  manifest.components[0].service.unit = "app@.service";
  const InventoryQuestions questions = inventory_questions(manifest);
  ASSERT_EQ(questions.size(), 2U);
  const protocol::InventoryQuestion& question = questions.at(HostId("h2")).at(0);
  EXPECT_EQ(question.component, "api");
  EXPECT_EQ(question.stable_port, 10'000);
  EXPECT_EQ(question.legacy_unit, "old.service");
  EXPECT_EQ(question.unit, "app@.service");
  EXPECT_EQ(question.traffic.kind, protocol::SwitchKind::nftables);
  EXPECT_EQ(question.traffic.targets.size(), 2U);
}

TEST(DeploymentPlanner, RefusesAPlanThatDoesNotFitIntoAFrame) {
  model::Manifest manifest = manifest_from_text("api@h1");
  for (int i = 0; i < 60; ++i)
    manifest.components[0].service.environment["V" + std::to_string(i)] = std::string(1'000, 'x');
  model::Component twin = manifest.components[0];
  for (int i = 0; i < 5; ++i) {
    twin.name = "twin" + std::to_string(i);
    manifest.components.push_back(twin);
  }
  EXPECT_TRUE(
      has(refusal([&] { plan_deployment(manifest, facts_for(manifest), {}); }), "deploy fewer components at once"));
}

}  // namespace switchyard::planner
