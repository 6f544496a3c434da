#include "coordinator/fleet/artifact_pruner.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>

#include "common/limits.hpp"
#include "tests/unit/coordinator_fleet/fleet_world.hpp"

namespace switchyard::fleet {
namespace {

class ArtifactPrunerTest : public ::testing::Test {
 protected:
  ArtifactPrunerTest() {
    world.add_agent("web-1");
    world.add_agent("web-2");
  }
  DeploymentView deploy(const std::string& text) {
    const ReleaseId release = world.upload("api", text);
    releases[text] = release;
    return expect_value(
        world.start(world.request(api_manifest("web-1, web-2", "{unreachable: {defer: 1}}"), {{"api", release}})));
  }
  void a_day_passes() {
    world.clock.advance(limits::artifact_grace_ms + 1);
    for (const char* host : {"web-1", "web-2"}) {
      if (world.agent(host).online) world.connect(world.agent(host));
    }
    world.run(1'000);
  }
  /// The texts of the artifacts whose rows are in the store; their files must be there, and no others.
  std::vector<std::string> kept() {
    std::vector<std::string> texts;
    std::size_t directories = 0;
    for (const auto& entry : std::filesystem::directory_iterator(world.artifact_directory())) {
      directories += entry.path().filename().string().size() >= 64 ? 1 : 0;
    }
    EXPECT_EQ(directories, world.store().artifacts().size());
    for (const store::PutArtifact& artifact : world.store().artifacts()) {
      EXPECT_TRUE(world.now().artifacts.complete_here(artifact.release));
      for (const auto& [text, release] : releases) {
        if (release == artifact.release) texts.push_back(text);
      }
    }
    std::sort(texts.begin(), texts.end());
    return texts;
  }
  using Texts = std::vector<std::string>;

  FleetWorld world;
  std::map<std::string, ReleaseId> releases;
};

TEST_F(ArtifactPrunerTest, KeepsTheLastThreeOfAComponentAndRemovesWhatIsOlder) {
  for (const char* text : {"v1", "v2", "v3", "v4"}) deploy(text);
  EXPECT_EQ(kept(), (Texts{"v1", "v2", "v3", "v4"})) << "uploaded within the last day";
  a_day_passes();
  deploy("v5");
  EXPECT_EQ(kept(), (Texts{"v3", "v4", "v5"}));
  const auto audit = world.store().audit(0, 10'000);
  EXPECT_EQ(std::count_if(audit.begin(), audit.end(),
                          [](const store::StoredAudit& row) { return row.entry.operation == "artifact.prune"; }),
            2);
}

TEST_F(ArtifactPrunerTest, KeepsWhatServesAndWhatServedBeforeItHoweverOldItIs) {
  deploy("v1");
  for (const char* text : {"v2", "v3", "v4", "v5"}) {
    a_day_passes();
    deploy(text);
  }
  expect_value(world.roll_back(world.store().deployments(1).at(0).id));
  a_day_passes();
  EXPECT_EQ(world.agent("web-1").serving["api"].release, releases["v4"]);
  const std::set<ReleaseId> needed = needed_releases(world.store(), 1);
  EXPECT_TRUE(needed.contains(releases["v4"]));
  EXPECT_TRUE(needed.contains(releases["v5"]));
  EXPECT_FALSE(needed.contains(releases["v3"]));
}

TEST_F(ArtifactPrunerTest, KeepsWhatAHostHasStillToBeBroughtTo) {
  deploy("v1");
  world.disconnect(world.agent("web-2"));
  const DeploymentView second = deploy("v2");
  ASSERT_FALSE(world.row(second.row.id).deferred.empty());
  EXPECT_TRUE(needed_releases(world.store(), 1).contains(releases["v2"]));
  EXPECT_TRUE(needed_releases(world.store(), 1).contains(releases["v1"])) << "web-2 serves it";
}

TEST_F(ArtifactPrunerTest, KeepsWhatAnUnfinishedDeploymentStartsOrGoesBackTo) {
  deploy("v1");
  deploy("v2");
  a_day_passes();
  world.agent("web-2").deaf = true;
  const ReleaseId release = world.upload("api", "v3");
  expect_value(
      world.start(world.request(api_manifest("web-1, web-2", "{unreachable: {defer: 1}}"), {{"api", release}}), 0));
  const std::set<ReleaseId> needed = needed_releases(world.store(), 1);
  EXPECT_TRUE(needed.contains(release));
  EXPECT_TRUE(needed.contains(releases["v2"]));
}

TEST_F(ArtifactPrunerTest, KeepsWhatSomebodyHasJustAskedFor) {
  for (const char* text : {"v1", "v2", "v3", "v4"}) deploy(text);
  a_day_passes();
  const ReleaseId first = world.upload("api", "v1");  // there already: nothing is sent
  deploy("v5");
  EXPECT_TRUE(world.now().artifacts.complete_here(first));
  a_day_passes();
  deploy("v6");
  EXPECT_FALSE(world.now().artifacts.complete_here(first));
}

TEST_F(ArtifactPrunerTest, TakesUpAgainWhatACrashLeftBehind) {
  for (const char* text : {"v1", "v2", "v3", "v4"}) deploy(text);
  a_day_passes();
  // Half removed, and without a row but untouched: what two crashes may leave.
  const std::filesystem::path& place = world.artifact_directory();
  std::filesystem::create_directories(place / ("dropped-" + std::string(64, 'd')));
  const std::filesystem::path orphan = place / std::string(64, 'e');
  std::filesystem::create_directories(orphan);
  std::filesystem::last_write_time(
      orphan, std::filesystem::file_time_type::clock::now() - std::chrono::milliseconds(limits::artifact_grace_ms + 1));
  const std::filesystem::path young = place / std::string(64, 'f');
  std::filesystem::create_directories(young);
  std::ofstream(young / "archive.partial") << "an upload that another process began";
  world.restart();
  for (const char* host : {"web-1", "web-2"}) world.connect(world.agent(host));
  world.run(1'000);
  deploy("v5");
  EXPECT_FALSE(std::filesystem::exists(orphan));
  EXPECT_TRUE(std::filesystem::exists(young));
  std::filesystem::remove_all(young);
  EXPECT_EQ(kept(), (Texts{"v3", "v4", "v5"}));
}

/// The row goes first: whichever of the two is lost, no row speaks of files that are not there.
TEST_F(ArtifactPrunerTest, RemovesNoFileWhoseRowCouldNotBeRemoved) {
  for (const char* text : {"v1", "v2", "v3", "v4", "v5"}) deploy(text);
  a_day_passes();
  world.store().fail_commit(1, store::MemoryStore::Fault::lost);
  world.now().pruner.deployment_finished();
  EXPECT_EQ(kept(), (Texts{"v1", "v2", "v3", "v4", "v5"}));
  world.now().pruner.deployment_finished();
  world.run(1'000);
  EXPECT_EQ(kept(), (Texts{"v3", "v4", "v5"}));
}

TEST_F(ArtifactPrunerTest, LetsAPrunedReleaseBeUploadedAnew) {
  for (const char* text : {"v1", "v2", "v3", "v4"}) deploy(text);
  a_day_passes();
  deploy("v5");
  ASSERT_FALSE(world.now().artifacts.complete_here(releases["v1"]));
  deploy("v1");
  EXPECT_EQ(world.agent("web-1").serving["api"].release, releases["v1"]);
}

}  // namespace
}  // namespace switchyard::fleet
