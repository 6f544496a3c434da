// A snapshot is brought back: by a plan that reads back what it has done.
#include <gtest/gtest.h>

#include <algorithm>

#include "common/limits.hpp"
#include "coordinator/planner/deployment_planner.hpp"
#include "protocol/version.hpp"
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
using testing::component_on;
using testing::node_texts;
using testing::step_titled;
using testing::titles;

using Texts = std::vector<std::string>;

namespace {

const Texts saved_files = {"/etc/api/api.conf", "/srv/api/state"};

/// Release `...1` was saved; the hosts serve it still, in slot blue.
struct Saved {
  explicit Saved(const std::string& text, const PlanBuilderOptions& options = {})
      : manifest(manifest_from_text(text, options)), facts(facts_for(manifest, options)) {
    facts.artifacts.clear();
    facts.deployment = DeploymentId("d-00000000000000bb");
    snapshot.id = SnapshotId("s-0123456789abcdef");
    snapshot.name = "shop";
    snapshot.environment = manifest.environment;
    snapshot.parts = {part(manifest, '1')};
  }
  static PartToRestore part(const model::Manifest& of, char version) {
    PartToRestore made{of, {}, {}};
    for (const model::Component& component : of.components) {
      made.artifacts[component.name] = {release_of(component.name, version), 1'000, 2'000};
    }
    return made;
  }
  /// Another release was deployed since, into the other slot.
  void deploy(char version) {
    for (auto& [host, inventory] : facts.inventory) {
      for (protocol::ComponentFact& fact : inventory) {
        fact.serving = {OldKind::release, "green", release_of(fact.component, version),
                        fact.component + "@green.service"};
      }
    }
  }
  void keep_files(const std::string& host) { snapshot.parts[0].files[{HostId(host), "api"}] = saved_files; }
  model::Plan plan() const { return plan_restore(snapshot, facts); }

  model::Manifest manifest;
  PlanningFacts facts;
  SnapshotToRestore snapshot;
};

std::size_t index_of(const Texts& all, const std::string& title) {
  return static_cast<std::size_t>(std::find(all.begin(), all.end(), title) - all.begin());
}

model::HookCommand hook_called(const std::string& name, protocol::HookPhase phase) {
  model::HookCommand hook;
  hook.name = name;
  hook.phase = phase;
  hook.command = {"/usr/bin/tell"};
  hook.user = "www";
  hook.timeout_ms = 4'000;
  hook.critical = model::may_object(phase);
  return hook;
}

bool mentions(const protocol::SliceComponent& component, const std::string& word) {
  return std::any_of(component.steps.begin(), component.steps.end(),
                     [&](const protocol::Step& step) { return has(step.title, word); });
}

}  // namespace

TEST(RestorePlanner, BringsEveryHostToWhatItServedThen) {
  Saved saved("api@h1,h2 > web@h1");
  saved.deploy('2');
  const model::Plan plan = saved.plan();
  EXPECT_EQ(plan.name, "shop");
  EXPECT_EQ(plan.environment, "testing");
  EXPECT_EQ(node_texts(plan), (Texts{"api@h1,h2", "web@h1 <0"}));
  for (const char* host : {"h1", "h2"}) {
    const protocol::SliceComponent api = component_on(plan, "api", host);
    EXPECT_EQ(api.release, release_of("api", '1'));
    EXPECT_EQ(api.slot, "blue");
    EXPECT_EQ(api.old.release, release_of("api", '2'));
  }
  EXPECT_EQ(component_on(plan, "web", "h1").release, release_of("web", '1'));
}

TEST(RestorePlanner, ReadsBackWhatServesAndRemovesNothing) {
  Saved saved("api@h1");
  saved.deploy('2');
  const protocol::SliceComponent api = component_on(saved.plan(), "api", "h1");
  const auto read_back = std::get<protocol::VerifyOld>(step_titled(api, "verify what serves now").action);
  EXPECT_EQ(read_back.expected,
            (protocol::OldState{OldKind::release, "blue", release_of("api", '1'), "api@blue.service"}));
  EXPECT_EQ(read_back.traffic.kind, protocol::SwitchKind::nftables);
  for (const protocol::Step& step : api.steps) {
    EXPECT_FALSE(std::holds_alternative<protocol::Prune>(step.action)) << "one may want the newer release again";
  }
}

