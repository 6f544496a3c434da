#include "coordinator/fleet/artifact_store.hpp"

#include <gtest/gtest.h>
#include <stdlib.h>

#include <chrono>
#include <fstream>

#include "common/crypto.hpp"
#include "common/error.hpp"
#include "tests/support/failing_sync.hpp"

namespace switchyard::fleet {
namespace {

class ArtifactStoreTest : public ::testing::Test {
 protected:
  ArtifactStoreTest() {
    char name[] = "/tmp/switchyard-artifacts-XXXXXX";
    directory = ::mkdtemp(name);
    protocol::ArtifactManifest manifest;
    manifest.bytes = text.size();
    manifest.chunk_bytes = 4;
    for (std::size_t i = 0; i < text.size(); i += 4) manifest.chunks.push_back(sha256(text.substr(i, 4)));
    encoded = protocol::encode_artifact(manifest);
    release = protocol::release_id(encoded);
  }
  ~ArtifactStoreTest() override { std::filesystem::remove_all(directory); }

  std::string chunk(std::uint32_t index) const { return text.substr(index * 4, 4); }
  std::filesystem::path archive() const { return directory / release.str() / "archive"; }
  void put_all(ArtifactStore& store) {
    for (const std::uint32_t index : store.begin(release, encoded)) {
      ASSERT_EQ(store.put_chunk(release, index, chunk(index)), std::nullopt);
    }
  }

