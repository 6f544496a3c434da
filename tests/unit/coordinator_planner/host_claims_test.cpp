#include "coordinator/planner/host_claims.hpp"

#include <gtest/gtest.h>

#include "tests/support/plan_builder.hpp"
#include "tests/support/refusal.hpp"

namespace switchyard::planner {

using switchyard::testing::facts_for;
using switchyard::testing::has;
using switchyard::testing::manifest_from_text;
using switchyard::testing::plan_from_text;
using switchyard::testing::PlanBuilderOptions;
using switchyard::testing::refusal;

namespace {

/// `shop` was deployed to h1 and h2 by another manifest, and serves; `blog` comes with the same ports.
struct TwoManifests {
  explicit TwoManifests(const PlanBuilderOptions& options = {})
      : shop(manifest_from_text("shop@h1,h2", options)), blog(manifest_from_text("blog@h2", options)) {
    const PlanningFacts before = facts_for(shop, options);
    facts = facts_for(blog, {.first = true, .strategy = options.strategy});
    remember_plan(plan_deployment(shop, before, {}), facts);
    facts.inventory[HostId("h2")] = before.inventory.at(HostId("h2"));
  }
  std::string refused() const {
    return refusal([&] { plan_deployment(blog, facts, {}); });
  }
  protocol::ComponentFact& shop_fact() { return facts.inventory.at(HostId("h2")).front(); }
  model::Ports& ports() { return blog.components[0].ports; }

