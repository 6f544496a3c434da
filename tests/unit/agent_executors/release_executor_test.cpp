#include "agent/executors/release_executor.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>
#include <unistd.h>

#include "agent/executors/prune_executor.hpp"
#include "agent/executors/release_fetch.hpp"
#include "tests/unit/agent_executors/archives.hpp"
#include "tests/unit/agent_executors/scratch.hpp"

namespace switchyard::agent::testing {
namespace {

Tar small_tar() {
  Tar tar;
  tar.directory("bin").file("bin/app", "#!/bin/true\n", 0755).file("config.txt", "a=1\n").link("latest", "bin/app");
  return tar;
}

/// Bytes that do not compress, so that an artifact has many chunks.
std::string noise(std::size_t size) {
  std::string bytes;
  for (std::uint32_t i = 0; bytes.size() < size; ++i) bytes += sha256(std::to_string(i));
  bytes.resize(size);
  return bytes;
}

class Releases : public ::testing::Test {
 protected:
  protocol::StepResult ensure(const Artifact& artifact, std::vector<std::string> shared = {}, std::uint64_t reserve = 0,
                              std::stop_token stop = {}) {
    ReleaseExecutor executor(paths, blobs, reserve);
    StepContext context;
    context.stop = std::move(stop);
    return executor.run(
        protocol::EnsureRelease{
            .component = "app", .artifact = artifact.ref, .shared = std::move(shared), .shared_owner = {}},
        context);
  }
  std::filesystem::path tree(const Artifact& artifact) const {
    return paths.components / "app/releases" / artifact.release.str();
  }

