// The coordinator packs, the agent unpacks: two readings of one format, written apart, must agree on every tree.
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "agent/executors/release_executor.hpp"
#include "coordinator/artifact/artifact_packer.hpp"
#include "tests/unit/agent_executors/archives.hpp"
#include "tests/unit/agent_executors/scratch.hpp"

namespace switchyard::agent::testing {
namespace {

Artifact as_artifact(const artifact::PackedArtifact& packed) {
  Artifact made{
      .archive = read_file(packed.archive.path()), .manifest = packed.manifest, .release = packed.release, .ref = {}};
  made.ref = {
      .release = packed.release, .bytes = packed.content.bytes, .unpacked_bytes = packed.content.unpacked_bytes};
  return made;
}

/// Kinds, contents and targets, without modes and owners, which packing normalises.
std::map<std::string, std::string> content_of(const std::filesystem::path& root) {
  std::map<std::string, std::string> found;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(root)) {
    const std::string path = entry.path().lexically_relative(root).string();
    if (entry.is_symlink()) {
      found[path] = "link " + std::filesystem::read_symlink(entry.path()).string();
    } else if (entry.is_directory()) {
      found[path] = "directory";
    } else {
      const bool executable =
          (entry.status().permissions() & std::filesystem::perms::owner_exec) != std::filesystem::perms::none;
      found[path] = (executable ? "program " : "file ") + read_file(entry.path());
    }
  }
  return found;
}

protocol::StepResult install(const HostPaths& paths, const Artifact& artifact) {
  FakeBlobs blobs;
  blobs.add(artifact);
  ReleaseExecutor executor(paths, blobs, 0);
  return executor.run(
      protocol::EnsureRelease{.component = "app", .artifact = artifact.ref, .shared = {}, .shared_owner = {}}, {});
}

/// Directories, programs, files and links with short, long and odd names.
void make_any_tree(const std::filesystem::path& root) {
  std::filesystem::create_directories(root);
  std::filesystem::path where = root;
  for (int i = *rc::gen::inRange(0, 15); i > 0; --i) {
    std::string name = std::to_string(i) + *rc::gen::element<std::string>("", " a", "=", "\xc3\xa4", "-", ".", "~x");
    name += std::string(static_cast<std::size_t>(*rc::gen::element(0, 0, 0, 95, 120, 200)), 'n');
    const std::filesystem::path path = where / name;
    switch (*rc::gen::inRange(0, 4)) {
      case 0:
        std::filesystem::create_directory(path);
        if (*rc::gen::arbitrary<bool>()) where = path;
        break;
      case 1:
        std::filesystem::create_symlink(std::string(static_cast<std::size_t>(*rc::gen::element(1, 99, 101, 255)), 't'),
                                        path);
        break;
      default: {
        write_file(path, std::string(static_cast<std::size_t>(*rc::gen::element(0, 1, 511, 512, 513, 70'000)), 'c'));
        if (*rc::gen::arbitrary<bool>()) std::filesystem::permissions(path, std::filesystem::perms::owner_all);
      }
    }
    if (*rc::gen::inRange(0, 4) == 0) where = root;
  }
}

RC_GTEST_PROP(ArtifactContract, WhatIsPackedIsUnpackedTheSame, ()) {
  const Scratch scratch;
  const HostPaths paths = scratch.host();
  make_any_tree(scratch / "source");
  write_file(scratch / "source/always", "an artifact has a file");
  const Artifact artifact = as_artifact(artifact::pack_directory(scratch / "source"));
  const protocol::StepResult result = install(paths, artifact);
  RC_ASSERT(result.state == protocol::StepState::done);
  RC_ASSERT(content_of(paths.components / "app/releases" / artifact.release.str()) == content_of(scratch / "source"));
  RC_ASSERT(as_artifact(artifact::pack_directory(scratch / "source")).release == artifact.release);
}

TEST(ArtifactContract, HoldsForAnArtifactOfManyChunks) {
  const Scratch scratch;
  const HostPaths paths = scratch.host();
  std::string noise;
  for (int i = 0; noise.size() < 3'000'000; ++i) noise += sha256(std::to_string(i));
  write_file(scratch / "source/data", noise);
  const artifact::PackedArtifact packed = artifact::pack_directory(scratch / "source");
  ASSERT_GT(packed.content.chunks.size(), 10u);
  const Artifact artifact = as_artifact(packed);
  const protocol::StepResult result = install(paths, artifact);
  ASSERT_EQ(result.state, protocol::StepState::done) << result.detail;
  EXPECT_EQ(read_file(paths.components / "app/releases" / artifact.release.str() / "data"), noise);
}

}  // namespace
}  // namespace switchyard::agent::testing
