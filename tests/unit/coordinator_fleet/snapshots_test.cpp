// Snapshots: what its hosts say is written down, stays whole or is refused, and is brought back.
#include <gtest/gtest.h>

#include "common/limits_snapshots.hpp"
#include "coordinator/fleet/artifact_pruner.hpp"
#include "coordinator/fleet/rollback_targets.hpp"
#include "coordinator/fleet/snapshot_rules.hpp"
#include "tests/unit/coordinator_fleet/approvals_fixture.hpp"
#include "tests/unit/coordinator_fleet/snapshots_fixture.hpp"

namespace switchyard::fleet {
namespace {

using model::DeploymentKind;
using model::DeploymentState;
using State = PlaceNow::State;

/// The restore's plan of one component on one host.
protocol::SliceComponent planned_part(FleetWorld& world, const DeploymentId& id, const std::string& host,
                                      const std::string& component = "api") {
  const std::optional<model::Plan> plan = world.store().plan(id);
  for (const protocol::SliceComponent& part : plan->slices.at(HostId(host)).components) {
    if (part.name == component) return part;
  }
  return {};
}

template <class Kind>
std::vector<Kind> actions_of(const protocol::SliceComponent& part) {
  std::vector<Kind> found;
  for (const protocol::Step& step : part.steps) {
    if (const auto* action = std::get_if<Kind>(&step.action)) found.push_back(*action);
  }
  return found;
}

// --- making one
// --------------------------------------------------------------------------------------------------------

TEST_F(SnapshotsTest, SayWhatTheHostsSaid) {
  const DeploymentId deployed = deploy("1.0").row.id;
  const SnapshotView view = created();
  EXPECT_TRUE(view.row.id.str().starts_with("s-"));
  EXPECT_EQ(view.row.environment, "production");
  EXPECT_EQ(view.row.name, "shop");
  EXPECT_EQ(view.row.author, FleetWorld::caller.principal);
  EXPECT_EQ(view.row.reason, "before the sale");
  EXPECT_TRUE(view.whole);
  ASSERT_EQ(view.row.places.size(), 2u);
  const model::SnapshotPlace& place = view.row.places[1];
  EXPECT_EQ(place.host.str(), "web-2");
  EXPECT_EQ(place.component, "api");
  EXPECT_EQ(place.serving, world.agent("web-2").serving.at("api"));
  EXPECT_EQ(place.version, "1.0");
  EXPECT_EQ(place.unit_state, "active");
  EXPECT_EQ(place.enablement, "enabled");
  EXPECT_EQ(place.configuration, "");
  EXPECT_EQ(place.deployment, deployed);
  EXPECT_EQ(place.origin, deployed);
  EXPECT_EQ(world.store().snapshot(view.row.id), view.row);
  const auto rows = audited("snapshot.create");
  ASSERT_EQ(rows.size(), 1u);
  EXPECT_EQ(rows[0].entry.object, view.row.id.str());
  EXPECT_EQ(rows[0].entry.reason, "before the sale");
  EXPECT_EQ(rows[0].entry.details.at("checksum"), view.row.checksum) << "the audit chain witnesses it";
}

TEST_F(SnapshotsTest, NeedSomethingThatServes) {
  EXPECT_EQ(expect_refusal(create()).code, "nothing_serves");
  deploy("1.0");
  EXPECT_EQ(expect_refusal(create("", "blog")).code, "nothing_serves");
  EXPECT_EQ(expect_value(create("", "shop")).row.name, "shop");
}

TEST_F(SnapshotsTest, AreOfOneName) {
  deploy("1.0", "web-1");
  std::string blog = shop_manifest("1.0", "web-2");
  blog.replace(blog.find("name: shop"), 10, "name: blog");
  deploy_text("1.0", blog);
  const Refusal refusal = expect_refusal(create());
  EXPECT_EQ(refusal.code, "several_names");
  EXPECT_EQ(refusal.details.at("names"), "blog, shop");
  const SnapshotView view = expect_value(create("", "blog"));
  ASSERT_EQ(view.row.places.size(), 1u);
  EXPECT_EQ(view.row.places[0].host.str(), "web-2");
}

TEST_F(SnapshotsTest, AreNotMadeOfWhatNobodyHasSeen) {
  deploy("1.0");
  world.lose(world.agent("web-2"));
  EXPECT_EQ(expect_refusal(create()).code, "host_away");
  world.connect(world.agent("web-2"));
  world.run(1'000);
  world.agent("web-2").serving["api"].release = release("api", "another");
  EXPECT_EQ(expect_refusal(create()).code, "drifted");
  world.agent("web-2").serving["api"].release = release("api", "1.0");
  world.agent("web-2").unit_states["api"] = "failed";
  EXPECT_EQ(expect_refusal(create()).code, "drifted");
  EXPECT_TRUE(listed().empty());
  world.agent("web-2").unit_states.clear();
  expect_value(create());
}

TEST_F(SnapshotsTest, AreNotMadeWhileADeploymentIsAtWork) {
  deploy("1.0");
  expect_value(world.start(world.request(shop_manifest("2.0", "web-1, web-2", false, "", "{watch_seconds: 600}"),
                                         {{"api", release("api", "2.0")}}),
                           5'000));
  EXPECT_EQ(expect_refusal(create()).code, "locked");
}

TEST_F(SnapshotsTest, AreNotMadeOfAMix) {
  deploy("1.0");
  world.lose(world.agent("web-2"));
  deploy("2.0", "web-1, web-2", false, "", "{unreachable: {defer: 1}}");
  EXPECT_EQ(expect_refusal(create()).code, "not_settled");
  world.connect(world.agent("web-2"));
  world.run(120'000);
  EXPECT_EQ(created().row.places[1].serving.release, release("api", "2.0")) << "it has followed";
}

/// Only the newest manifest that changes nothing is what serves, whatever came of it.
TEST_F(SnapshotsTest, NameTheDeploymentThatWouldBringEachPlaceBack) {
  deploy("1.0");
  const DeploymentId second = deploy("2.0").row.id;
  const DeploymentId third = deploy("3.0").row.id;
  expect_value(world.roll_back(third));
  const SnapshotView view = created();
  EXPECT_EQ(view.row.places[0].serving.release, release("api", "2.0"));
  EXPECT_EQ(view.row.places[0].origin, second);
  EXPECT_NE(view.row.places[0].deployment, second) << "that is the rollback";
}

TEST_F(SnapshotsTest, OfWhatNoManifestBringsBackAreRefused) {
  const DeploymentId deployed = deploy("1.0").row.id;
  world.store().disk()->sources.erase(deployed);
  const Refusal refusal = expect_refusal(create());
  EXPECT_EQ(refusal.code, "no_origin");
  EXPECT_EQ(refusal.details.at("component"), "api");
}

// --- files
// -------------------------------------------------------------------------------------------------------------

TEST_F(SnapshotsTest, HaveTheFilesKeptOnTheirHosts) {
  deploy("1.0", "web-1, web-2", false, with_files);
  const SnapshotView view = created();
  for (const char* host : {"web-1", "web-2"}) {
    EXPECT_EQ(world.agent(host).copies, std::set<std::string>{"api " + view.row.id.str()}) << host;
  }
  EXPECT_EQ(view.row.places[0].files, (std::vector<std::string>{"/srv/api/state", "/etc/api.conf"}));
  EXPECT_EQ(view.row.places[0].files_present, 2u);
  const SnapshotView second = created();
  EXPECT_EQ(world.agent("web-1").copies.size(), 2u) << "one does not take the other's place";
}

/// Each order names the copies that its host is to keep, and must not forget the other's.
TEST_F(SnapshotsTest, ThatAreMadeAtTheSameTimeKeepTheFilesOfEachOther) {
  deploy("1.0", "web-1, web-2", false, with_files);
  std::set<std::string> made;
  for (int i = 0; i < 3; ++i) {
    world.operations().create_snapshot(
        FleetWorld::caller, {"production", "", "all at once"},
        [&](Answer<SnapshotView> given) { made.insert("api " + expect_value(std::move(given)).row.id.str()); });
  }
  world.run_until([&] { return made.size() == 3; });
  EXPECT_EQ(world.agent("web-1").copies, made);
  EXPECT_EQ(world.agent("web-2").copies, made);
}

TEST_F(SnapshotsTest, AreNotMadeWhenAFileCannotBeKept) {
  deploy("1.0", "web-1, web-2", false, with_files);
  world.agent("web-2").cannot_save = "no space left";
  const Refusal refusal = expect_refusal(create());
  EXPECT_EQ(refusal.code, "not_saved");
  EXPECT_EQ(refusal.details.at("host"), "web-2");
  EXPECT_NE(refusal.message.find("disk_full: no space left"), std::string::npos) << refusal.message;
  world.run(5'000);
  EXPECT_TRUE(world.agent("web-1").copies.empty()) << "what the other has kept goes again";
  EXPECT_TRUE(listed().empty());
  EXPECT_TRUE(audited("snapshot.create").empty());
}

TEST_F(SnapshotsTest, WithFilesNeedAnAgentThatKeepsThem) {
  deploy("1.0", "web-1, web-2", false, with_files);
  FakeAgent& old = world.agent("web-1");
  world.lose(old);
  std::erase(old.features, "file-saves");
  world.connect(old);
  world.run(1'000);
  const Refusal refusal = expect_refusal(create());
  EXPECT_EQ(refusal.code, "not_saved");
  EXPECT_NE(refusal.message.find("older version"), std::string::npos) << refusal.message;
  EXPECT_EQ(old.count<protocol::SaveFiles>(), 0u);
}

TEST_F(SnapshotsTest, BringTheFilesBackBeforeTheServiceStarts) {
  deploy("1.0", "web-1, web-2", false, with_files);
  const SnapshotId id = created().row.id;
  const model::DeploymentRow row = restored(id);
  for (const char* host : {"web-1", "web-2"}) {
    const protocol::SliceComponent part = planned_part(world, row.id, host);
    const auto saved = actions_of<protocol::Snapshot>(part);
    ASSERT_EQ(saved.size(), 1u);
    EXPECT_EQ(saved[0].needed, id.str()) << "proven whole in the preparation";
    EXPECT_EQ(saved[0].name, row.id.str());
    const auto back = actions_of<protocol::Restore>(part);
    ASSERT_EQ(back.size(), 1u);
    EXPECT_EQ(back[0].name, id.str());
    EXPECT_EQ(back[0].files, (std::vector<std::string>{"/srv/api/state", "/etc/api.conf"}));
  }
  EXPECT_EQ(serving("web-1"), release("api", "1.0"));
}

// --- bringing one back
// -------------------------------------------------------------------------------------------------

TEST_F(SnapshotsTest, OutliveLaterDeploymentsAndAreRestored) {
  deploy("1.0");
  const SnapshotId id = created().row.id;
  deploy("2.0");
  const DeploymentId third = deploy("3.0").row.id;
  const model::DeploymentRow row = restored(id);
  EXPECT_EQ(row.kind, DeploymentKind::restore);
  EXPECT_EQ(row.snapshot, id);
  EXPECT_EQ(row.name, "shop");
  EXPECT_EQ(row.version, "1.0");
  EXPECT_EQ(row.rollback_of, third);
  EXPECT_EQ(serving("web-1"), release("api", "1.0"));
  EXPECT_EQ(serving("web-2"), release("api", "1.0"));
  const auto started = audited("restore.start");
  ASSERT_EQ(started.size(), 1u);
  EXPECT_EQ(started[0].entry.reason, "test");
  EXPECT_EQ(started[0].entry.details.at("snapshot"), id.str());
}

TEST_F(SnapshotsTest, ReadBackWhatServesThen) {
  deploy("1.0");
  const SnapshotId id = created().row.id;
  deploy("2.0");
  const SnapshotView before = shown(id);
  ASSERT_EQ(before.now.size(), 2u);
  EXPECT_EQ(before.now[0].state, State::different);
  EXPECT_NE(before.now[0].differences.at(0).find(release("api", "2.0").str().substr(0, 12)), std::string::npos);
  EXPECT_EQ(before.now[0].present, true) << "its bytes are on the host still";
  EXPECT_TRUE(before.now[0].kept);
  EXPECT_EQ(before.why_not, "");
  const model::DeploymentRow row = restored(id);
  const auto read_back = actions_of<protocol::VerifyOld>(planned_part(world, row.id, "web-1"));
  ASSERT_EQ(read_back.size(), 2u) << "what serves before, and what serves then";
  EXPECT_EQ(read_back[1].expected.release, release("api", "1.0"));
  for (const PlaceNow& now : shown(id).now) EXPECT_EQ(now.state, State::same);
}

TEST_F(SnapshotsTest, OfPartsThatCameAtDifferentTimesComeBackInOneDeployment) {
  deploy("1.0", "web-1, web-2", true);
  DeployRequest part = world.request(shop_manifest("2.0", "web-1, web-2", true), {{"api", release("api", "2.0")}});
  part.components = {"api"};
  expect_value(world.start(part));
  const SnapshotView view = created();
  ASSERT_EQ(view.row.places.size(), 4u);
  EXPECT_NE(view.row.places[0].origin, view.row.places[1].origin);
  EXPECT_EQ(model::versions_of(view.row), "1.0, 2.0");
  deploy("3.0", "web-1, web-2", true);
  restored(view.row.id);
  for (const char* host : {"web-1", "web-2"}) {
    EXPECT_EQ(serving(host, "api"), release("api", "2.0"));
    EXPECT_EQ(serving(host, "web"), release("web", "1.0"));
  }
}

TEST_F(SnapshotsTest, BringTheConfigurationBackToo) {
  std::string manifest = shop_manifest("1.0", "web-1");
  const std::string command = "service: {command: [bin/server]";
  manifest.replace(manifest.find(command), command.size(), command + ", configuration: {format: json, file: a.json}");
  DeployRequest wanted = world.request(manifest, {{"api", release("api", "1.0")}});
  const auto configured = [&](const std::string& value) {
    wanted.configuration.environment = "production";
    wanted.configuration.components["api"] = {
        model::ConfigurationFormat::json,
        {{"key", {{model::ConfigurationPiece::Kind::text, "{\"key\": \"" + value + "\"}"}}}}};
    return expect_value(world.start(wanted)).row.id;
  };
  const auto digest_in = [&](const DeploymentId& id) {
    return actions_of<protocol::EnsureConfiguration>(planned_part(world, id, "web-1")).at(0).digest;
  };
  const DeploymentId first = configured("one");
  const SnapshotView view = created();
  EXPECT_EQ(view.row.places[0].configuration, digest_in(first));
  const DeploymentId second = configured("two");
  ASSERT_NE(digest_in(second), digest_in(first));
  EXPECT_EQ(serving("web-1"), release("api", "1.0")) << "the release is the same";
  const model::DeploymentRow row = restored(view.row.id);
  EXPECT_EQ(digest_in(row.id), digest_in(first));
  // A host that says which configuration its unit names is believed.
  world.agent("web-1").configurations["api"] = digest_in(second);
  EXPECT_EQ(shown(view.row.id).now[0].state, State::different);
  EXPECT_EQ(expect_refusal(create()).code, "no_origin") << "nobody knows how that unit came about";
}

TEST_F(SnapshotsTest, OfWhatServesAlreadyHaveNothingToDo) {
  deploy("1.0");
  const SnapshotId id = created().row.id;
  const model::DeploymentRow row = restored(id);
  EXPECT_TRUE(world.store().plan(row.id)->slices.empty());
  EXPECT_EQ(row.rollback_of, DeploymentId()) << "it goes behind nothing";
}

TEST_F(SnapshotsTest, AreGoneBehindAsByARollback) {
  deploy("1.0");
  const SnapshotId id = created().row.id;
  const DeploymentId second = deploy("2.0").row.id;
  const model::DeploymentRow row = restored(id);
  CommittedPlans plans(world.store());
  const Lineage lineage = lineages(world.store(), plans, "production", "shop", world.clock.wall_ms()).at(0);
  EXPECT_EQ(lineage.undo, row.id);
  EXPECT_TRUE(lineage.targets.at(0).rolled_back) << "nobody wants to go back to 2.0 by default";
  EXPECT_FALSE(lineage.targets.at(0).last_stable);
  EXPECT_EQ(expect_value(world.operations().deployment(FleetWorld::caller, second)).rolled_back_by, row.id);
  // And the restore itself can be rolled back.
  expect_value(world.roll_back(row.id));
  EXPECT_EQ(serving("web-1"), release("api", "2.0"));
}

TEST_F(SnapshotsTest, KeepTheirReleasesAtTheCoordinator) {
  deploy("1.0");
  const SnapshotId id = created().row.id;
  for (const char* version : {"2.0", "3.0", "4.0"}) deploy(version);
  EXPECT_TRUE(needed_releases(world.store(), 1).contains(release("api", "1.0")));
  EXPECT_FALSE(needed_releases(world.store(), 1).contains(release("api", "2.0")));
  expect_value(world.operations().remove_snapshot(FleetWorld::caller, id));
  EXPECT_FALSE(needed_releases(world.store(), 1).contains(release("api", "1.0")));
}

TEST_F(SnapshotsTest, AreNotRestoredFromBytesThatAreGone) {
  deploy("1.0");
  const SnapshotId id = created().row.id;
  deploy("2.0");
  world.forget_artifact(release("api", "1.0"));
  EXPECT_EQ(expect_refusal(restore(id)).code, "not_ready");
  const SnapshotView view = shown(id);
  EXPECT_FALSE(view.now[0].kept);
  EXPECT_NE(view.why_not.find("is not kept here any more"), std::string::npos) << view.why_not;
}

TEST_F(SnapshotsTest, AreRestoredOnEveryHostOrOnNone) {
  deploy("1.0");
  const SnapshotId id = created().row.id;
  deploy("2.0");
  world.lose(world.agent("web-2"));
  EXPECT_EQ(expect_refusal(restore(id)).code, "host_away");
  EXPECT_EQ(serving("web-1"), release("api", "2.0"));
  EXPECT_EQ(shown(id).now[1].state, State::unknown);
  world.connect(world.agent("web-2"));
  world.run(1'000);
  world.agent("web-2").fail_prepare = true;
  const DeploymentId failed = expect_value(restore(id)).row.id;
  EXPECT_EQ(world.row(failed).state, DeploymentState::rolled_back);
  EXPECT_EQ(serving("web-1"), release("api", "2.0"));
}

TEST_F(SnapshotsTest, LeaveOutAHostThatLeftTheFleet) {
  deploy("1.0");
  const SnapshotId id = created().row.id;
  deploy("2.0");
  expect_value(world.operations().remove_host(FleetWorld::caller, HostId("web-2")));
  EXPECT_EQ(shown(id).now[1].state, State::left);
  restored(id);
  EXPECT_EQ(serving("web-1"), release("api", "1.0"));
  EXPECT_EQ(serving("web-2"), release("api", "2.0"));
  expect_value(world.operations().remove_host(FleetWorld::caller, HostId("web-1")));
  EXPECT_EQ(expect_refusal(restore(id)).code, "no_host_left");
}

TEST_F(SnapshotsTest, LeaveNoComponentWithTwoReleases) {
  world.add_agent("web-3");
  deploy("1.0");
  const SnapshotId id = created().row.id;
  deploy("2.0", "web-1, web-2, web-3");
  const Refusal refusal = expect_refusal(restore(id));
  EXPECT_EQ(refusal.code, "not_in_snapshot");
  EXPECT_EQ(refusal.details.at("host"), "web-3");
  EXPECT_EQ(shown(id).since, std::vector<std::string>{"api on web-3"});
  EXPECT_EQ(serving("web-1"), release("api", "2.0"));
}

TEST_F(SnapshotsTest, LeaveAloneAComponentThatCameSinceAndNameIt) {
  deploy("1.0");
  const SnapshotId id = created().row.id;
  deploy("2.0", "web-1, web-2", true);
  EXPECT_EQ(shown(id).since, (std::vector<std::string>{"web on web-1", "web on web-2"}));
  restored(id);
  EXPECT_EQ(serving("web-1", "api"), release("api", "1.0"));
  EXPECT_EQ(serving("web-1", "web"), release("web", "2.0"));
}

/// What a host was owed before is not brought to it any more.
TEST_F(SnapshotsTest, TakeOverWhatAHostIsOwed) {
  deploy("1.0");
  const SnapshotId id = created().row.id;
  world.lose(world.agent("web-2"));
  const DeploymentId second = deploy("2.0", "web-1, web-2", false, "", "{unreachable: {defer: 1}}").row.id;
  ASSERT_EQ(world.row(second).deferred.size(), 1u);
  // It is back, and cannot be brought there: it is owed that still.
  world.agent("web-2").fail_prepare = true;
  world.connect(world.agent("web-2"));
  world.run(20'000);
  world.agent("web-2").fail_prepare = false;
  ASSERT_EQ(serving("web-2"), release("api", "1.0"));
  restored(id);
  EXPECT_TRUE(world.row(second).deferred.empty());
  world.run(600'000);
  EXPECT_EQ(serving("web-1"), release("api", "1.0"));
  EXPECT_EQ(serving("web-2"), release("api", "1.0"));
}

/// By the deployment that had brought it there once.
TEST_F(SnapshotsTest, AreFollowedByAHostThatWasDeclaredGoneMeanwhile) {
  const DeploymentId first = deploy("1.0").row.id;
  const SnapshotId id = created().row.id;
  deploy("2.0");
  const DeploymentId begun = expect_value(restore(id, "test", FleetWorld::caller, 0)).row.id;
  world.lose(world.agent("web-2"));
  expect_value(world.operations().declare_gone(FleetWorld::caller, begun, HostId("web-2"), "burnt down"));
  world.run(60'000);
  ASSERT_EQ(world.row(begun).state, DeploymentState::done) << world.row(begun).reason;
  ASSERT_EQ(serving("web-1"), release("api", "1.0"));
  ASSERT_EQ(serving("web-2"), release("api", "2.0"));
  EXPECT_EQ(world.row(first).deferred, std::vector{HostId("web-2")});
  world.connect(world.agent("web-2"));
  world.run(60'000);
  EXPECT_EQ(serving("web-2"), release("api", "1.0"));
}

/// Where the restore is undone, whoever has still to follow it follows that.
TEST_F(SnapshotsTest, WhoWasDeclaredGoneInARestoreFollowsItsRollback) {
  deploy("1.0");
  const SnapshotId id = created().row.id;
  deploy("2.0");
  const DeploymentId begun = expect_value(restore(id, "test", FleetWorld::caller, 0)).row.id;
  world.lose(world.agent("web-2"));
  expect_value(world.operations().declare_gone(FleetWorld::caller, begun, HostId("web-2"), "burnt down"));
  world.run(60'000);
  ASSERT_EQ(world.row(begun).state, DeploymentState::done) << world.row(begun).reason;
  RollbackRequest back;
  back.deployment = begun;
  back.reason = "the sale goes on";
  std::optional<Answer<DeploymentView>> answer;
  world.operations().start_rollback(FleetWorld::caller, back, [&](Answer<DeploymentView> given) { answer = given; });
  world.run_until([&] { return answer.has_value(); });
  expect_value(*answer);
  world.run(120'000);
  ASSERT_EQ(serving("web-1"), release("api", "2.0"));
  world.connect(world.agent("web-2"));
  world.run(120'000);
  EXPECT_EQ(serving("web-2"), release("api", "2.0")) << "and not what the restore had left it to follow";
}

/// While hosts are asked for the plan of a restore its snapshot may be removed.
TEST_F(SnapshotsTest, AKeyWhoseRestoreWasRefusedMayBeUsedAgain) {
  deploy("v1");
  const SnapshotId id = created().row.id;
  deploy("v2");
  const auto with_key = [&](const std::string& reason) {
    return later<DeploymentView>([&](Reply<DeploymentView> reply) {
      world.operations().restore_snapshot(FleetWorld::caller, {id, reason, "one-key"}, std::move(reply));
    });
  };
  EXPECT_EQ(expect_refusal(with_key("  ")).code, "reason_needed");
  EXPECT_EQ(expect_refusal(with_key("  ")).code, "reason_needed") << "and is not waited for";
  expect_value(with_key("because"));
}

TEST_F(SnapshotsTest, ThatAreRemovedWhileTheirRestoreIsPlannedAreNotRestored) {
  deploy("1.0");
  const SnapshotId id = created().row.id;
  deploy("2.0");
  std::optional<Answer<DeploymentView>> answer;
  world.operations().restore_snapshot(FleetWorld::caller, {id, "test", ""},
                                      [&](Answer<DeploymentView> given) { answer = std::move(given); });
  ASSERT_FALSE(answer.has_value()) << "the hosts have not answered yet";
  world.operations().remove_snapshot(FleetWorld::caller, id);
  world.run_until([&] { return answer.has_value(); });
  EXPECT_EQ(expect_refusal(*answer).code, "unknown_snapshot");
}

TEST_F(SnapshotsTest, AreRestoredOnceForOneKey) {
  deploy("1.0");
  const SnapshotId id = created().row.id;
  deploy("2.0");
  const auto with_key = [&] {
    return expect_value(later<DeploymentView>([&](Reply<DeploymentView> reply) {
             world.operations().restore_snapshot(FleetWorld::caller, {id, "test", "ci-7"}, std::move(reply));
           }))
        .row.id;
  };
  const DeploymentId first = with_key();
  world.run(120'000);
  EXPECT_EQ(with_key(), first);
}

// --- what is refused
// ---------------------------------------------------------------------------------------------------

TEST_F(SnapshotsTest, ThatWereTamperedWithAreShownAndNotRestored) {
  deploy("1.0");
  const SnapshotId id = created().row.id;
  deploy("2.0");
  world.store().disk()->guarded.snapshots[0].places[0].serving.release = release("api", "2.0");
  ASSERT_EQ(listed().size(), 1u);
  EXPECT_FALSE(listed()[0].whole);
  EXPECT_FALSE(shown(id).whole);
  EXPECT_NE(shown(id).why_not, "");
  const std::size_t before = world.store().deployments(100).size();
  EXPECT_EQ(expect_refusal(restore(id)).code, "snapshot_corrupt");
  EXPECT_EQ(world.store().deployments(100).size(), before);
  EXPECT_EQ(serving("web-1"), release("api", "2.0"));
  // It can be put away.
  expect_value(world.operations().remove_snapshot(FleetWorld::caller, id));
}

TEST_F(SnapshotsTest, WhoseManifestWasTamperedWithAreNotRestored) {
  const DeploymentId first = deploy("1.0").row.id;
  const SnapshotId id = created().row.id;
  deploy("2.0");
  std::string& manifest = world.store().disk()->sources.at(first).manifest;
  manifest.replace(manifest.find("bin/server"), 10, "/bin/false");
  EXPECT_EQ(expect_refusal(restore(id)).code, "snapshot_corrupt");
  EXPECT_EQ(serving("web-1"), release("api", "2.0"));
}

TEST_F(SnapshotsTest, AreRestoredForAReason) {
  deploy("1.0");
  const SnapshotId id = created().row.id;
  const Refusal refusal = expect_refusal(restore(id, ""));
  EXPECT_EQ(refusal.status, 400);
  EXPECT_EQ(refusal.code, "reason_needed");
  EXPECT_EQ(expect_refusal(restore(SnapshotId("s-0"))).code, "unknown_snapshot");
}

// --- how long they stay
// ------------------------------------------------------------------------------------------------

TEST_F(SnapshotsTest, GoWhenAPersonSaysSo) {
  deploy("1.0", "web-1, web-2", false, with_files);
  const SnapshotId first = created().row.id;
  const SnapshotId second = created().row.id;
  expect_value(world.operations().remove_snapshot(FleetWorld::caller, first));
  world.run(5'000);
  ASSERT_EQ(listed().size(), 1u);
  EXPECT_EQ(listed()[0].row.id, second);
  EXPECT_EQ(world.agent("web-1").copies, std::set<std::string>{"api " + second.str()});
  EXPECT_EQ(audited("snapshot.remove").size(), 1u);
  EXPECT_EQ(expect_refusal(world.operations().remove_snapshot(FleetWorld::caller, first)).code, "unknown_snapshot");
}

class BoundedSnapshots : public SnapshotsTest {
 protected:
  BoundedSnapshots()
      : SnapshotsTest(access::EnvironmentRules{{"production", {.keep_snapshots = 2, .snapshot_days = 30}}}) {}
};

TEST_F(BoundedSnapshots, MakeRoomForNewerOnes) {
  deploy("1.0", "web-1, web-2", false, with_files);
  const SnapshotId first = created().row.id;
  created();
  created();
  world.run(5'000);
  EXPECT_EQ(listed().size(), 2u);
  ASSERT_EQ(listed(1).size(), 1u) << "no more than asked for";
  EXPECT_EQ(listed(1)[0].row.id, listed()[0].row.id) << "the newest";
  EXPECT_EQ(world.store().snapshot(first), std::nullopt);
  ASSERT_EQ(audited("snapshot.expire").size(), 1u);
  EXPECT_EQ(audited("snapshot.expire")[0].entry.object, first.str());
  EXPECT_EQ(world.agent("web-1").copies.size(), 2u);
}

TEST_F(BoundedSnapshots, GoWhenTheyAreTooOld) {
  deploy("1.0");
  created();
  world.clock.advance(29LL * 86'400'000);
  world.run(limits::snapshot_sweep_ms + 1);
  EXPECT_EQ(listed().size(), 1u);
  world.clock.advance(2LL * 86'400'000);
  world.run(limits::snapshot_sweep_ms + 1);
  EXPECT_TRUE(listed().empty());
  EXPECT_EQ(audited("snapshot.expire").size(), 1u);
}

TEST_F(BoundedSnapshots, AreSweptAfterARestartToo) {
  deploy("1.0");
  created();
  world.clock.advance(31LL * 86'400'000);
  world.restart();
  EXPECT_TRUE(listed().empty());
}

// --- approvals
// ---------------------------------------------------------------------------------------------------------

class ApprovedSnapshots : public ApprovalsTest {
 protected:
  SnapshotId snapshot_made() {
    std::optional<Answer<SnapshotView>> answer;
    world.operations().create_snapshot(build, {"production", "", ""},
                                       [&](Answer<SnapshotView> given) { answer = std::move(given); });
    world.run_until([&] { return answer.has_value(); });
    return expect_value(*answer).row.id;
  }
  DeploymentView propose_restore(const SnapshotId& id) {
    std::optional<Answer<DeploymentView>> answer;
    world.operations().restore_snapshot(build, {id, "it was better then", ""},
                                        [&](Answer<DeploymentView> given) { answer = std::move(given); });
    world.run_until([&] { return answer.has_value(); });
    return expect_value(*answer);
  }
};

TEST_F(ApprovedSnapshots, AreRestoredWhenSomebodyHasLookedAtThePlan) {
  deploy("v1");
  const ReleaseId first = serving("web-1");
  const SnapshotId id = snapshot_made();
  deploy("v2");
  const DeploymentView proposed = propose_restore(id);
  EXPECT_EQ(proposed.row.state, DeploymentState::draft);
  world.run(60'000);
  EXPECT_NE(serving("web-1"), first) << "nobody has approved it yet";
  EXPECT_EQ(expect_refusal(world.operations().remove_snapshot(FleetWorld::caller, id)).code, "in_use");
  expect_value(decide(ann, proposed.row.id));
  world.run(120'000);
  EXPECT_EQ(world.row(proposed.row.id).state, DeploymentState::done);
  EXPECT_EQ(serving("web-1"), first);
  EXPECT_EQ(serving("web-2"), first);
  expect_value(world.operations().remove_snapshot(FleetWorld::caller, id));
}

TEST_F(ApprovedSnapshots, AreNotRestoredOverWhatCameSinceThePlanWasMade) {
  deploy("v1");
  const SnapshotId id = snapshot_made();
  deploy("v2");
  const DeploymentView proposed = propose_restore(id);
  deploy("v3", "other");
  EXPECT_EQ(expect_refusal(decide(ann, proposed.row.id)).code, "plan_changed");
  EXPECT_EQ(world.row(proposed.row.id).state, DeploymentState::rejected);
}

// --- what is compared
// --------------------------------------------------------------------------------------------------

class ComparedPlace : public ::testing::Test {
 protected:
  ComparedPlace() {
    place.component = "api";
    place.serving = {protocol::OldKind::release, "blue", ReleaseId(std::string(64, 'a')), "api@blue.service"};
    place.unit_state = "active";
    place.enablement = "enabled";
    place.configuration = "0123";
    fact.component = "api";
    fact.serving = place.serving;
    fact.unit_state = "active";
    fact.enablement = "enabled";
    fact.configuration = "0123";
    fact.releases = {{place.serving.release, true}};
  }
  PlaceNow now() const {
    const std::vector<protocol::ComponentFact> answer = {fact};
    return compare_place(place, &answer);
  }

  model::SnapshotPlace place;
  protocol::ComponentFact fact;
};

TEST_F(ComparedPlace, IsTheSameInEitherSlot) {
  EXPECT_EQ(now().state, State::same);
  fact.serving.slot = "green";
  fact.serving.unit = "api@green.service";
  EXPECT_EQ(now().state, State::same);
  EXPECT_EQ(now().present, true);
}

TEST_F(ComparedPlace, IsAnotherWhateverDiffers) {
  const protocol::ComponentFact good = fact;
  fact.serving.release = ReleaseId(std::string(64, 'b'));
  EXPECT_EQ(now().state, State::different);
  EXPECT_EQ(now().present, true) << "it lies there all the same";
  fact = good;
  fact.serving = {};
  EXPECT_EQ(now().differences, std::vector<std::string>{"nothing serves"});
  fact = good;
  fact.unit_state = "failed";
  EXPECT_EQ(now().state, State::different);
  fact = good;
  fact.enablement = "disabled";
  EXPECT_EQ(now().state, State::different);
  fact = good;
  fact.configuration = "4567";
  EXPECT_EQ(now().state, State::different);
  fact = good;
  fact.releases = {{place.serving.release, false}};
  EXPECT_EQ(now().present, false);
}

TEST_F(ComparedPlace, IsUnknownWhereNobodySays) {
  EXPECT_EQ(compare_place(place, nullptr).state, State::unknown);
  fact.problem = "the switch cannot be read";
  EXPECT_EQ(now().state, State::unknown);
  EXPECT_EQ(now().differences, std::vector<std::string>{"the switch cannot be read"});
}

TEST_F(ComparedPlace, IsNotBlamedForWhatAnOldAgentDoesNotSay) {
  fact.enablement.reset();
  fact.configuration.reset();
  EXPECT_EQ(now().state, State::same);
}

}  // namespace
}  // namespace switchyard::fleet
