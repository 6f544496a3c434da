#include <gtest/gtest.h>

#include <algorithm>

#include "common/limits_snapshots.hpp"
#include "coordinator/planner/deployment_planner.hpp"
#include "coordinator/planner/manifest_reader.hpp"
#include "protocol/version.hpp"
#include "tests/support/plan_builder.hpp"
#include "tests/support/refusal.hpp"
#include "tests/unit/coordinator_planner/plan_view.hpp"

// Files on the host that no slot keeps apart: saved first, restored last.
namespace switchyard::planner {

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

const Texts files = {"/etc/api/api.conf", "/srv/api/state"};

struct Deployed {
  explicit Deployed(model::Strategy strategy = model::Strategy::blue_green)
      : manifest(manifest_from_text("api@h1", {.strategy = strategy})) {
    manifest.components[0].files_to_backup = files;
    facts = facts_for(manifest);
    plan = plan_deployment(manifest, facts, {});
  }
  /// Undoes it while its release serves.
  model::Plan rolled_back() {
    const protocol::SliceComponent& api = component_on(plan, "api", "h1");
    facts.deployment = DeploymentId("d-00000000000000bb");
    protocol::ComponentFact fact;
    fact.component = "api";
    fact.serving = {protocol::OldKind::release, api.slot, api.release, api.unit};
    fact.unit_state = "active";
    facts.inventory[HostId("h1")] = {fact};
    return plan_rollback(plan, {}, facts, {});
  }

  model::Manifest manifest;
  PlanningFacts facts;
  model::Plan plan;
};

std::string read_files(const std::string& list) {
  return refusal([&] {
    read_manifest(
        "metadata: {name: x}\ncomponents:\n  - {name: a, service: {command: [bin/a], user: www}, "
        "files_to_backup: [" +
            list + "]}\n",
        "f.yaml");
  });
}

std::size_t place_of(const Texts& all, const std::string& title) {
  return static_cast<std::size_t>(std::find(all.begin(), all.end(), title) - all.begin());
}

}  // namespace

TEST(FilesToBackup, AreSavedBeforeAnythingIsChangedAndRestoredLast) {
  const Deployed deployed;
  const protocol::SliceComponent& api = component_on(deployed.plan, "api", "h1");
  EXPECT_EQ(titles(api, Phase::prepare)[1], "save files of api") << "right after what serves was verified";
  const protocol::Step step = step_titled(api, "save files of api");
  const std::string id = deployed.plan.deployment.str();
  EXPECT_EQ(std::get<protocol::Snapshot>(step.action), (protocol::Snapshot{"api", id, files, ""}));
  EXPECT_EQ(std::get<protocol::Restore>(step.undo.value()), (protocol::Restore{"api", id, files}));
}

TEST(FilesToBackup, AreRestoredByARollbackWhichSavesThemFirst) {
  Deployed deployed;
  const std::string done = deployed.plan.deployment.str();
  const model::Plan back = deployed.rolled_back();
  const protocol::SliceComponent& api = component_on(back, "api", "h1");
  const std::string id = back.deployment.str();
  ASSERT_NE(id, done);
  EXPECT_EQ(std::get<protocol::Snapshot>(step_titled(api, "save files of api").action),
            (protocol::Snapshot{"api", id, files, done}))
      << "what is to be restored is proven whole in the preparation";
  const protocol::Step step = step_titled(api, "restore files of api");
  EXPECT_EQ(step.phase, Phase::swap);
  EXPECT_EQ(std::get<protocol::Restore>(step.action), (protocol::Restore{"api", done, files}));
  EXPECT_EQ(std::get<protocol::Restore>(step.undo.value()), (protocol::Restore{"api", id, files}));
  const Texts swap = titles(api, Phase::swap);
  EXPECT_LT(place_of(swap, "restore files of api"), place_of(swap, "switch api to blue"));
}

/// The old service reads its files when it starts, and the one that stops may have written them at its end.
TEST(FilesToBackup, AreRestoredBetweenStopAndStartOfWhatIsRestarted) {
  Deployed deployed(model::Strategy::recreate);
  const protocol::SliceComponent& api = component_on(deployed.plan, "api", "h1");
  Texts undos;
  for (auto step = api.steps.rbegin(); step != api.steps.rend(); ++step) {
    if (step->phase != Phase::swap || !step->undo) continue;
    if (std::holds_alternative<protocol::Restore>(*step->undo)) undos.push_back("restore");
    if (const auto* unit = std::get_if<protocol::EnsureUnit>(&*step->undo)) {
      undos.push_back(unit->state == protocol::UnitState::stopped ? "stop" : "start");
    }
  }
  EXPECT_EQ(undos, (Texts{"stop", "restore", "start"}));

  const protocol::SliceComponent& back = component_on(deployed.rolled_back(), "api", "h1");
  const Texts swap = titles(back, Phase::swap);
  EXPECT_LT(place_of(swap, "stop " + api.unit), place_of(swap, "restore files of api"));
  EXPECT_LT(place_of(swap, "restore files of api"), place_of(swap, "start " + api.old.unit));
  EXPECT_LT(place_of(swap, "start " + api.old.unit), swap.size());
}

TEST(FilesToBackup, NeedAnAgentThatKnowsHow) {
  const Deployed deployed;
  const Texts needed = protocol::features_needed(deployed.plan.slices.at(HostId("h1")));
  EXPECT_NE(std::find(needed.begin(), needed.end(), "snapshots"), needed.end());
}

TEST(FilesToBackup, AreAbsolutePathsEachOfThemOnce) {
  EXPECT_EQ(read_files("/etc/a.conf, /srv/a/b"), "(accepted)");
  for (const std::string bad : {"etc/a.conf", "/", "/etc/../shadow", "/etc/", "\"/etc/a b\"", "/etc//a"}) {
    EXPECT_TRUE(has(read_files(bad), "must be the absolute path of a file on the host")) << bad;
  }
  EXPECT_TRUE(has(read_files("/etc/a, /etc/a"), "is there twice"));
  std::string many;
  for (std::size_t i = 0; i <= limits::snapshot_files_max; ++i) many += "/etc/" + std::to_string(i) + ", ";
  EXPECT_TRUE(has(read_files(many), "at most 64 are saved"));
}

}  // namespace switchyard::planner