TEST(RestorePlanner, LeavesAloneWhatIsSoAlready) {
  Saved saved("api@h1,h2");
  EXPECT_TRUE(saved.plan().slices.empty());
  saved.facts.inventory[HostId("h2")][0].serving.release = release_of("api", '2');
  const model::Plan plan = saved.plan();
  EXPECT_FALSE(plan.slices.contains(HostId("h1")));
  EXPECT_EQ(component_on(plan, "api", "h2").release, release_of("api", '1'));
}

/// The service has to read its files: so it begins anew, in the other slot, after they are back.
TEST(RestorePlanner, RestoresFilesBeforeTheServiceStartsThatReadsThem) {
  Saved saved("api@h1,h2");
  saved.keep_files("h1");
  const model::Plan plan = saved.plan();
  EXPECT_FALSE(plan.slices.contains(HostId("h2"))) << "nothing was kept there, and it serves already";
  const protocol::SliceComponent api = component_on(plan, "api", "h1");
  EXPECT_EQ(api.slot, "green");
  EXPECT_EQ(api.release, release_of("api", '1'));
  const std::string own = plan.deployment.str();
  EXPECT_EQ(std::get<protocol::Snapshot>(step_titled(api, "save files of api").action),
            (protocol::Snapshot{"api", own, saved_files, "s-0123456789abcdef"}))
      << "the copies are proven whole in the preparation, and what is there now is kept for the way back";
  const protocol::Step restore = step_titled(api, "restore files of api");
  EXPECT_EQ(restore.phase, Phase::swap);
  EXPECT_EQ(std::get<protocol::Restore>(restore.action), (protocol::Restore{"api", "s-0123456789abcdef", saved_files}));
  EXPECT_EQ(std::get<protocol::Restore>(restore.undo.value()), (protocol::Restore{"api", own, saved_files}));
  const Texts swap = titles(api, Phase::swap);
  EXPECT_LT(index_of(swap, "restore files of api"), index_of(swap, "start api@green.service"));
  EXPECT_LT(index_of(swap, "start api@green.service"), index_of(swap, "switch api to green"));
  EXPECT_LT(index_of(swap, "switch api to green"), index_of(swap, "verify what serves now"));
  EXPECT_LT(index_of(swap, "verify what serves now"), swap.size());
  EXPECT_EQ(index_of(titles(api, Phase::prepare), "start api@green.service"), titles(api, Phase::prepare).size());
  const Texts needed = protocol::features_needed(plan.slices.at(HostId("h1")));
  EXPECT_NE(std::find(needed.begin(), needed.end(), "snapshots"), needed.end());
}

TEST(RestorePlanner, RestoresFilesBetweenStopAndStartOfWhatHasNoSwitch) {
  PlanBuilderOptions options;
  options.strategy = model::Strategy::recreate;
  Saved saved("api@h1", options);
  saved.keep_files("h1");
  saved.deploy('2');
  const Texts swap = titles(component_on(saved.plan(), "api", "h1"), Phase::swap);
  EXPECT_LT(index_of(swap, "stop api@green.service"), index_of(swap, "restore files of api"));
  EXPECT_LT(index_of(swap, "restore files of api"), index_of(swap, "start api@blue.service"));
  EXPECT_LT(index_of(swap, "start api@blue.service"), swap.size());
}