  model::Manifest shop, blog;
  PlanningFacts facts;
};

}  // namespace

TEST(HostClaims, APortOfAnotherDeploymentsComponentIsRefusedWithLineHostAndHolder) {
  const TwoManifests world;
  EXPECT_TRUE(has(world.refused(),
                  "test:1:1: component `blog` uses port 10000 on host h2, which the component `shop` was deployed with "
                  "there (it serves by shop@blue.service); give `blog` its own"));
}

TEST(HostClaims, EachOfThePortsCounts) {
  for (const model::Ports& ports :
       {model::Ports{10'000, 1, 2}, model::Ports{1, 10'001, 2}, model::Ports{1, 2, 10'002}}) {
    TwoManifests world;
    world.ports() = ports;
    EXPECT_TRUE(has(world.refused(), "which the component `shop` was deployed with"));
  }
  TwoManifests world;
  world.ports() = {1, 2, 3};
  EXPECT_EQ(world.refused(), "(accepted)");
}

TEST(HostClaims, APortWithoutASwitchIsKnownToo) {
  PlanBuilderOptions options;
  options.strategy = model::Strategy::recreate;
  EXPECT_TRUE(has(TwoManifests(options).refused(), "port 10000 on host h2"));
}

TEST(HostClaims, WhatWasStoppedByHandHoldsNoPort) {
  TwoManifests world;
  world.shop_fact().unit_state = "inactive";
  EXPECT_EQ(world.refused(), "(accepted)");
  world.facts.inventory.at(HostId("h2")).clear();
  EXPECT_EQ(world.refused(), "(accepted)");
}

/// With other ports too: the one that it serves on would be nobody's from then on.
TEST(HostClaims, AUnitOfOurOwnIsNotAdopted) {
  for (const std::string unit : {"shop@blue.service", "shop@green.service"}) {
    TwoManifests world;
    world.ports() = {1, 2, 3};
    world.blog.components[0].adopt_unit = unit;
    EXPECT_TRUE(has(world.refused(), "test:1:1: component `blog` adopts the unit " + unit +
                                         " of host h2, which Switchyard itself deployed the component `shop` with; "
                                         "`adopt` is for what runs without Switchyard"));
  }
}

/// An instance of a template of the same name is no slot, and stays in the manifest when it was adopted.
TEST(HostClaims, AStrangersUnitMayStillBeAdopted) {
  TwoManifests world;
  world.ports() = {1, 2, 3};
  for (const std::string unit : {"shop@1.service", "shop.service", "blog.service"}) {
    world.blog.components[0].adopt_unit = unit;
    EXPECT_EQ(world.refused(), "(accepted)") << unit;
  }
}

TEST(HostClaims, OnlyTheHoldersOfWantedPortsAreAskedAbout) {
  TwoManifests world;
  const InventoryQuestions questions = inventory_questions(host_claims(world.blog, world.facts));
  ASSERT_EQ(questions.size(), 1u);
  ASSERT_EQ(questions.at(HostId("h2")).size(), 1u);
  EXPECT_EQ(questions.at(HostId("h2"))[0].component, "shop");
  EXPECT_EQ(questions.at(HostId("h2"))[0].traffic.stable_port, 10'000);
  world.ports() = {1, 2, 3};
  EXPECT_TRUE(inventory_questions(host_claims(world.blog, world.facts)).empty());
}

/// Both would start and stop the same units, and remove each other's drop-ins.
TEST(HostClaims, ATemplateUnitOfAnotherDeploymentsComponentIsRefused) {
  TwoManifests world;
  world.ports() = {1, 2, 3};
  world.blog.components[0].service.unit = "shop@.service";
  EXPECT_TRUE(has(world.refused(),
                  "component `blog` uses unit shop@.service on host h2, which the component `shop` was deployed with "
                  "there (it serves by shop@blue.service); give `blog` its own"));
  world.blog.components[0].service.unit = "other@.service";
  EXPECT_EQ(world.refused(), "(accepted)");
}

TEST(HostClaims, AServerOfAnHaproxyBackendBelongsToOneComponent) {
  const auto behind_haproxy = [](model::Manifest& manifest, const std::string& blue) {
    manifest.components[0].traffic = model::TrafficKind::haproxy;
    manifest.components[0].haproxy = {"/run/haproxy/admin.sock", "web", blue, blue + "-green"};
  };
  TwoManifests world;
  behind_haproxy(world.shop, "one");
  PlanningFacts before = facts_for(world.shop);
  world.facts.history.clear();
  remember_plan(plan_deployment(world.shop, before, {}), world.facts);
  world.ports() = {1, 2, 3};
  behind_haproxy(world.blog, "one");
  EXPECT_TRUE(has(world.refused(),
                  "component `blog` uses HAProxy server one of backend web (/run/haproxy/admin.sock) on host h2, which "
                  "the component `shop` was deployed with there"));
  behind_haproxy(world.blog, "two");
  EXPECT_EQ(world.refused(), "(accepted)");
}

TEST(HostClaims, TwoPlansClashOnAHostWhereBothUseTheSame) {
  const model::Plan shop = plan_from_text("shop@h1,h2");
  const model::Plan blog = plan_from_text("blog@h2");  // the builder gives both the same ports
  const auto clash = find_clash(blog, shop);
  ASSERT_TRUE(clash.has_value());
  EXPECT_EQ(clash->host, HostId("h2"));
  EXPECT_EQ(clash->component, "blog");
  EXPECT_EQ(clash->what, "port 10000");
  EXPECT_EQ(clash->holder, "shop");
  EXPECT_FALSE(find_clash(plan_from_text("blog@h3"), shop).has_value());
  EXPECT_FALSE(find_clash(shop, shop).has_value()) << "the locks keep a component from being changed twice";
}

/// A manifest may move a component off a slot's port that does not serve, and give that to another.
TEST(HostClaims, AFreeSlotsPortMayChangeHandsWithinAManifest) {
  model::Manifest manifest = manifest_from_text("shop@h1 + blog@h1");
  PlanningFacts facts = facts_for(manifest_from_text("shop@h1"));
  remember_plan(plan_deployment(manifest_from_text("shop@h1"), facts, {}), facts);
  facts.artifacts = facts_for(manifest).artifacts;
  facts.inventory.at(HostId("h1")).front().serving.slot = "green";
  manifest.components[0].ports = {10'000, 20'001, 10'002};
  manifest.components[1].ports = {30'000, 10'001, 30'002};
  EXPECT_EQ(refusal([&] { check_host_claims(manifest, facts); }), "(accepted)");
  manifest.components[1].ports = {30'000, 10'002, 30'002};
  EXPECT_TRUE(has(refusal([&] { check_host_claims(manifest, facts); }), "port 10002"));
}

}  // namespace switchyard::planner
