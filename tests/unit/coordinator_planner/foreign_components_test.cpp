#include "coordinator/planner/foreign_components.hpp"

#include <gtest/gtest.h>

#include "tests/support/plan_builder.hpp"
#include "tests/support/refusal.hpp"

namespace switchyard::planner {

using switchyard::testing::facts_for;
using switchyard::testing::has;
using switchyard::testing::manifest_from_text;
using switchyard::testing::refusal;

namespace {

/// `shop` serves on h1 for the environment `production`; the manifest deploys it for `testing`.
struct TwoEnvironments {
  TwoEnvironments() {
    model::ServingRow row;
    row.host = HostId("h1");
    row.environment = "production";
    row.component = "shop";
    row.serving = fact().serving;
    row.deployment = DeploymentId("d-1");
    facts.committed = {row};
  }
  std::string refused() const {
    return refusal([&] { plan_deployment(manifest, facts, {}); });
  }
  protocol::ComponentFact& fact() { return facts.inventory.at(HostId("h1")).front(); }

  model::Manifest manifest = manifest_from_text("shop@h1,h2");
  PlanningFacts facts = facts_for(manifest);
};

}  // namespace

TEST(ForeignComponents, WhatServesForAnotherEnvironmentIsRefusedWithLineHostAndHolder) {
  const TwoEnvironments world;
  EXPECT_TRUE(
      has(world.refused(),
          "test:1:1: component `shop` serves on host h1 for the environment `production` (by shop@blue.service, "
          "deployed by d-1), and `testing` would take it over; give the component another name or other hosts "
          "in `testing`, or, if `production` is to give it up, stop and disable shop@blue.service on that host "
          "first"));
}

TEST(ForeignComponents, AServiceThatCrashedIsStillItsEnvironments) {
  TwoEnvironments world;
  world.fact().unit_state = "failed";
  EXPECT_TRUE(has(world.refused(), "for the environment `production`"));
}

TEST(ForeignComponents, WhatWasStoppedByHandOrIsNotThereIsFree) {
  TwoEnvironments world;
  world.fact().unit_state = "inactive";
  EXPECT_EQ(world.refused(), "(accepted)");
  world.facts.inventory.at(HostId("h1")).clear();
  EXPECT_EQ(world.refused(), "(accepted)");
}

TEST(ForeignComponents, WhatWentBackToNothingOrToWhatRanBeforeIsFree) {
  for (const auto kind : {protocol::OldKind::absent, protocol::OldKind::legacy}) {
    TwoEnvironments world;
    world.facts.committed[0].serving.kind = kind;
    EXPECT_EQ(world.refused(), "(accepted)");
  }
}

TEST(ForeignComponents, OnlyTheSameComponentOnTheSameHostCounts) {
  TwoEnvironments world;
  world.manifest.components[0].hosts = {HostId("h2")};
  EXPECT_EQ(world.refused(), "(accepted)");
  TwoEnvironments other;
  other.facts.committed[0].component = "blog";
  EXPECT_EQ(other.refused(), "(accepted)");
  TwoEnvironments own;
  own.facts.committed[0].environment = "testing";
  EXPECT_EQ(own.refused(), "(accepted)");
}

/// It may be left out for now, and would be brought to the other environment's release when it is back.
TEST(ForeignComponents, OfAHostThatDoesNotAnswerWhatWasCommittedCounts) {
  TwoEnvironments world;
  world.manifest.settings.unreachable = model::Unreachable::defer;
  world.manifest.settings.defer_max = 1;
  world.facts.inventory.erase(HostId("h1"));
  world.facts.unreachable = {HostId("h1")};
  EXPECT_TRUE(has(world.refused(), "for the environment `production`"));
}

}  // namespace switchyard::planner
