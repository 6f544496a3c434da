#include <gtest/gtest.h>

#include "coordinator/planner/deployment_planner.hpp"
#include "tests/support/plan_builder.hpp"
#include "tests/support/refusal.hpp"
#include "tests/unit/coordinator_planner/plan_view.hpp"

namespace switchyard::planner {

using protocol::OldKind;
using protocol::Phase;
using switchyard::testing::facts_for;
using switchyard::testing::has;
using switchyard::testing::manifest_from_text;
using switchyard::testing::PlanBuilderOptions;
using switchyard::testing::refusal;
using switchyard::testing::release_of;
using testing::action_titled;
using testing::component_on;
using testing::node_texts;
using testing::step_titled;
using testing::titles;

using Texts = std::vector<std::string>;

namespace {

/// Two deployments, and what the hosts say after the second.
struct History {
  model::Manifest manifest;
  model::Plan first, second;
  PlanningFacts facts;  ///< for what comes next; `history` is empty

  explicit History(const std::string& text, const PlanBuilderOptions& options = {})
      : manifest(manifest_from_text(text, options)) {
    PlanBuilderOptions nothing_yet = options;
    nothing_yet.first = true;
    PlanningFacts before = facts_for(manifest, nothing_yet);
    for (auto& [component, artifact] : before.artifacts) artifact.release = release_of(component, '1');
    first = plan_deployment(manifest, before, {});
    facts = facts_for(manifest, options);
    second = plan_deployment(manifest, facts, {});
    facts.deployment = DeploymentId("d-0000000000000002");
    serve(second);
  }

