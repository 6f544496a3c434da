// What a component is configured and limited by, in plans, their undoing and their comparison.
#include <gtest/gtest.h>

#include "coordinator/planner/deployment_planner.hpp"
#include "coordinator/planner/planned_changes.hpp"
#include "coordinator/planner/unit_file.hpp"
#include "tests/support/plan_builder.hpp"
#include "tests/support/refusal.hpp"
#include "tests/unit/coordinator_planner/plan_view.hpp"

namespace switchyard::planner {
namespace {

using protocol::EnsureConfiguration;
using protocol::Phase;
using switchyard::testing::facts_for;
using switchyard::testing::has;
using switchyard::testing::manifest_from_text;
using switchyard::testing::refusal;
using switchyard::testing::release_of;
using testing::component_on;
using testing::titles;

const HostLayout layout{"/srv", "/etc/systemd/system"};

model::Manifest configured(const std::string& digest,
                           model::ConfigurationFormat format = model::ConfigurationFormat::json,
                           bool encrypted = false) {
  model::Manifest manifest = manifest_from_text("api@h1");
  model::Service& service = manifest.components[0].service;
  service.configuration = {format, format == model::ConfigurationFormat::env ? "environment" : "app.json"};
  service.delivery = {digest, {{"url", digest}, {"same", "1"}}, encrypted, {{"h1", "box of " + digest}}};
  return manifest;
}

std::string unit_of(const model::Manifest& manifest) {
  const model::Component& api = manifest.components[0];
  return unit_file(api, place_in_slot(api, "green", release_of("api", '2'), layout), layout).content;
}

const EnsureConfiguration* find_configuration(const protocol::SliceComponent& component) {
  for (const protocol::Step& step : component.steps) {
    if (const auto* found = std::get_if<EnsureConfiguration>(&step.action)) return found;
  }
  return nullptr;
}

/// As if the plan had ended well: what it brought serves.
void serve(const model::Plan& plan, PlanningFacts& facts) {
  const protocol::SliceComponent api = component_on(plan, "api", "h1");
  protocol::ComponentFact fact;
  fact.component = "api";
  fact.serving = {protocol::OldKind::release, api.slot, api.release, api.unit};
  fact.unit_state = "active";
  facts.inventory[HostId("h1")] = {fact};
  PlanningFacts newest;
  remember_plan(plan, newest);
  auto& history = facts.history[HostId("h1")];
  history.insert(history.begin(), newest.history[HostId("h1")].begin(), newest.history[HostId("h1")].end());
}

TEST(ConfigurationInAUnit, IsACredentialOrAnEnvironmentFile) {
  EXPECT_TRUE(has(unit_of(configured("d1")), "\nLoadCredential=app.json:/srv/api/configuration/d1/app.json\n"));
  EXPECT_TRUE(has(unit_of(configured("d1")), "\nEnvironment=SWITCHYARD_CONFIGURATION=%d/app.json\n"));
  EXPECT_TRUE(has(unit_of(configured("d1", model::ConfigurationFormat::json, true)),
                  "\nLoadCredentialEncrypted=app.json:/srv/api/configuration/d1/app.json\n"));
  EXPECT_TRUE(has(unit_of(configured("d1", model::ConfigurationFormat::env)),
                  "\nEnvironmentFile=/srv/api/configuration/d1/environment\n"));
  EXPECT_FALSE(has(unit_of(manifest_from_text("api@h1")), "onfiguration"));
}

TEST(LimitsInAUnit, AreWhatSystemdTakes) {
  model::Manifest manifest = manifest_from_text("api@h1");
  manifest.components[0].service.limits = {1'255, 1024};
  EXPECT_TRUE(has(unit_of(manifest), "\nCPUQuota=125.5%\nMemoryMax=1024\n"));
  manifest.components[0].service.limits = {4'000, std::nullopt};
  EXPECT_TRUE(has(unit_of(manifest), "\nCPUQuota=400%\n"));
  EXPECT_FALSE(has(unit_of(manifest), "MemoryMax"));
}

TEST(ConfigurationPlan, ProvidesTheConfigurationBeforeTheStart) {
  const model::Manifest manifest = configured("d1");
  const auto steps =
      titles(component_on(plan_deployment(manifest, facts_for(manifest), {}), "api", "h1"), Phase::prepare);
  const auto at = [&](const std::string& title) { return std::find(steps.begin(), steps.end(), title); };
  ASSERT_NE(at("provide configuration d1"), steps.end());
  EXPECT_LT(at("write api@green.service"), at("provide configuration d1"));
  EXPECT_LT(at("provide configuration d1"), at("start api@green.service"));
}

TEST(ConfigurationPlan, AsksSystemdForTheLimitsWhenItStarts) {
  model::Manifest manifest = manifest_from_text("api@h1");
  manifest.components[0].service.limits = {1'250, 1024};
  const auto start = testing::action_titled<protocol::EnsureUnit>(
      component_on(plan_deployment(manifest, facts_for(manifest), {}), "api", "h1"), "start api@green.service");
  EXPECT_EQ(start.cpu_quota_us, 1'250'000u);
  EXPECT_EQ(start.memory_max_bytes, 1'024u);
}

TEST(ConfigurationPlan, IsEmptyWhileNothingIsAnotherAndNotWhenAValueIs) {
  const model::Manifest manifest = configured("d1");
  PlanningFacts facts = facts_for(manifest);
  serve(plan_deployment(manifest, facts, {}), facts);
  EXPECT_TRUE(plan_deployment(manifest, facts, {}).slices.empty());

  const model::Manifest changed = configured("d2");
  const model::Plan plan = plan_deployment(changed, facts, {});
  EXPECT_EQ(find_configuration(component_on(plan, "api", "h1"))->sealed, "box of d2");
  const std::string text = changes_text(planned_changes(changed, facts, plan));
  EXPECT_TRUE(has(text, "configuration url: one value -> another")) << text;
  EXPECT_FALSE(has(text, "same")) << text;
}

TEST(ConfigurationPlan, GoesBackToTheConfigurationAndTheLimitsOfBefore) {
  model::Manifest manifest = configured("d1");
  manifest.components[0].service.limits = {500, std::nullopt};
  PlanningFacts facts = facts_for(manifest);
  const model::Plan first = plan_deployment(manifest, facts, {});
  serve(first, facts);
  model::Manifest changed = configured("d2");
  const model::Plan second = plan_deployment(changed, facts, {});
  serve(second, facts);
  const protocol::SliceComponent back = component_on(plan_rollback(second, {}, facts), "api", "h1");
  ASSERT_NE(find_configuration(back), nullptr);
  EXPECT_EQ(*find_configuration(back), *find_configuration(component_on(first, "api", "h1")));
  for (const protocol::Step& step : back.steps) {
    const auto* unit = std::get_if<protocol::EnsureUnit>(&step.action);
    if (unit == nullptr || unit->state != protocol::UnitState::started) continue;
    EXPECT_EQ(unit->cpu_quota_us, 500'000u);
  }
}

TEST(ConfigurationPlan, IsRefusedWithoutABoxForTheHost) {
  model::Manifest manifest = configured("d1");
  manifest.components[0].service.delivery->boxes.clear();
  EXPECT_TRUE(has(refusal([&] { plan_deployment(manifest, facts_for(manifest), {}); }), "has no key yet"));
  manifest.components[0].service.delivery.reset();
  EXPECT_TRUE(has(refusal([&] { plan_deployment(manifest, facts_for(manifest), {}); }), "service.configuration"));
}

}  // namespace
}  // namespace switchyard::planner