/// A later deployment of some hosts, or of some components: what was saved came from several.
TEST(RestorePlanner, PutsThePartsOfSeveralDeploymentsIntoOneGraph) {
  Saved saved("api@h1,h2 > web@h1");
  saved.deploy('9');
  model::Manifest newer = saved.manifest;
  std::erase_if(newer.components, [](const model::Component& component) { return component.name != "api"; });
  newer.components[0].hosts = {HostId("h2")};
  newer.settings.watch_ms = 77'000;
  model::Manifest older = saved.manifest;
  older.components[0].hosts = {HostId("h1")};
  saved.snapshot.parts = {Saved::part(newer, '2'), Saved::part(older, '1')};
  const model::Plan plan = saved.plan();
  EXPECT_EQ(component_on(plan, "api", "h1").release, release_of("api", '1'));
  EXPECT_EQ(component_on(plan, "api", "h2").release, release_of("api", '2'));
  EXPECT_EQ(component_on(plan, "web", "h1").release, release_of("web", '1'));
  EXPECT_EQ(node_texts(plan), (Texts{"api@h2,h1", "web@h1 <0"}));
  EXPECT_EQ(plan.settings.watch_ms, 77'000u) << "of the newest of them";
}

/// What belongs to going forward was done when the release came.
TEST(RestorePlanner, GoesBackAsARollbackOfWhatServesWould) {
  using protocol::HookPhase;
  Saved saved("api@h1");
  model::Manifest newer = saved.manifest;
  newer.components[0].hooks = {hook_called("new", HookPhase::pre_rollback),
                               hook_called("new", HookPhase::post_rollback), hook_called("new", HookPhase::pre_switch)};
  remember_plan(plan_deployment(newer, facts_for(newer), {}), saved.facts);
  saved.deploy('2');
  model::Manifest& older = saved.snapshot.parts[0].manifest;
  older.components[0].hooks = {hook_called("old", HookPhase::pre_rollback), hook_called("old", HookPhase::pre_switch)};
  older.components[0].runs = {{"migrate", Phase::prepare, {"bin/migrate"}, {}, "www", 4'000, ""}};
  model::HealthCheck smoke;
  smoke.probe.name = "smoke";
  smoke.probe.tier = 1;
  smoke.probe.kind = protocol::HttpProbe{"http://127.0.0.1:5000/", {}, "", {}};
  older.components[0].health_checks.push_back(smoke);
  older.settings.run_tests = model::RunTests::full;
  const protocol::SliceComponent api = component_on(saved.plan(), "api", "h1");
  EXPECT_EQ(titles(api, Phase::swap).front(), "hook new (pre_rollback)");
  EXPECT_EQ(titles(api, Phase::commit).back(), "hook new (post_rollback)");
  EXPECT_FALSE(mentions(api, "hook old"));
  EXPECT_FALSE(mentions(api, "pre_switch"));
  EXPECT_FALSE(mentions(api, "migrate"));
  EXPECT_FALSE(mentions(api, "smoke"));
}

TEST(RestorePlanner, HasTimeForAStartInTheSwapWhateverTheManifestGaveTheSwitch) {
  Saved saved("api@h1");
  saved.snapshot.parts[0].manifest.settings.confirm_ms = 10'000;
  saved.deploy('2');
  EXPECT_EQ(saved.plan().settings.confirm_ms, limits::lease_ms_default);
}

TEST(RestorePlanner, BringsACanaryBackInOneStage) {
  PlanBuilderOptions options;
  options.strategy = model::Strategy::canary;
  Saved saved("api@h1", options);
  saved.deploy('2');
  const model::Plan plan = saved.plan();
  EXPECT_EQ(component_on(plan, "api", "h1").stages, 1u);
  for (const model::PlanNode& node : plan.nodes) EXPECT_FALSE(node.pauses());
}

TEST(RestorePlanner, LeavesNoHostBehind) {
  Saved saved("api@h1,h2,h3");
  saved.deploy('2');
  saved.manifest.settings.unreachable = model::Unreachable::defer;
  saved.manifest.settings.defer_max = 3;
  saved.snapshot.parts = {Saved::part(saved.manifest, '1')};
  saved.facts.inventory.erase(HostId("h2"));
  saved.facts.inventory.erase(HostId("h3"));
  saved.facts.unreachable = {HostId("h2"), HostId("h3")};
  EXPECT_THROW(saved.plan(), HostAwayError);
  EXPECT_TRUE(has(refusal([&] { saved.plan(); }), "do not answer: h2, h3"));
}

TEST(RestorePlanner, TakesNothingFromAnotherEnvironment) {
  Saved saved("api@h1");
  saved.deploy('2');
  model::ServingRow row;
  row.host = HostId("h1");
  row.environment = "production";
  row.component = "api";
  row.serving = saved.facts.inventory[HostId("h1")][0].serving;
  saved.facts.committed = {row};
  EXPECT_TRUE(has(refusal([&] { saved.plan(); }), "for the environment `production`"));
}

TEST(RestorePlanner, OfNothingIsRefused) {
  Saved saved("api@h1");
  saved.snapshot.parts.clear();
  EXPECT_TRUE(has(refusal([&] { saved.plan(); }), "no place that is left"));
}

}  // namespace switchyard::planner