  /// The hosts serve what the plan brought.
  void serve(const model::Plan& plan) {
    for (const auto& [host, slice] : plan.slices) {
      facts.inventory[host].clear();
      for (const protocol::SliceComponent& component : slice.components) {
        protocol::ComponentFact fact;
        fact.component = component.name;
        fact.serving = {OldKind::release, component.slot, component.release, component.unit};
        fact.unit_state = "active";
        facts.inventory[host].push_back(std::move(fact));
      }
    }
  }
  void remember() {
    remember_plan(second, facts);
    remember_plan(first, facts);
  }
};

}  // namespace

TEST(RollbackPlanner, TakesACanaryBackInOneStage) {
  PlanBuilderOptions options;
  History history("api@h1,h2 > web@h1", options);
  history.manifest.components[0].strategy = model::Strategy::canary;
  history.manifest.components[0].canary = {{10, 50}, 60'000, true};
  const model::Plan done = plan_deployment(history.manifest, facts_for(history.manifest), {});
  history.serve(done);
  const model::Plan back = plan_rollback(done, {}, history.facts, {});
  EXPECT_EQ(node_texts(back), (Texts{"web@h1", "api@h1,h2 <0"}));
  for (const model::PlanNode& node : back.nodes) EXPECT_FALSE(node.pauses());
  const protocol::SliceComponent api = component_on(back, "api", "h1");
  EXPECT_EQ(api.stages, 1u);
  const auto traffic = action_titled<protocol::SwitchTraffic>(api, "switch api to blue");
  EXPECT_EQ(traffic.targets.front().weight, 100u);
  EXPECT_EQ(std::get<protocol::SwitchTraffic>(*step_titled(api, "switch api to blue").undo).targets.back().weight,
            100u);
}

TEST(RollbackPlanner, FlipsBackToTheWarmSlot) {
  History history("api@h1");
  history.remember();
  const model::Plan plan = plan_rollback(history.second, {}, history.facts);
  const protocol::SliceComponent& api = component_on(plan, "api", "h1");
  const std::string id = release_of("api", '1').str().substr(0, 12);
  EXPECT_EQ(api.release, release_of("api", '1'));
  EXPECT_EQ(api.slot, "blue");
  EXPECT_EQ(api.old.release, release_of("api", '2'));
  EXPECT_EQ(titles(api, Phase::prepare),
            (Texts{"verify what serves", "provide release " + id, "write api@blue.service", "start api@blue.service",
                   "check unit_active", "check tcp_connectivity", "check that the switch to blue works"}));
  EXPECT_EQ(titles(api, Phase::swap),
            (Texts{"switch api to blue", "point current to " + id, "check tcp_connectivity through the stable port"}));
  EXPECT_EQ(titles(api, Phase::commit), (Texts{"enable api@blue.service", "disable api@green.service"}));
  EXPECT_EQ(titles(api, Phase::retire), (Texts{"drain green", "stop api@green.service"}));
  EXPECT_EQ(plan.settings.watch_ms, 0U);
  EXPECT_EQ(plan.settings.keep_old_ms, history.second.settings.keep_old_ms);
}

TEST(RollbackPlanner, MakesTheExactInverseOfTheSwitch) {
  History history("api@h1");
  history.remember();
  const model::Plan plan = plan_rollback(history.second, {}, history.facts);
  const protocol::Step& there = step_titled(component_on(history.second, "api", "h1"), "switch api to green");
  const protocol::Step& back = step_titled(component_on(plan, "api", "h1"), "switch api to blue");
  EXPECT_EQ(back.action, *there.undo);
  EXPECT_EQ(*back.undo, there.action);
}

TEST(RollbackPlanner, BringsTheOldConfigurationBackNotOnlyTheOldFiles) {
  History history("api@h1");
  history.remember();
  const model::Plan plan = plan_rollback(history.second, {}, history.facts);
  EXPECT_EQ(step_titled(component_on(plan, "api", "h1"), "write api@blue.service").action,
            step_titled(component_on(history.first, "api", "h1"), "write api@blue.service").action);
}

TEST(RollbackPlanner, WithoutHistoryLooksAfterwardsAtWhatItStarted) {
  const History history("api@h1");
  const model::Plan plan = plan_rollback(history.second, {}, history.facts);
  const protocol::SliceComponent& api = component_on(plan, "api", "h1");
  const std::string id = release_of("api", '1').str().substr(0, 12);
  EXPECT_EQ(titles(api, Phase::prepare),
            (Texts{"verify what serves", "provide release " + id, "start api@blue.service", "check unit_active",
                   "check tcp_connectivity", "check that the switch to blue works"}));
  EXPECT_EQ(titles(api, Phase::swap).back(), "verify what serves now");
  EXPECT_EQ(action_titled<protocol::VerifyOld>(api, "verify what serves now").expected.release, release_of("api", '1'));
  EXPECT_EQ(std::get<protocol::TcpProbe>(action_titled<protocol::Probe>(api, "check tcp_connectivity").spec.kind).port,
            10'001);
}

TEST(RollbackPlanner, TurnsTheOrderOfComponentsAround) {
  History history("db@h1 > api@h1,h2 > web@h2");
  const model::Plan plan = plan_rollback(history.second, {}, history.facts);
  EXPECT_EQ(node_texts(plan), (Texts{"web@h2", "api@h1,h2 <0", "db@h1 <1"}));
  EXPECT_EQ(plan.slices.at(HostId("h1")).components.front().name, "api");
  EXPECT_EQ(plan.slices.at(HostId("h2")).components.front().name, "web");
}

TEST(RollbackPlanner, TakesOnlyTheComponentsAskedFor) {
  History history("db@h1 > api@h1,h2 > web@h2");
  const model::Plan plan = plan_rollback(history.second, {"web", "db"}, history.facts);
  EXPECT_EQ(node_texts(plan), (Texts{"web@h2", "db@h1 <0"})) << "the order holds across what is left out";
  EXPECT_TRUE(has(refusal([&] { plan_rollback(history.second, {"wep"}, history.facts); }),
                  "changed no component `wep`; did you mean `web`?"));
}

model::Plan back_by(const History& history, model::RollbackStrategy strategy) {
  return plan_rollback(history.second, {}, history.facts, {}, {strategy, false});
}

TEST(RollbackPlanner, AggressiveHasNoOrderAndWaitsForNoConnection) {
  History history("db@h1 > api@h1,h2 > web@h2");
  const model::Plan plan = back_by(history, model::RollbackStrategy::aggressive);
  EXPECT_EQ(node_texts(plan), (Texts{"web@h2", "api@h1,h2", "db@h1"}));
  const std::string check = "check that the switch to blue works";
  EXPECT_FALSE(step_titled(component_on(plan, "db", "h1"), check).undo.has_value());
  const model::Plan careful = back_by(history, model::RollbackStrategy::immediate);
  EXPECT_TRUE(step_titled(component_on(careful, "db", "h1"), check).undo.has_value());
}

TEST(RollbackPlanner, BatchKeepsThePausesBetweenBatchesAndImmediateDoesNot) {
  PlanBuilderOptions options;
  options.strategy = model::Strategy::rolling;
  History history("api@h1,h2,h3", options);
  for (std::size_t i = 0; i + 1 < history.second.nodes.size(); ++i) history.second.nodes[i].pause_ms = 4'000;
  const auto pauses = [](const model::Plan& plan) {
    std::vector<std::uint32_t> all;
    for (const model::PlanNode& node : plan.nodes) all.push_back(node.pause_ms);
    return all;
  };
  EXPECT_EQ(pauses(back_by(history, model::RollbackStrategy::batch)), (std::vector<std::uint32_t>{4'000, 4'000, 0}));
  EXPECT_EQ(pauses(back_by(history, model::RollbackStrategy::immediate)), (std::vector<std::uint32_t>{0, 0, 0}));
}

TEST(RollbackPlanner, GracefulGoesOneByOneAndIsWatched) {
  History history("db@h1 + api@h2");
  const model::Plan plan = back_by(history, model::RollbackStrategy::graceful);
  EXPECT_EQ(plan.settings.max_parallel, 1u);
  EXPECT_EQ(plan.settings.watch_ms, history.second.settings.watch_ms);
}

TEST(RollbackPlanner, IsWatchedWhenThatIsAskedForAlsoWhereTheDeploymentWasNot) {
  History history("api@h1");
  history.second.settings.watch_ms = 0;
  EXPECT_EQ(plan_rollback(history.second, {}, history.facts, {}, {std::nullopt, true}).settings.watch_ms,
            limits::watch_ms_default);
}

TEST(RollbackPlanner, GoesTheManifestsWayUnlessItIsToldAnother) {
  History history("api@h1");
  history.second.settings.rollback_strategy = model::RollbackStrategy::manual;
  history.second.settings.rollback_on_failure = false;
  const model::Plan manual = plan_rollback(history.second, {}, history.facts);
  EXPECT_EQ(manual.settings.rollback_strategy, model::RollbackStrategy::manual);
  EXPECT_FALSE(manual.settings.rollback_on_failure);
  const model::Plan told = back_by(history, model::RollbackStrategy::batch);
  EXPECT_EQ(told.settings.rollback_strategy, model::RollbackStrategy::batch);
  EXPECT_TRUE(told.settings.rollback_on_failure) << "that a person is asked was the manual strategy's part";
  EXPECT_NE(manual.hash, told.hash);
}

TEST(RollbackPlanner, LeavesNothingWhereNothingWas) {
  History history("api@h1");
  history.serve(history.first);
  const model::Plan plan = plan_rollback(history.first, {}, history.facts);
  const protocol::SliceComponent& api = component_on(plan, "api", "h1");
  EXPECT_EQ(titles(api, Phase::prepare), Texts{"verify what serves"});
  EXPECT_EQ(titles(api, Phase::swap), (Texts{"switch api to nothing", "remove current", "stop api@blue.service"}));
  EXPECT_EQ(titles(api, Phase::commit), Texts{"disable api@blue.service"});
  EXPECT_EQ(titles(api, Phase::retire), Texts{});
  EXPECT_TRUE(api.release.empty());
  EXPECT_TRUE(has(refusal([&] { plan_rollback(plan, {}, history.facts); }), "deploy the release that you want"));
}

TEST(RollbackPlanner, StopsAndStartsWhatWasRecreated) {
  History history("db@h1", {.strategy = model::Strategy::recreate});
  history.remember();
  const protocol::SliceComponent& db = component_on(plan_rollback(history.second, {}, history.facts), "db", "h1");
  const Texts swap = titles(db, Phase::swap);
  ASSERT_GE(swap.size(), 2U);
  EXPECT_EQ(swap[0], "stop db@green.service");
  EXPECT_EQ(swap[1], "start db@blue.service");
}

TEST(RollbackPlanner, GivesTrafficBackToWhatWasAdopted) {
  model::Manifest manifest = manifest_from_text("api@h1");
  manifest.components[0].adopt_unit = "old.service";
  PlanningFacts facts = facts_for(manifest, {.first = true});
  protocol::ComponentFact legacy;
  legacy.component = "api";
  legacy.serving = {OldKind::legacy, "legacy", {}, "old.service"};
  facts.inventory[HostId("h1")] = {legacy};
  const model::Plan done = plan_deployment(manifest, facts, {});
  protocol::ComponentFact now;
  now.component = "api";
  now.serving = {OldKind::release, "blue", release_of("api", '2'), "api@blue.service"};
  facts.inventory[HostId("h1")] = {now};
  const protocol::SliceComponent& api = component_on(plan_rollback(done, {}, facts), "api", "h1");
  EXPECT_EQ(titles(api, Phase::prepare), (Texts{"verify what serves", "start old.service", "check unit_active",
                                                "check that the switch to what ran before works"}));
  EXPECT_EQ(titles(api, Phase::swap), (Texts{"switch api to what ran before", "remove current",
                                             "check tcp_connectivity through the stable port"}));
  EXPECT_EQ(titles(api, Phase::commit), (Texts{"enable old.service", "disable api@blue.service"}));
}

TEST(RollbackPlanner, RefusesWhenSomethingNewerServes) {
  History history("api@h1");
  history.facts.inventory[HostId("h1")][0].serving = {OldKind::release, "blue", release_of("api", '3'),
                                                      "api@blue.service"};
  EXPECT_TRUE(
      has(refusal([&] { plan_rollback(history.second, {}, history.facts); }), "was changed after this deployment"));
}

TEST(RollbackPlanner, HasNothingToDoWhereTheOldServesAlready) {
  History history("api@h1,h2");
  history.facts.inventory[HostId("h1")][0].serving = {OldKind::release, "blue", release_of("api", '1'),
                                                      "api@blue.service"};
  EXPECT_EQ(node_texts(plan_rollback(history.second, {}, history.facts)), Texts{"api@h2"});
}

TEST(RollbackPlanner, RefusesWhenAHostIsAway) {
  History history("api@h1,h2");
  history.facts.inventory.erase(HostId("h2"));
  EXPECT_TRUE(has(refusal([&] { plan_rollback(history.second, {}, history.facts); }), "host h2 does not answer"));
}

TEST(RollbackPlanner, AsksTheHostsOfTheDeployment) {
  const History history("api@h1");
  const InventoryQuestions questions = inventory_questions(history.second);
  const protocol::InventoryQuestion& question = questions.at(HostId("h1")).at(0);
  EXPECT_EQ(question.stable_port, 10'000);
  EXPECT_EQ(question.traffic.targets.size(), 2U);
  EXPECT_EQ(question.unit, "api@green.service");
}

}  // namespace switchyard::planner