  std::filesystem::path directory;
  std::string text = "ten bytes!";  // chunks of 4, 4 and 2
  std::string encoded;
  ReleaseId release;
};

TEST_F(ArtifactStoreTest, AsksForEveryChunkOfANewArtifact) {
  ArtifactStore store(directory);
  EXPECT_EQ(store.begin(release, encoded), (std::vector<std::uint32_t>{0, 1, 2}));
}

TEST_F(ArtifactStoreTest, ServesWhatWasUploadedPieceByPiece) {
  ArtifactStore store(directory);
  put_all(store);
  ASSERT_EQ(store.complete(release), std::nullopt);
  EXPECT_EQ(store.serve({release, false, 0, 100}).bytes, text);
  EXPECT_EQ(store.serve({release, false, 4, 4}).bytes, "byte");
  EXPECT_EQ(store.serve({release, false, 8, 4}).bytes, "s!");
  EXPECT_EQ(store.serve({release, true, 0, 1 << 20}).bytes, encoded);
  EXPECT_EQ(store.manifest(release)->bytes, text.size());
}

TEST_F(ArtifactStoreTest, ServesNothingOfAnArtifactThatIsNotComplete) {
  ArtifactStore store(directory);
  put_all(store);
  EXPECT_TRUE(store.serve({release, false, 0, 4}).missing);
  EXPECT_EQ(store.manifest(release), std::nullopt);
}

TEST_F(ArtifactStoreTest, RefusesAChunkWithAFlippedBitOrAnotherLength) {
  ArtifactStore store(directory);
  store.begin(release, encoded);
  EXPECT_EQ(store.put_chunk(release, 0, "tex "), ArtifactStore::Wrong::digest);
  EXPECT_EQ(store.put_chunk(release, 2, "s!more"), ArtifactStore::Wrong::digest);
  EXPECT_EQ(store.put_chunk(release, 3, "none"), ArtifactStore::Wrong::index);
  EXPECT_EQ(store.begin(release, encoded).size(), 3u);
}

TEST_F(ArtifactStoreTest, IsNotCompleteWhileAChunkIsMissing) {
  ArtifactStore store(directory);
  store.begin(release, encoded);
  ASSERT_EQ(store.put_chunk(release, 0, chunk(0)), std::nullopt);
  ASSERT_EQ(store.put_chunk(release, 2, chunk(2)), std::nullopt);
  EXPECT_EQ(store.complete(release), ArtifactStore::Wrong::incomplete);
  EXPECT_EQ(store.begin(release, encoded), (std::vector<std::uint32_t>{1}));
}

TEST_F(ArtifactStoreTest, GoesOnWithAnUploadAfterARestart) {
  {
    ArtifactStore store(directory);
    store.begin(release, encoded);
    ASSERT_EQ(store.put_chunk(release, 1, chunk(1)), std::nullopt);
  }
  ArtifactStore store(directory);
  EXPECT_EQ(store.put_chunk(release, 0, chunk(0)), ArtifactStore::Wrong::unknown_upload);
  EXPECT_EQ(store.begin(release, encoded), (std::vector<std::uint32_t>{0, 2}));
}

TEST_F(ArtifactStoreTest, FindsBytesThatTheDiskLostDuringAnUpload) {
  {
    ArtifactStore store(directory);
    put_all(store);
  }
  std::ofstream(directory / release.str() / "archive.partial", std::ios::in | std::ios::binary).write("XX", 2);
  ArtifactStore store(directory);
  EXPECT_EQ(store.begin(release, encoded), (std::vector<std::uint32_t>{0}));
}

/// Who wrote them may have died of a sync that failed, after which the kernel takes pages for clean that are not: no
/// later sync would bring them to the disk.
TEST_F(ArtifactStoreTest, WritesOnceMoreWhatAnEarlierProcessHasWrittenOfAnUpload) {
  {
    ArtifactStore store(directory);
    store.begin(release, encoded);
    ASSERT_EQ(store.put_chunk(release, 0, chunk(0)), std::nullopt);
  }
  const std::filesystem::path partial = archive().string() + ".partial";
  const auto long_ago = std::filesystem::last_write_time(partial) - std::chrono::hours(1);
  std::filesystem::last_write_time(partial, long_ago);
  ArtifactStore store(directory);
  EXPECT_EQ(store.begin(release, encoded), (std::vector<std::uint32_t>{1, 2}));
  EXPECT_GT(std::filesystem::last_write_time(partial), long_ago);
}

TEST_F(ArtifactStoreTest, EndsTheProcessBeforeAnArtifactIsCompleteWhoseBytesCannotBeSynced) {
  EXPECT_EXIT(failing_sync::run([&](const failing_sync::Sync& sync) { return sync.of.filename() == "archive.partial"; },
                                [&] {
                                  ArtifactStore store(directory);
                                  put_all(store);
                                  (void)store.complete(release);
                                }),
              failing_sync::ended_itself, failing_sync::said_why);
  EXPECT_FALSE(ArtifactStore(directory).complete_here(release));
}

TEST_F(ArtifactStoreTest, EndsTheProcessWhicheverSyncFails) {
  const int syncs = failing_sync::expect_each_to_end_the_process(
      failing_sync::is_any, [&] { std::filesystem::remove_all(directory / release.str()); },
      [&] {
        ArtifactStore store(directory);
        put_all(store);                 // the directory's name, the manifest, and its name
        (void)store.complete(release);  // the archive, and its name
        store.drop(release);            // the directory's name
      });
  EXPECT_EQ(syncs, 6);
}

TEST_F(ArtifactStoreTest, NeedsNoChunkOfAnArtifactThatItHas) {
  ArtifactStore store(directory);
  put_all(store);
  ASSERT_EQ(store.complete(release), std::nullopt);
  EXPECT_TRUE(store.begin(release, encoded).empty());
  EXPECT_EQ(store.complete(release), std::nullopt);
}

TEST_F(ArtifactStoreTest, AsksAnewForWhatWasDamagedAndServesItNoMore) {
  for (const bool restarted : {false, true}) {
    ArtifactStore store(directory);
    put_all(store);
    ASSERT_EQ(store.complete(release), std::nullopt);
    std::ofstream(archive(), std::ios::in | std::ios::binary).write("XX", 2);
    ArtifactStore later(directory);
    ArtifactStore& asked = restarted ? later : store;
    EXPECT_EQ(asked.begin(release, encoded), (std::vector<std::uint32_t>{0})) << restarted;
    EXPECT_TRUE(asked.serve({release, false, 0, 4}).missing);
    ASSERT_EQ(asked.put_chunk(release, 0, chunk(0)), std::nullopt);
    ASSERT_EQ(asked.complete(release), std::nullopt);
    EXPECT_EQ(asked.serve({release, false, 0, 100}).bytes, text);
    EXPECT_TRUE(asked.begin(release, encoded).empty());
  }
}

TEST_F(ArtifactStoreTest, AsksAnewForWhatIsTooShortOrTooLong) {
  for (const std::uintmax_t bytes : {5u, 12u}) {
    ArtifactStore store(directory);
    put_all(store);
    ASSERT_EQ(store.complete(release), std::nullopt);
    std::filesystem::resize_file(archive(), bytes);
    put_all(store);
    ASSERT_EQ(store.complete(release), std::nullopt);
    EXPECT_EQ(store.serve({release, false, 0, 100}).bytes, text) << bytes;
  }
}

TEST_F(ArtifactStoreTest, AsksAnewWhenTheManifestWasDamaged) {
  ArtifactStore store(directory);
  put_all(store);
  ASSERT_EQ(store.complete(release), std::nullopt);
  std::ofstream(directory / release.str() / "manifest", std::ios::in | std::ios::binary).write("XX", 2);
  put_all(store);
  ASSERT_EQ(store.complete(release), std::nullopt);
  ASSERT_TRUE(store.manifest(release).has_value());
  EXPECT_EQ(store.manifest(release)->bytes, text.size());
}

TEST_F(ArtifactStoreTest, RefusesAManifestThatIsNotTheReleases) {
  ArtifactStore store(directory);
  EXPECT_THROW(store.begin(ReleaseId(std::string(64, 'a')), encoded), DecodeError);
  EXPECT_THROW(store.begin(protocol::release_id("junk"), "junk"), DecodeError);
}

TEST_F(ArtifactStoreTest, OpensNoPathOutsideItsDirectory) {
  std::ofstream(directory.string() + ".outside") << "secret";
  ArtifactStore store(directory / "inner");
  for (const std::string& id : {std::string("../.."), std::string("/etc"), std::string(64, '.'), std::string()}) {
    EXPECT_TRUE(store.serve({ReleaseId(id), false, 0, 10}).missing) << id;
    EXPECT_EQ(store.complete(ReleaseId(id)), ArtifactStore::Wrong::unknown_upload) << id;
    EXPECT_THROW(store.begin(ReleaseId(id), encoded), DecodeError) << id;
  }
  std::filesystem::remove(directory.string() + ".outside");
}

}  // namespace
}  // namespace switchyard::fleet