  Scratch scratch;
  HostPaths paths = scratch.host();
  FakeBlobs blobs;
};

TEST_F(Releases, AreUnpackedReadOnlyAndVerified) {
  const Artifact artifact = make_artifact(small_tar());
  blobs.add(artifact);
  const protocol::StepResult result = ensure(artifact);
  ASSERT_EQ(result.state, protocol::StepState::done) << result.detail;
  EXPECT_TRUE(result.changed);
  EXPECT_EQ(read_file(tree(artifact) / "bin/app"), "#!/bin/true\n");
  EXPECT_EQ(std::filesystem::read_symlink(tree(artifact) / "latest"), "bin/app");
  using std::filesystem::perms;
  for (const std::string& name :
       {std::string("."), std::string("bin"), std::string("bin/app"), std::string("config.txt")}) {
    const perms mode = std::filesystem::status(tree(artifact) / name).permissions();
    EXPECT_EQ(mode & (perms::owner_write | perms::group_write | perms::others_write), perms::none) << name;
  }
  EXPECT_NE(std::filesystem::status(tree(artifact) / "bin/app").permissions() & perms::others_exec, perms::none);
  EXPECT_TRUE(snapshot(paths.components / "app/.staging").empty());
}

TEST_F(Releases, CanBeReadByTheirServiceUnderAnyUmask) {
  const Artifact artifact = make_artifact(small_tar());
  blobs.add(artifact);
  const mode_t before = ::umask(0077);
  const protocol::StepResult result = ensure(artifact, {"log/all"});
  ::umask(before);
  ASSERT_EQ(result.state, protocol::StepState::done) << result.detail;
  using std::filesystem::perms;
  for (const std::filesystem::path& path :
       {paths.components / "app", paths.components / "app/releases", tree(artifact), tree(artifact) / "bin",
        tree(artifact) / "log", paths.components / "app/shared", paths.components / "app/shared/log/all"}) {
    constexpr perms needed = perms::others_read | perms::others_exec;
    EXPECT_EQ(std::filesystem::status(path).permissions() & needed, needed) << path;
  }
  EXPECT_EQ(std::filesystem::status(paths.components / "app/.staging").permissions() & perms::others_all, perms::none);
  EXPECT_NE(std::filesystem::status(tree(artifact) / "config.txt").permissions() & perms::others_read, perms::none);
}

TEST_F(Releases, ThatStandCompleteAreNotFetchedAgain) {
  const Artifact artifact = make_artifact(small_tar());
  blobs.add(artifact);
  ASSERT_EQ(ensure(artifact).state, protocol::StepState::done);
  blobs.cut_after(0);
  const protocol::StepResult again = ensure(artifact);
  EXPECT_EQ(again.state, protocol::StepState::done) << again.detail;
  EXPECT_FALSE(again.changed);
}

TEST_F(Releases, ContinueATransferWhereItWasCutOff) {
  Tar tar;
  tar.file("data", noise(100'000));
  const Artifact artifact = make_artifact(tar, 4096);
  blobs.add(artifact);
  const int chunks = static_cast<int>((artifact.archive.size() + 4095) / 4096);
  blobs.cut_after(10);
  EXPECT_THROW(ensure(artifact), TransportError);
  blobs.cut_after(-1);
  const protocol::StepResult result = ensure(artifact);
  ASSERT_EQ(result.state, protocol::StepState::done) << result.detail;
  EXPECT_EQ(blobs.chunks_fetched, chunks) << "no chunk was fetched twice";
  EXPECT_EQ(read_file(tree(artifact) / "data"), noise(100'000));
}

TEST_F(Releases, HaveSeveralChunksUnderWayAndNoneWhenTheyEnd) {
  Tar tar;
  tar.file("data", noise(100'000));
  const Artifact artifact = make_artifact(tar, 4096);
  blobs.add(artifact);
  blobs.cut_after(10);
  EXPECT_THROW(ensure(artifact), TransportError);
  EXPECT_EQ(blobs.most_begun, limits::chunks_in_flight_max);
  EXPECT_TRUE(blobs.begun.empty());
  blobs.cut_after(-1);
  blobs.damage_next(1);
  ASSERT_EQ(ensure(artifact).state, protocol::StepState::done);
  EXPECT_EQ(blobs.most_begun, limits::chunks_in_flight_max);
  EXPECT_TRUE(blobs.begun.empty());
}

TEST_F(Releases, DoNotTrustWhatACutTransferLeftBehind) {
  Tar tar;
  tar.file("data", noise(100'000));
  const Artifact artifact = make_artifact(tar, 4096);
  blobs.add(artifact);
  blobs.cut_after(10);
  EXPECT_THROW(ensure(artifact), TransportError);
  const std::filesystem::path staged = paths.components / "app/.staging" / (artifact.release.str() + ".archive");
  std::string bytes = read_file(staged);
  bytes[5000] = static_cast<char>(bytes[5000] ^ 1);
  write_file(staged, bytes + "more");
  blobs.cut_after(-1);
  ASSERT_EQ(ensure(artifact).state, protocol::StepState::done);
  EXPECT_EQ(read_file(tree(artifact) / "data"), noise(100'000));
}

TEST_F(Releases, FetchADamagedChunkAgain) {
  const Artifact artifact = make_artifact(small_tar());
  blobs.add(artifact);
  blobs.damage_next(static_cast<int>(limits::chunk_attempts_max) - 1);
  EXPECT_EQ(ensure(artifact).state, protocol::StepState::done);
}

TEST_F(Releases, RefuseAnArtifactWhoseChunksStayDamaged) {
  const Artifact artifact = make_artifact(small_tar());
  blobs.add(artifact);
  blobs.damage_next(1000);
  EXPECT_THROW(ensure(artifact), ChecksumError);
  EXPECT_FALSE(std::filesystem::exists(tree(artifact)));
}

TEST_F(Releases, RefuseAChunkListThatIsNotTheSignedOne) {
  const Artifact artifact = make_artifact(small_tar());
  blobs.add(artifact);
  blobs.artifact(artifact.release).manifest = make_artifact(Tar().file("evil", "evil")).manifest;
  EXPECT_THROW(ensure(artifact), ChecksumError);
}

TEST_F(Releases, RefuseSizesThatDifferFromThePlan) {
  Artifact artifact = make_artifact(small_tar());
  blobs.add(artifact);
  artifact.ref.unpacked_bytes += 1;
  EXPECT_EQ(ensure(artifact).code, "bad_archive");
}

TEST_F(Releases, CheckTheDiskBeforeTheyFetch) {
  const Artifact artifact = make_artifact(small_tar());
  blobs.add(artifact);
  const protocol::StepResult result = ensure(artifact, {}, std::uint64_t{1} << 60);
  EXPECT_EQ(result.state, protocol::StepState::failed);
  EXPECT_EQ(result.code, "disk_full");
  EXPECT_EQ(blobs.chunks_fetched, 0);
}

TEST_F(Releases, ReplaceADamagedReleaseThatNothingUses) {
  const Artifact artifact = make_artifact(small_tar());
  blobs.add(artifact);
  ASSERT_EQ(ensure(artifact).state, protocol::StepState::done);
  std::filesystem::permissions(tree(artifact) / "config.txt", std::filesystem::perms::owner_all);
  write_file(tree(artifact) / "config.txt", "a=2\n");
  const protocol::StepResult result = ensure(artifact);
  EXPECT_EQ(result.state, protocol::StepState::done) << result.detail;
  EXPECT_TRUE(result.changed);
  EXPECT_EQ(read_file(tree(artifact) / "config.txt"), "a=1\n");
}

TEST_F(Releases, RepairADamagedReleaseInPlaceWhileItIsCurrent) {
  const Artifact artifact = make_artifact(small_tar());
  blobs.add(artifact);
  ASSERT_EQ(ensure(artifact).state, protocol::StepState::done);
  std::filesystem::create_symlink("releases/" + artifact.release.str(), paths.components / "app/current");
  // A process that runs from it works in this very directory.
  const int inside = ::open(tree(artifact).c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC);
  ASSERT_GE(inside, 0);
  std::filesystem::remove(tree(artifact) / "config.txt");
  std::filesystem::remove_all(tree(artifact) / "bin");
  std::filesystem::remove(tree(artifact) / "latest");
  write_file(tree(artifact) / "latest/in-the-way", "a directory in the place of a link");
  const protocol::StepResult result = ensure(artifact);
  ASSERT_EQ(result.state, protocol::StepState::done) << result.detail;
  EXPECT_TRUE(result.changed);
  EXPECT_EQ(read_file(tree(artifact) / "bin/app"), "#!/bin/true\n");
  EXPECT_EQ(std::filesystem::read_symlink(tree(artifact) / "latest"), "bin/app");
  EXPECT_EQ(::faccessat(inside, "config.txt", F_OK, 0), 0);
  ::close(inside);
  EXPECT_FALSE(ensure(artifact).changed);
}

TEST_F(Releases, RepairADamagedListOfWhatIsCurrent) {
  const Artifact artifact = make_artifact(small_tar());
  blobs.add(artifact);
  ASSERT_EQ(ensure(artifact).state, protocol::StepState::done);
  std::filesystem::create_symlink("releases/" + artifact.release.str(), paths.components / "app/current");
  std::filesystem::remove(tree(artifact).string() + ".files");
  EXPECT_EQ(ensure(artifact).state, protocol::StepState::done);
  EXPECT_FALSE(ensure(artifact).changed);
}

TEST_F(Releases, TakeUpWhatACrashLeftBehind) {
  const Artifact artifact = make_artifact(small_tar());
  blobs.add(artifact);
  // A tree that was being unpacked, and one that got its name but not its list.
  write_file(paths.components / "app/.staging" / artifact.release.str() / "bin/app", "half");
  write_file(tree(artifact) / "bin/app", "half");
  const protocol::StepResult result = ensure(artifact);
  ASSERT_EQ(result.state, protocol::StepState::done) << result.detail;
  EXPECT_EQ(read_file(tree(artifact) / "bin/app"), "#!/bin/true\n");
}

TEST_F(Releases, StopWhenNobodyWantsThemAnyMore) {
  const Artifact artifact = make_artifact(small_tar());
  blobs.add(artifact);
  std::stop_source stop;
  stop.request_stop();
  EXPECT_THROW(ensure(artifact, {}, 0, stop.get_token()), Error);
  EXPECT_FALSE(std::filesystem::exists(tree(artifact)));
}

TEST_F(Releases, LinkSharedPathsToTheComponentsSharedFiles) {
  Tar tar = small_tar();
  tar.directory("log");
  const Artifact artifact = make_artifact(tar);
  blobs.add(artifact);
  const protocol::StepResult result = ensure(artifact, {"log", "var/data/uploads"});
  ASSERT_EQ(result.state, protocol::StepState::done) << result.detail;
  write_file(paths.components / "app/shared/var/data/uploads/picture", "bytes");
  EXPECT_EQ(read_file(tree(artifact) / "var/data/uploads/picture"), "bytes");
  EXPECT_TRUE(std::filesystem::is_symlink(tree(artifact) / "log"));
  EXPECT_FALSE(ensure(artifact, {"log", "var/data/uploads"}).changed);
  EXPECT_EQ(ensure(artifact, {"log"}).code, "shared_differs");
}

TEST_F(Releases, GiveNewSharedDirectoriesToTheirUser) {
  if (::geteuid() != 0) GTEST_SKIP() << "only root can give directories away";
  const Artifact artifact = make_artifact(small_tar());
  blobs.add(artifact);
  ReleaseExecutor executor(paths, blobs, 0);
  protocol::EnsureRelease wanted{
      .component = "app", .artifact = artifact.ref, .shared = {"log"}, .shared_owner = "nobody"};
  EXPECT_EQ(executor.run(wanted, {}).state, protocol::StepState::done);
  struct stat info {};
  ASSERT_EQ(::stat((paths.components / "app/shared/log").c_str(), &info), 0);
  EXPECT_EQ(info.st_uid, 65534u);
  wanted.shared_owner = "no-such-user";
  const protocol::StepResult refused = executor.run(wanted, {});
  EXPECT_EQ(refused.code, "unknown_user");
  char host[256] = "";
  ASSERT_EQ(::gethostname(host, sizeof host - 1), 0);
  for (const std::string& part : {std::string("no-such-user"), std::string(host), std::string("useradd --system")}) {
    EXPECT_NE(refused.detail.find(part), std::string::npos) << refused.detail;
  }
}

TEST_F(Releases, RefuseSharedPathsThatOverlapOrLeave) {
  const Artifact artifact = make_artifact(small_tar());
  blobs.add(artifact);
  EXPECT_EQ(ensure(artifact, {"a", "a/b"}).code, "bad_request");
  EXPECT_EQ(ensure(artifact, {"../other"}).code, "bad_request");
  EXPECT_EQ(ensure(artifact, {"/etc"}).code, "bad_request");
}

TEST_F(Releases, FindEveryKindOfDamage) {
  const Artifact artifact = make_artifact(small_tar());
  blobs.add(artifact);
  const auto damage = [&](const std::function<void()>& change) {
    ReleaseStore store = ReleaseStore::open(paths.components, "app");
    store.remove(artifact.release);
    EXPECT_EQ(ensure(artifact).state, protocol::StepState::done);
    EXPECT_TRUE(store.verify(artifact.release, {}).intact());
    change();
    return store.verify(artifact.release, {});
  };
  const std::filesystem::path file = tree(artifact) / "config.txt";
  EXPECT_FALSE(damage([&] { write_file(file, "a=2\n"); }).intact()) << "other bytes of the same size";
  EXPECT_FALSE(damage([&] { write_file(file, "a=1\n\n"); }).intact()) << "another size";
  EXPECT_FALSE(damage([&] { std::filesystem::remove(file); }).intact()) << "missing";
  EXPECT_FALSE(damage([&] { std::filesystem::permissions(file, std::filesystem::perms::all); }).intact()) << "mode";
  EXPECT_FALSE(damage([&] {
                 std::filesystem::remove(file);
                 std::filesystem::create_symlink("bin/app", file);
               }).intact())
      << "another kind";
  EXPECT_FALSE(damage([&] {
                 std::filesystem::remove(tree(artifact) / "latest");
                 std::filesystem::create_symlink("config.txt", tree(artifact) / "latest");
               }).intact())
      << "another target";
  EXPECT_FALSE(damage([&] { write_file(tree(artifact).string() + ".files", "switchyard-files 1\n"); }).listed)
      << "list";
  const TreeReport extra = damage([&] { write_file(tree(artifact) / "bin/cache", "made by the service"); });
  EXPECT_TRUE(extra.intact()) << "what the service itself wrote is counted, and is no damage";
  EXPECT_EQ(extra.extra, std::vector<std::string>{"bin/cache"});
}

RC_GTEST_PROP(FileLists, ComeBackAsTheyWereWritten, ()) {
  FileList list;
  const auto name = rc::gen::nonEmpty(rc::gen::container<std::string>(rc::gen::inRange<char>(' ', '~')));
  for (int i = *rc::gen::inRange(0, 20); i > 0; --i) {
    FileFact fact;
    fact.kind = *rc::gen::element(EntryKind::file, EntryKind::directory, EntryKind::link);
    fact.mode = *rc::gen::inRange<std::uint32_t>(0, 01000);
    if (fact.kind == EntryKind::file) {
      fact.bytes = *rc::gen::arbitrary<std::uint64_t>();
      fact.sha256 = sha256_hex(*name);
    }
    if (fact.kind == EntryKind::link) fact.target = *name;
    list.files[*name] = fact;
  }
  list.shared = *rc::gen::container<std::vector<std::string>>(name);
  const std::string bytes = encode_file_list(list);
  RC_ASSERT(decode_file_list(bytes) == list);
  std::string damaged = bytes;
  const std::size_t at = *rc::gen::inRange<std::size_t>(0, damaged.size());
  damaged[at] = static_cast<char>(damaged[at] ^ (1 << *rc::gen::inRange(0, 7)));
  RC_ASSERT_THROWS_AS(decode_file_list(damaged), DecodeError);
}

TEST_F(Releases, ArePrunedExceptTheNewestTheProtectedAndTheUsed) {
  std::vector<Artifact> artifacts;
  for (int i = 0; i < 7; ++i) {
    artifacts.push_back(make_artifact(Tar().file("version", std::to_string(i))));
    blobs.add(artifacts.back());
    ASSERT_EQ(ensure(artifacts.back()).state, protocol::StepState::done);
  }
  std::filesystem::create_symlink("releases/" + artifacts[0].release.str(), paths.components / "app/current");
  write_file(paths.units / "app@blue.service.d/release.conf",
             "[Service]\nWorkingDirectory=" + tree(artifacts[1]).string() + "\n");
  write_file(paths.components / "app/.staging/left/over", "x");
  PruneExecutor prune(paths);
  const protocol::Prune wanted{.component = "app", .keep = 2, .protect = {artifacts[2].release}};
  const protocol::StepResult result = prune.run(wanted, {});
  ASSERT_EQ(result.state, protocol::StepState::done) << result.detail;
  EXPECT_EQ(result.evidence.at("removed"), "2");
  for (const int kept : {0, 1, 2, 5, 6})
    EXPECT_TRUE(std::filesystem::exists(tree(artifacts[static_cast<std::size_t>(kept)]))) << kept;
  for (const int gone : {3, 4}) {
    EXPECT_FALSE(std::filesystem::exists(tree(artifacts[static_cast<std::size_t>(gone)]))) << gone;
    EXPECT_FALSE(std::filesystem::exists(tree(artifacts[static_cast<std::size_t>(gone)]).string() + ".files")) << gone;
  }
  EXPECT_TRUE(snapshot(paths.components / "app/.staging").empty());
  EXPECT_FALSE(prune.run(wanted, {}).changed);
}

}  // namespace
}  // namespace switchyard::agent::testing
