#include <gtest/gtest.h>

#include "agent/executors/executors.hpp"
#include "agent/executors/release_executor.hpp"
#include "agent/executors/tar_reader.hpp"
#include "tests/unit/agent_executors/archives.hpp"
#include "tests/unit/agent_executors/scratch.hpp"

namespace switchyard::agent::testing {
namespace {

struct Hostile {
  std::string name;
  std::string tar;  ///< the whole stream
  std::uint64_t unpacked = 1 << 20;
  std::uint32_t entries = 100;
  std::vector<std::string> shared = {};
};

Hostile whole(const std::string& name, const Tar& tar) { return {.name = name, .tar = tar.finish()}; }

void add_names(std::vector<Hostile>& corpus) {
  const std::vector<std::pair<std::string, std::string>> names = {
      {"absolute", "/outside/evil"},
      {"parent", "../evil"},
      {"parents", "../../../outside/evil"},
      {"parent_inside", "a/../../evil"},
      {"parent_end", "a/.."},
      {"dot", "./evil"},
      {"dot_inside", "a/./evil"},
      {"empty_part", "a//evil"},
      {"backslash", "..\\evil"},
      {"newline", "a\nevil"},
      {"escape", "a\x1b[2J"},
      {"only_dot", "."},
      {"only_dots", ".."},
      {"slash_end_file", "evil/"},
  };
  for (const auto& [name, path] : names) corpus.push_back(whole("name_" + name, Tar().file(path, "evil")));
  corpus.push_back(whole("name_empty", Tar().file("", "evil")));
  corpus.push_back(whole("name_pax_parent", Tar().pax(Tar::record("path", "../evil")).file("good", "evil")));
  corpus.push_back(whole("name_pax_absolute", Tar().pax(Tar::record("path", "/outside/evil")).file("good", "evil")));
  corpus.push_back(
      whole("name_pax_nul", Tar().pax(Tar::record("path", std::string("a\0../evil", 9))).file("good", "evil")));
  corpus.push_back(whole("name_prefix_parent", [] {
    Tar tar;
    tar.add({.path = std::string("../evil\0hidden", 14), .content = "evil"});
    return tar;
  }()));
  corpus.push_back(whole("name_too_long", Tar().pax(Tar::record("path", std::string(2000, 'a'))).file("x", "evil")));
  std::string deep = "a";
  for (int i = 0; i < 100; ++i) deep += "/a";
  corpus.push_back(whole("name_too_deep", Tar().pax(Tar::record("path", deep)).file("x", "evil")));
  corpus.push_back(whole("directory_parent", Tar().directory("../evil")));
  corpus.push_back(whole("directory_absolute", Tar().directory("/outside/evil")));
}

void add_links(std::vector<Hostile>& corpus) {
  corpus.push_back(whole("link_absolute", Tar().link("a", "/etc/passwd")));
  corpus.push_back(whole("link_parent", Tar().link("a", "../../outside")));
  corpus.push_back(whole("link_up_after_down", Tar().directory("d").link("d/a", "b/../../../outside")));
  corpus.push_back(whole("link_through_link", Tar().link("p", ".").link("q", "p/../../outside")));
  corpus.push_back(whole("link_then_file_beneath", Tar().link("a", "d").directory("d").file("a/evil", "evil")));
  corpus.push_back(whole("link_out_then_file_beneath", Tar().link("a", "../../../outside").file("a/evil", "evil")));
  corpus.push_back(whole("link_then_same_file", Tar().link("a", "b").file("a", "evil")));
  corpus.push_back(whole("link_empty", Tar().link("a", "")));
  corpus.push_back(whole("link_pax_parent", Tar().pax(Tar::record("linkpath", "../../../outside/x")).link("a", "b")));
  corpus.push_back(whole("link_backslash", Tar().link("a", "..\\x")));
  corpus.push_back(whole("hard_link", Tar().file("a", "x").add({.path = "b", .type = '1', .target = "a"})));
  corpus.push_back(whole("hard_link_out", Tar().add({.path = "b", .type = '1', .target = "../../../outside/keep"})));
  // The path of CPython's CVE: a link to a link, then a hard link that is resolved elsewhere.
  corpus.push_back(whole("hard_link_to_link", Tar().link("a", "b").add({.path = "c", .type = '1', .target = "a"})));
}

void add_kinds(std::vector<Hostile>& corpus) {
  corpus.push_back(whole("character_device", Tar().add({.path = "null", .type = '3'})));
  corpus.push_back(whole("block_device", Tar().add({.path = "disk", .type = '4'})));
  corpus.push_back(whole("named_pipe", Tar().add({.path = "pipe", .type = '6'})));
  corpus.push_back(whole("contiguous", Tar().add({.path = "x", .type = '7', .content = "x"})));
  corpus.push_back(
      whole("gnu_long_name", Tar().add({.path = "x", .type = 'L', .content = "../evil"}).file("y", "evil")));
  corpus.push_back(whole("gnu_sparse", Tar().add({.path = "x", .type = 'S'})));
  corpus.push_back(whole("unknown_type", Tar().add({.path = "x", .type = 'Z'})));
  corpus.push_back(whole("setuid", Tar().file("su", "evil", 04755)));
  corpus.push_back(whole("setgid", Tar().file("sg", "evil", 02755)));
  corpus.push_back(whole("sticky_directory", Tar().directory("tmp", 01777)));
  corpus.push_back(whole("xattr", Tar().pax(Tar::record("SCHILY.xattr.security.capability", "x")).file("a", "x")));
  corpus.push_back(whole("acl", Tar().pax(Tar::record("SCHILY.acl.access", "user::rwx")).file("a", "x")));
  corpus.push_back(whole("pax_sparse", Tar().pax(Tar::record("GNU.sparse.major", "1")).file("a", "x")));
  corpus.push_back(whole("content_in_directory", Tar().add({.path = "d/", .type = '5', .content = "evil"})));
  corpus.push_back(whole("content_in_link", Tar().add({.path = "l", .type = '2', .content = "evil", .target = "x"})));
}

void add_duplicates(std::vector<Hostile>& corpus) {
  corpus.push_back(whole("twice", Tar().file("a", "x").file("a", "y")));
  corpus.push_back(whole("twice_directory", Tar().directory("a").directory("a")));
  corpus.push_back(whole("case", Tar().file("Config", "x").file("config", "y")));
  corpus.push_back(whole("case_of_parents", Tar().file("A/x", "x").file("a/y", "y")));
  corpus.push_back(whole("file_as_directory", Tar().file("a", "x").file("a/b", "y")));
  corpus.push_back(whole("directory_as_file", Tar().file("a/b", "y").file("a", "x")));
  corpus.push_back({.name = "shared_file", .tar = Tar().file("log/x", "x").finish(), .shared = {"log"}});
  corpus.push_back({.name = "shared_parent_is_link", .tar = Tar().link("var", "x").finish(), .shared = {"var/log"}});
}

void add_streams(std::vector<Hostile>& corpus) {
  const std::string good = Tar().file("a", "x").finish();
  corpus.push_back({.name = "no_end_mark", .tar = Tar().file("a", "x").unfinished()});
  corpus.push_back({.name = "half_end_mark", .tar = Tar().file("a", "x").unfinished() + std::string(512, '\0')});
  corpus.push_back({.name = "cut_in_header", .tar = good.substr(0, 300)});
  corpus.push_back(
      {.name = "cut_in_content", .tar = Tar().file("a", std::string(5000, 'x')).unfinished().substr(0, 1500)});
  corpus.push_back({.name = "bytes_after_end", .tar = good + "evil" + std::string(508, '\0')});
  corpus.push_back({.name = "entry_after_end", .tar = good + Tar().file("../evil", "evil").finish()});
  corpus.push_back({.name = "endless_padding", .tar = good + std::string(3 << 20, '\0')});
  corpus.push_back(whole("bad_checksum", Tar().add({.path = "a", .content = "x", .bad_checksum = true})));
  corpus.push_back(whole("gnu_magic", Tar().add({.path = "a", .content = "x", .magic = std::string("ustar  \0", 8)})));
  corpus.push_back(whole("old_magic", Tar().add({.path = "a", .content = "x", .magic = std::string(8, '\0')})));
  corpus.push_back(whole("size_no_number", Tar().add({.path = "a", .size_field = "zzzzzzzzzzz"})));
  corpus.push_back(whole("size_base_256",
                         Tar().add({.path = "a", .size_field = "\x80\x01\x01\x01\x01\x01\x01\x01\x01\x01\x01\x01"})));
  corpus.push_back(whole("size_beyond_declared", Tar().add({.path = "a", .size_field = "77777777777"})));
  corpus.push_back(whole("pax_size_huge", Tar().pax(Tar::record("size", "18446744073709551615")).file("a", "x")));
  corpus.push_back(whole("pax_size_negative", Tar().pax(Tar::record("size", "-1")).file("a", "x")));
  corpus.push_back(whole("pax_malformed", Tar().pax("999 path=../evil\n").file("a", "x")));
  corpus.push_back(whole("pax_no_equals", Tar().pax("9 pathxx\n").file("a", "x")));
  corpus.push_back(whole("pax_too_large", Tar().pax(Tar::record("comment", std::string(20000, 'x'))).file("a", "x")));
  corpus.push_back(whole("pax_global_path", Tar().pax(Tar::record("path", "../evil"), 'g').file("a", "x")));
  corpus.push_back(whole("pax_many", Tar().pax("").pax("").pax("").pax("").file("a", "x")));
  corpus.push_back(whole("pax_at_end", Tar().pax(Tar::record("path", "x"))));
  Tar many;
  for (int i = 0; i < 200; ++i) many.file("f" + std::to_string(i), "x");
  corpus.push_back(whole("more_entries_than_declared", many));
  corpus.push_back(
      {.name = "more_bytes_than_declared", .tar = Tar().file("a", std::string(2000, 'x')).finish(), .unpacked = 1999});
  corpus.push_back({.name = "not_a_tar", .tar = std::string(4096, 'x')});
  corpus.push_back({.name = "nothing", .tar = ""});
}

std::vector<Hostile> hostile_corpus() {
  std::vector<Hostile> corpus;
  add_names(corpus);
  add_links(corpus);
  add_kinds(corpus);
  add_duplicates(corpus);
  add_streams(corpus);
  return corpus;
}

class HostileArchive : public ::testing::TestWithParam<Hostile> {};

/// Everything on the host, apart from where unpacking happens, must be as before.
std::map<std::string, std::string> outside(const Scratch& scratch) {
  auto all = snapshot(scratch.path());
  std::erase_if(all, [](const auto& entry) { return entry.first.starts_with("srv/app/.staging/"); });
  return all;
}

TEST_P(HostileArchive, IsRefusedAndChangesNothingOutsideOfStaging) {
  const Scratch scratch;
  const HostPaths paths = scratch.host();
  write_file(scratch / "outside/keep", "keep");
  const Artifact artifact = make_artifact(compressed(GetParam().tar), GetParam().unpacked, GetParam().entries);
  FakeBlobs blobs;
  blobs.add(artifact);
  ReleaseExecutor executor(paths, blobs, 0);
  // Once with a good release first, so that the directories stand, and there is something to damage.
  const Artifact good = make_artifact(Tar().file("bin/app", "good"));
  blobs.add(good);
  ASSERT_EQ(executor
                .run(
                    protocol::EnsureRelease{
                        .component = "app", .artifact = good.ref, .shared = GetParam().shared, .shared_owner = {}},
                    {})
                .state,
            protocol::StepState::done);
  const auto before = outside(scratch);

  const protocol::EnsureRelease wanted{
      .component = "app", .artifact = artifact.ref, .shared = GetParam().shared, .shared_owner = {}};
  try {
    executor.run(wanted, {});
    ADD_FAILURE() << "it was taken";
  } catch (const ArchiveError& error) {
    // A header that this test itself built wrongly would prove nothing.
    const bool by_checksum = std::string(error.what()).find("checksum") != std::string::npos;
    EXPECT_EQ(by_checksum, GetParam().name == "bad_checksum" || GetParam().name == "not_a_tar") << error.what();
  }

  EXPECT_EQ(outside(scratch), before);
  EXPECT_TRUE(snapshot(scratch / "srv/app/.staging").empty()) << "a refused archive leaves nothing behind";
}

INSTANTIATE_TEST_SUITE_P(Corpus, HostileArchive, ::testing::ValuesIn(hostile_corpus()),
                         [](const auto& one) { return one.param.name; });

TEST(HostileArchives, AreAtLeastSixtyDifferentOnes) { EXPECT_GE(hostile_corpus().size(), 60u); }

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
