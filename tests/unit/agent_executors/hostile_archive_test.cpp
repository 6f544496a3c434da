#include <gtest/gtest.h>
#include <sys/stat.h>

#include <cstdio>
#include <set>

#include "agent/executors/executors.hpp"
#include "agent/executors/release_executor.hpp"
#include "agent/executors/tar_reader.hpp"
#include "tests/unit/agent_executors/archives.hpp"
#include "tests/unit/agent_executors/hostile_corpus.hpp"
#include "tests/unit/agent_executors/scratch.hpp"

namespace switchyard::agent::testing {
namespace {

class HostileArchive : public ::testing::TestWithParam<Hostile> {};

/// Everything on the host and beside it, apart from where unpacking happens and from the release that came of it, must
/// be as before.
std::map<std::string, std::string> outside(const Scratch& scratch, const Artifact& artifact) {
  auto all = snapshot(scratch.path());
  const std::string release = "srv/app/releases/" + artifact.release.str();
  std::erase_if(all, [&](const auto& entry) {
    return entry.first.starts_with("srv/app/.staging/") || entry.first.starts_with(release);
  });
  for (auto& [path, fact] : snapshot(bait())) all.emplace("bait/" + path, fact);
  all.emplace("/outside", std::filesystem::exists("/outside") ? "there" : "not there");
  return all;
}

/// What was unpacked gives nobody any right, and none of its links leads out.
void expect_harmless(const std::filesystem::path& tree) {
  const std::string root = std::filesystem::canonical(tree).string() + "/";
  for (const auto& [path, fact] : snapshot(tree)) {
    const auto mode = static_cast<mode_t>(std::stoul(fact));
    EXPECT_TRUE(S_ISREG(mode) || S_ISDIR(mode) || S_ISLNK(mode)) << path;
    if (S_ISLNK(mode)) {
      const auto target =
          std::filesystem::weakly_canonical((tree / path).parent_path()) / std::filesystem::read_symlink(tree / path);
      EXPECT_TRUE((target.lexically_normal().string() + "/").starts_with(root)) << path << " leads to " << target;
    } else {
      EXPECT_EQ(mode & 07222, 0u) << path;
    }
  }
}

TEST_P(HostileArchive, ChangesNothingOutsideOfWhereItIsUnpacked) {
  const Hostile& hostile = GetParam();
  const Scratch scratch;
  const HostPaths paths = scratch.host();
  write_file(scratch / "outside/keep", "keep");
  const Artifact artifact =
      make_artifact(hostile.raw ? hostile.tar : compressed(hostile.tar), hostile.unpacked, hostile.entries);
  FakeBlobs blobs;
  blobs.add(artifact);
  ReleaseExecutor executor(paths, blobs, 0);
  const auto wanted = [&](const Artifact& which) {
    return protocol::EnsureRelease{
        .component = "app", .artifact = which.ref, .shared = hostile.shared, .shared_owner = {}};
  };
  // Once with a good release first, so that the directories stand, and there is something to damage.
  const Artifact good = make_artifact(Tar().file("bin/app", "good"));
  blobs.add(good);
  ASSERT_EQ(executor.run(wanted(good), {}).state, protocol::StepState::done);
  const auto before = outside(scratch, artifact);

  try {
    const protocol::StepResult result = executor.run(wanted(artifact), {});
    EXPECT_EQ(hostile.fate, Fate::harmless) << "it was taken";
    EXPECT_EQ(result.state, protocol::StepState::done) << result.code << ": " << result.detail;
    expect_harmless(paths.components / "app/releases" / artifact.release.str());
  } catch (const ArchiveError& error) {
    EXPECT_EQ(hostile.fate, Fate::refused) << error.what();
    EXPECT_GT(std::string(error.what()).size(), 10u) << "it says why";
    // A header that this test itself built wrongly would prove nothing.
    const bool by_checksum = std::string(error.what()).find("checksum") != std::string::npos;
    EXPECT_EQ(by_checksum, hostile.by_checksum) << error.what();
    EXPECT_TRUE(snapshot(scratch / "srv/app/.staging").empty()) << "a refused archive leaves nothing behind";
    EXPECT_FALSE(std::filesystem::exists(paths.components / "app/releases" / artifact.release.str()));
  }
  EXPECT_EQ(outside(scratch, artifact), before);
}

INSTANTIATE_TEST_SUITE_P(Corpus, HostileArchive, ::testing::ValuesIn(hostile_corpus()),
                         [](const auto& one) { return one.param.name; });

TEST(HostileArchives, AreAtLeastAHundredAndTwentyDifferentOnes) {
  std::set<std::string> streams;
  std::size_t refused = 0;
  for (const Hostile& hostile : hostile_corpus()) {
    streams.insert(hostile.tar + "/" + std::to_string(hostile.unpacked) + "/" + std::to_string(hostile.entries));
    refused += hostile.fate == Fate::refused ? 1 : 0;
  }
  std::printf("%zu malicious archives: %zu refused, %zu unpacked without harm; nothing outside changed\n",
              streams.size(), refused, hostile_corpus().size() - refused);
  EXPECT_GE(streams.size(), 120u);
  EXPECT_GE(refused, 120u);
}

protocol::StepResult ensure(const Scratch& scratch, const Artifact& artifact) {
  FakeBlobs blobs;
  blobs.add(artifact);
  ReleaseExecutor executor(scratch.host(), blobs, 0);
  return executor.run(
      protocol::EnsureRelease{.component = "app", .artifact = artifact.ref, .shared = {}, .shared_owner = {}}, {});
}

TEST(Bomb, ThatDeclaresItsSizeIsRefusedBeforeAnythingIsWritten) {
  const Scratch scratch;
  const Artifact bomb = make_artifact(compressed(std::string(1 << 20, '\0')), 8ull << 30, 1);
  const protocol::StepResult result = ensure(scratch, bomb);
  EXPECT_EQ(result.state, protocol::StepState::failed);
  EXPECT_EQ(result.code, "bad_archive");
  EXPECT_NE(result.detail.find("expand"), std::string::npos);
}

TEST(Bomb, ThatLiesStopsAtTheDeclaredSize) {
  const Scratch scratch;
  // 64 MiB of zeros in a few kilobytes, declared as 100 bytes: the entry's own size gives it away.
  Tar tar;
  tar.file("small", std::string(100, 'x')).file("big", std::string(64 << 20, '\0'));
  EXPECT_THROW(ensure(scratch, make_artifact(compressed(tar.finish()), 100, 2)), ArchiveError);
}

TEST(Bomb, BehindTheTarsEndStopsAtTheBoundOfTheStream) {
  const Scratch scratch;
  Tar tar;
  tar.file("small", std::string(100, 'x'));
  const std::string behind(64 << 20, '\0');
  EXPECT_THROW(ensure(scratch, make_artifact(compressed(tar.finish() + behind), 100, 1)), ArchiveError);
}

/// One entry may stand for as many directories as its path is deep: a hundred would be six thousand, and nobody counts.
TEST(Bomb, OfDirectoriesThatNoEntryNamesIsRefused) {
  const Scratch scratch;
  Tar tar;
  for (int i = 0; i < 100; ++i) {
    std::string path = "d" + std::to_string(i);
    while (path.size() < 90) path += "/d";
    tar.file(path, "");
  }
  EXPECT_THROW(ensure(scratch, make_artifact(tar)), ArchiveError);
}

TEST(Bomb, OfManyFramesIsRefused) {
  const std::string good = compressed(Tar().file("a", "x").finish());
  const Scratch scratch;
  EXPECT_THROW(ensure(scratch, make_artifact(good + good, 1, 1)), ArchiveError);
}

TEST(Bomb, WithAWindowOfAGigabyteIsRefused) {
  std::string out(1 << 20, '\0');
  ZSTD_CCtx* context = ZSTD_createCCtx();
  ZSTD_CCtx_setParameter(context, ZSTD_c_windowLog, 27);
  ZSTD_CCtx_setParameter(context, ZSTD_c_contentSizeFlag, 0);
  const std::string tar = Tar().file("a", "x").finish();
  ZSTD_inBuffer in{tar.data(), tar.size(), 0};
  ZSTD_outBuffer into{out.data(), out.size(), 0};
  ASSERT_EQ(ZSTD_compressStream2(context, &into, &in, ZSTD_e_flush), 0u);
  ASSERT_EQ(ZSTD_compressStream2(context, &into, &in, ZSTD_e_end), 0u);
  ZSTD_freeCCtx(context);
  out.resize(into.pos);
  const Scratch scratch;
  EXPECT_THROW(ensure(scratch, make_artifact(out, 1, 1)), ArchiveError);
}

}  // namespace
}  // namespace switchyard::agent::testing
