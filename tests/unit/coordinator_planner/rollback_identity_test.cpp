// Rollbacks among deployments of the same bytes, which differ in what they are configured with.
#include <gtest/gtest.h>

#include "coordinator/planner/deployment_planner.hpp"
#include "coordinator/planner/host_history.hpp"
#include "tests/support/plan_builder.hpp"
#include "tests/support/refusal.hpp"
#include "tests/unit/coordinator_planner/plan_view.hpp"

namespace switchyard::planner {
namespace {

using protocol::OldKind;
using switchyard::testing::facts_for;
using switchyard::testing::has;
using switchyard::testing::manifest_from_text;
using switchyard::testing::refusal;
using switchyard::testing::release_of;
using testing::component_on;

/// `api` on one host, deployed and rolled back again and again.
class Life {
 public:
  Life() : manifest_(manifest_from_text("api@h1")), facts_(facts_for(manifest_, {.first = true})) {}

  model::Manifest coloured(const std::string& colour) const {
    model::Manifest manifest = manifest_;
    manifest.components[0].service.environment = {{"COLOUR", colour}};
    return manifest;
  }
  /// The same bytes each time.
  model::Plan deploy(const std::string& colour) {
    begin();
    return carried_out(plan_deployment(coloured(colour), facts_, {}));
  }
  model::Plan roll_back(const model::Plan& done) {
    begin();
    return carried_out(plan_rollback(done, {}, facts_));
  }
  /// To what a manifest of that colour says.
  model::Plan roll_back_to(const std::string& colour, const model::Plan& done) {
    begin();
    const BringBack back{HostId("h1"), coloured(colour), facts_.artifacts.at("api")};
    return plan_rollback(done, {}, facts_, {back});
  }
  std::string why_not_rolled_back(const model::Plan& done) {
    return refusal([&] { plan_rollback(done, {}, facts_); });
  }

 private:
  /// Each has an id of its own, and with it each of its steps.
  void begin() { facts_.deployment = DeploymentId("d-000000000000000" + std::to_string(++number_)); }
  model::Plan carried_out(model::Plan plan) {
    const protocol::SliceComponent api = component_on(plan, "api", "h1");
    protocol::ComponentFact fact;
    fact.component = "api";
    if (!api.release.empty()) fact.serving = {OldKind::release, api.slot, api.release, api.unit};
    fact.unit_state = "active";
    facts_.inventory[HostId("h1")] = {fact};
    auto& history = facts_.history[HostId("h1")];
    history.insert(history.begin(), api);
    return plan;
  }

  model::Manifest manifest_;
  PlanningFacts facts_;
  int number_ = 0;
};

std::string unit_text(const model::Plan& plan) {
  const protocol::SliceComponent api = component_on(plan, "api", "h1");
  const protocol::EnsureFile* file = find_unit_file(api);
  return file == nullptr ? "(no unit file)" : file->content;
}

TEST(RollbackIdentity, RestoresTheConfigurationOfThenThoughTheSameBytesCameIntoItsSlotSince) {
  Life life;
  const model::Plan red = life.deploy("red");
  const model::Plan green = life.deploy("green");
  const model::Plan grey = life.deploy("grey");  // into the slot in which red was
  EXPECT_EQ(unit_text(life.roll_back(grey)), unit_text(green));
  EXPECT_EQ(unit_text(life.roll_back(green)), unit_text(red));
}

TEST(RollbackIdentity, GoesForwardAgainToWhatWasUndone) {
  Life life;
  life.deploy("red");
  const model::Plan green = life.deploy("green");
  const model::Plan back = life.roll_back(green);
  EXPECT_EQ(unit_text(life.roll_back(back)), unit_text(green));
}

TEST(RollbackIdentity, IsOvertakenByTheSameBytesWithAnotherConfiguration) {
  Life life;
  const model::Plan red = life.deploy("red");
  const model::Plan green = life.deploy("green");
  life.deploy("grey");
  EXPECT_TRUE(has(life.why_not_rolled_back(red), "was changed after this deployment")) << "in the same slot";
  EXPECT_TRUE(has(life.why_not_rolled_back(green), "was changed after this deployment"))
      << "the bytes of before serve, and not what served before";
}

TEST(RollbackIdentity, HasNothingToDoWhereWhatServedBeforeServesAgain) {
  Life life;
  life.deploy("red");
  const model::Plan green = life.deploy("green");
  life.roll_back(green);
  EXPECT_EQ(life.why_not_rolled_back(green), "(accepted)");
}

TEST(RollbackIdentity, OfAVersionWithTheSameBytesBringsItsConfiguration) {
  Life life;
  life.deploy("red");
  life.deploy("green");
  const model::Plan grey = life.deploy("grey");
  const model::Plan back = life.roll_back_to("red", grey);
  ASSERT_EQ(back.slices.size(), 1u);
  EXPECT_NE(unit_text(back).find("COLOUR=red"), std::string::npos) << unit_text(back);
}

TEST(RollbackIdentity, OfAVersionThatServesAlreadyHasNothingToDo) {
  Life life;
  life.deploy("red");
  const model::Plan green = life.deploy("green");
  EXPECT_TRUE(life.roll_back_to("green", green).slices.empty());
}

/// The host has gone back alone, to what was before: that is not the version that is asked for.
TEST(RollbackIdentity, OfAVersionLeadsThereAlsoFromWhatServedBefore) {
  Life life;
  life.deploy("red");
  life.deploy("green");
  const model::Plan grey = life.deploy("grey");
  life.roll_back(grey);
  EXPECT_NE(unit_text(life.roll_back_to("red", grey)).find("COLOUR=red"), std::string::npos);
}

}  // namespace
}  // namespace switchyard::planner
