// Commands that migrate a database: as they are read, and left out where nobody wants them run.
#include <gtest/gtest.h>

#include "common/limits.hpp"
#include "coordinator/planner/deployment_planner.hpp"
#include "coordinator/planner/manifest_reader.hpp"
#include "coordinator/planner/plan_risks.hpp"
#include "coordinator/planner/plan_text.hpp"
#include "tests/support/plan_builder.hpp"
#include "tests/support/refusal.hpp"
#include "tests/unit/coordinator_planner/plan_view.hpp"

namespace switchyard::planner {

using switchyard::testing::facts_for;
using switchyard::testing::has;
using switchyard::testing::refusal;
using testing::component_on;
using testing::step_titled;
using testing::titles;

namespace {

constexpr const char* with_migrations = R"(
metadata: {name: shop, environment: production}
components:
  - name: api
    hosts: [h1]
    artifact: {directory: api}
    service: {command: [bin/server], user: www}
    ports: {stable: 1000, blue: 1001, green: 1002}
    run:
      - {name: schema, command: [bin/migrate], undo: [bin/unmigrate], migration: true}
      - {name: warm, command: [bin/warm]}
      - {name: rows, when: swap, command: [bin/migrate, rows], migration: true}
  - name: web
    hosts: [h2]
    artifact: {directory: web}
    service: {command: [bin/server], user: www}
    ports: {stable: 2000, blue: 2001, green: 2002}
    run: [{name: pages, command: [bin/migrate], migration: true}]
)";
constexpr const char* manifest_says_no = "deployment_settings: {run_migrations: false}\n";

model::Manifest manifest_of_shop(const std::string& settings = "", std::optional<bool> asked = {}) {
  return read_manifest(with_migrations + settings, "f.yaml", {.run_migrations = asked});
}

model::Plan plan_of_shop(const std::string& settings = "", std::optional<bool> asked = {}) {
  const model::Manifest manifest = manifest_of_shop(settings, asked);
  return plan_deployment(manifest, facts_for(manifest), {});
}

bool runs_migrations(const model::Plan& plan) {
  for (const auto& [host, slice] : plan.slices) {
    for (const protocol::SliceComponent& component : slice.components) {
      for (const protocol::Step& step : component.steps) {
        const auto* run = std::get_if<protocol::Run>(&step.action);
        if (run != nullptr && run->migration) return true;
      }
    }
  }
  return false;
}

}  // namespace

TEST(Migrations, AreCommandsThatSaySo) {
  const model::Component api = manifest_of_shop().components.at(0);
  ASSERT_EQ(api.runs.size(), 3U);
  EXPECT_TRUE(api.runs.at(0).migration);
  EXPECT_FALSE(api.runs.at(1).migration) << "the others are as ever";
  EXPECT_TRUE(api.migrations_left_out.empty());
  EXPECT_TRUE(has(refusal([] {
                    read_manifest(
                        "metadata: {name: x}\ncomponents:\n  - name: a\n    service: {command: [b], user: u}\n"
                        "    run: [{name: m, command: [bin/m], migration: maybe}]\n",
                        "f.yaml");
                  }),
                  "migration"));
}

TEST(Migrations, ThePlanSaysWhichCommandIsOne) {
  const protocol::SliceComponent api = component_on(plan_of_shop(), "api", "h1");
  const protocol::Step schema = step_titled(api, "run schema");
  EXPECT_EQ(std::get<protocol::Run>(schema.action).migration, true);
  EXPECT_EQ(std::get<protocol::Run>(*schema.undo).migration, std::nullopt) << "a way back goes back for nothing";
  EXPECT_EQ(std::get<protocol::Run>(step_titled(api, "run warm").action).migration, std::nullopt)
      << "the bytes of other commands are those that agents of every version know";
}

