#include <gtest/gtest.h>

#include <algorithm>

#include "coordinator/planner/plan_graph.hpp"
#include "coordinator/planner/plan_risks.hpp"
#include "coordinator/planner/planned_changes.hpp"
#include "tests/support/plan_builder.hpp"
#include "tests/support/refusal.hpp"

namespace switchyard::planner {
namespace {

using switchyard::testing::facts_for;
using switchyard::testing::has;
using switchyard::testing::manifest_from_text;
using switchyard::testing::plan_from_text;
using switchyard::testing::PlanBuilderOptions;

/// A manifest on two hosts, without a risk unless the test adds one.
class PlanRisksTest : public ::testing::Test {
 protected:
  PlanRisksTest() {
    manifest = manifest_from_text("app@h1,h2");
    component().health_checks.push_back({});
    component().health_checks.back().probe.name = "answers";
    component().health_checks.back().probe.kind = protocol::TcpProbe{"127.0.0.1", 80};
  }
  model::Component& component() { return manifest.components.front(); }
  std::vector<Risk> risks(const PlanBuilderOptions& options = {}) const {
    return plan_risks(manifest, plan_deployment(manifest, facts_for(manifest, options), {}), deferred);
  }
  std::vector<std::string> kinds(const PlanBuilderOptions& options = {}) const {
    std::vector<std::string> names;
    for (const Risk& risk : risks(options)) names.emplace_back(risk_name(risk.kind));
    return names;
  }
  model::Manifest manifest;
  std::vector<HostId> deferred;
};
using Kinds = std::vector<std::string>;

TEST_F(PlanRisksTest, ThereIsNoneWhereEverythingIsUndoneByItself) { EXPECT_EQ(kinds(), Kinds()); }

TEST_F(PlanRisksTest, AServiceWithoutASwitchIsAwayForAWhile) {
  component().traffic = model::TrafficKind::none;
  component().strategy = model::Strategy::recreate;
  component().ports = {component().ports.stable, 0, 0};
  ASSERT_EQ(kinds(), Kinds({"downtime"}));
  EXPECT_EQ(risks().front().hosts.size(), 2u);
  EXPECT_FALSE(is_high(risks().front().kind));
  component().ports = {};
  EXPECT_EQ(kinds(), Kinds({"exclusive_overlap"})) << "a worker: nobody asks it, and its work waits";
}

TEST_F(PlanRisksTest, AFirstDeploymentHasNothingToGoBackTo) {
  EXPECT_EQ(kinds({.first = true}), Kinds({"first_deployment"}));
}

TEST_F(PlanRisksTest, AHostThatIsAwayFollowsLater) {
  deferred = {HostId("h3")};
  ASSERT_EQ(kinds(), Kinds({"host_away"}));
  EXPECT_TRUE(has(risks().front().reason, "h3 cannot be reached"));
}

TEST_F(PlanRisksTest, ACommandWithoutUndoLeavesWhatItDid) {
  model::RunCommand run;
  run.name = "migrate";
  run.command = {"bin/migrate"};
  component().runs = {run};
  EXPECT_EQ(kinds(), Kinds({"run_without_undo", "data_written"}));
  component().runs.front().undo = {"bin/back"};
  EXPECT_EQ(kinds(), Kinds({"data_written"}));
}

TEST_F(PlanRisksTest, SharedFilesOutliveReleases) {
  component().shared = {"uploads"};
  ASSERT_EQ(kinds(), Kinds({"data_written"}));
  EXPECT_TRUE(has(risks().front().reason, "shared/uploads"));
}

TEST_F(PlanRisksTest, OneHostAloneIsASinglePointOfFailure) {
  component().hosts.pop_back();
  EXPECT_EQ(kinds(), Kinds({"only_host"}));
}

TEST_F(PlanRisksTest, SettingsThatTakeASafetyNetAwayAreNamed) {
  manifest.settings.keep_old_ms = 0;
  manifest.settings.watch_ms = 0;
  manifest.settings.health_checks_enabled = false;
  manifest.settings.rollback_on_failure = false;
  EXPECT_EQ(kinds(), Kinds({"keep_old_zero", "watch_window_zero", "health_checks_disabled", "rollback_disabled"}));
  for (const Risk& risk : risks()) EXPECT_TRUE(is_high(risk.kind)) << risk.reason;
  EXPECT_TRUE(has(risks_text(risks()), "  keep_old_zero (high): "));
}

TEST_F(PlanRisksTest, WithoutRollbackAFailureStopsOnlyUntilTheHostsHaveHeld) {
  manifest.settings.rollback_on_failure = false;
  ASSERT_EQ(kinds(), Kinds({"rollback_disabled"}));
  const std::string stops = "until every host has held, a failure stops the deployment where it is";
  EXPECT_TRUE(has(risks().back().reason, stops)) << risks().back().reason;
  EXPECT_TRUE(has(risks().back().reason, "in the watch window it brings every host back all the same"));
  manifest.settings.watch_ms = 0;
  EXPECT_TRUE(has(risks().back().reason, stops)) << risks().back().reason;
  EXPECT_FALSE(has(risks().back().reason, "watch window"));
}

TEST_F(PlanRisksTest, ACanaryByHandWaitsForAPerson) {
  component().strategy = model::Strategy::canary;
  component().canary.weights = {10};
  component().canary.promoted_by_hand = true;
  EXPECT_EQ(kinds(), Kinds({"waits_for_promotion"}));
}

TEST_F(PlanRisksTest, WhatDoesNotChangeRisksNothing) {
  component().hosts.pop_back();
  PlanningFacts facts = facts_for(manifest);
  facts.artifacts["app"].release = switchyard::testing::release_of("app", '1');
  EXPECT_TRUE(plan_risks(manifest, plan_deployment(manifest, facts, {}), {}).empty());
}

TEST(PlannedChanges, SaysForEveryHostWhatIsThereNowAndWhatWillBe) {
  const model::Manifest manifest = manifest_from_text("app@h1,h2");
  PlanningFacts facts = facts_for(manifest);
  facts.inventory[HostId("h2")].front().serving.release = switchyard::testing::release_of("app", '2');
  const auto changes = planned_changes(manifest, facts, plan_deployment(manifest, facts, {}));
  ASSERT_EQ(changes.size(), 2u);
  EXPECT_TRUE(changes[1].differences.empty()) << "h2 serves the release already";
  std::vector<std::string> what;
  for (const Difference& difference : changes[0].differences) what.push_back(difference.what);
  for (const char* wanted : {"release", "slot", "file", "link", "traffic", "unit"}) {
    EXPECT_NE(std::find(what.begin(), what.end(), wanted), what.end()) << wanted;
  }
  const std::string text = changes_text(changes);
  EXPECT_TRUE(has(text, "    slot: blue -> green\n"));
  EXPECT_TRUE(has(text, "    traffic stable port 10000 (nftables): blue -> green\n"));
  EXPECT_TRUE(has(text, "  app on h2: nothing (release "));
}

TEST(PlannedChanges, OfAHostThatIsAwayNothingIsClaimed) {
  model::Manifest manifest = manifest_from_text("app@h1,h2");
  manifest.settings.unreachable = model::Unreachable::defer;
  manifest.settings.defer_max = 1;
  PlanningFacts facts = facts_for(manifest);
  facts.inventory.erase(HostId("h2"));
  facts.unreachable = {HostId("h2")};
  const auto changes = planned_changes(manifest, facts, plan_deployment(manifest, facts, {}));
  EXPECT_TRUE(changes.back().serves.starts_with("not known"));
  EXPECT_TRUE(has(changes_text(changes), "  app on h2: not known: the host does not answer"));
}

TEST(PlanGraph, HasANodeForEachOfThePlansAndAnEdgeForEachWait) {
  const PlanGraph graph = graph_of(plan_from_text("db@h1 > api@h1,h2 + worker@h3 > web@h3"));
  EXPECT_EQ(graph.labels.size(), 4u);
  EXPECT_EQ(graph.edges.size(), 4u);
  EXPECT_TRUE(graph_text(graph).starts_with("  1 db on h1 -> 2, 3\n  2 api on h1, h2 -> 4\n"));
}

TEST(PlanGraph, IsWrittenForGraphvizWithoutATextThatEndsEarly) {
  const std::string dot = graph_dot(graph_of(plan_from_text("db@h1 > api@h1")), "a \"name\"");
  EXPECT_TRUE(dot.starts_with("digraph \"a \\\"name\\\"\" {\n"));
  EXPECT_TRUE(has(dot, "  n1 [label=\"db on h1\"];\n"));
  EXPECT_TRUE(has(dot, "  n1 -> n2;\n"));
}

}  // namespace
}  // namespace switchyard::planner