TEST(Migrations, AreLeftOutWhenTheManifestOrTheCallerSaysSo) {
  for (const model::Plan& plan :
       {plan_of_shop(manifest_says_no), plan_of_shop("", false), plan_of_shop(manifest_says_no, false)}) {
    const protocol::SliceComponent api = component_on(plan, "api", "h1");
    EXPECT_EQ(titles(api, protocol::Phase::prepare).back(), "run warm");
    EXPECT_FALSE(runs_migrations(plan));
    EXPECT_EQ(plan.settings.migrations_not_run.size(), 3U);
    EXPECT_EQ(plan.settings.confirm_ms, limits::confirm_ms_default) << "no command is run in the swap any more";
  }
}

/// As with tests and the strategy: who asks goes before the file.
TEST(Migrations, TheCallerGoesBeforeTheManifest) {
  const model::Plan plan = plan_of_shop(manifest_says_no, true);
  EXPECT_TRUE(runs_migrations(plan));
  EXPECT_TRUE(plan.settings.migrations_not_run.empty());
  EXPECT_EQ(plan.slices, plan_of_shop().slices);
}

TEST(Migrations, ThePlanNamesEachThatIsLeftOutAndWhy) {
  const std::string by_file = plan_text(plan_of_shop(manifest_says_no));
  EXPECT_TRUE(has(by_file,
                  "Notes:\n"
                  "  migration schema of component api is not run: the manifest says run_migrations: false\n"
                  "  migration rows of component api is not run: the manifest says run_migrations: false\n"
                  "  migration pages of component web is not run: the manifest says run_migrations: false\n"));
  const std::string by_option = plan_text(plan_of_shop("", false));
  EXPECT_TRUE(has(by_option, "migration pages of component web is not run: it was asked for without migrations"));
  EXPECT_FALSE(has(plan_text(plan_of_shop()), "is not run"));
}

/// Nothing of it would have run in any case.
TEST(Migrations, OfAComponentThatDoesNotChangeAreNotNamed) {
  const model::Manifest manifest = manifest_of_shop("", false);
  PlanningFacts facts = facts_for(manifest);
  facts.inventory.at(HostId("h2")).at(0).serving.release = facts.artifacts.at("web").release;
  const model::Plan plan = plan_deployment(manifest, facts, {});
  ASSERT_EQ(plan.settings.migrations_not_run.size(), 2U);
  EXPECT_TRUE(has(plan.settings.migrations_not_run.back(), "component api"));
}

/// Who approves approves that they are left out, and for whose word.
TEST(Migrations, TheHashCoversThem) {
  const model::Plan by_file = plan_of_shop(manifest_says_no);
  const model::Plan by_option = plan_of_shop("", false);
  EXPECT_EQ(by_file.slices, by_option.slices);
  EXPECT_NE(by_file.hash, by_option.hash);
  EXPECT_NE(by_file.hash, plan_of_shop().hash);
}

TEST(Migrations, WhatIsLeftOutIsNoRisk) {
  const auto risks_of = [](const model::Manifest& manifest) {
    return risks_text(plan_risks(manifest, plan_deployment(manifest, facts_for(manifest), {}), {}));
  };
  EXPECT_TRUE(has(risks_of(manifest_of_shop()), "run `pages` has no undo"));
  EXPECT_FALSE(has(risks_of(manifest_of_shop("", false)), "`pages`"));
}

/// It runs none in any case, and what was left out then is no news of it.
TEST(Migrations, ARollbackNamesNone) {
  const model::Manifest manifest = manifest_of_shop("", false);
  PlanningFacts facts = facts_for(manifest);
  const model::Plan done = plan_deployment(manifest, facts, {});
  facts.deployment = DeploymentId("d-0000000000000002");
  for (const auto& [host, slice] : done.slices) {
    const protocol::SliceComponent& component = slice.components.at(0);
    protocol::ComponentFact& fact = facts.inventory.at(host).at(0);
    fact.serving = {protocol::OldKind::release, component.slot, component.release, component.unit};
  }
  remember_plan(done, facts);
  EXPECT_TRUE(plan_rollback(done, {}, facts).settings.migrations_not_run.empty());
}

}  // namespace switchyard::planner
