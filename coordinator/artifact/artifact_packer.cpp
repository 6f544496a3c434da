#include "coordinator/artifact/artifact_packer.hpp"

#include <utility>

#include "common/error.hpp"
#include "common/limits.hpp"
#include "coordinator/artifact/archive_writer.hpp"
#include "coordinator/artifact/directory_source.hpp"
#include "coordinator/artifact/tar_format.hpp"
#include "coordinator/artifact/tarball_source.hpp"

namespace switchyard::artifact {

namespace {

/// What agents take for a decompression bomb.
void check_ratio(const protocol::ArtifactManifest& content, const std::string& origin) {
  const bool bomb = content.unpacked_bytes > limits::archive_ratio_free_bytes &&
                    content.unpacked_bytes / limits::archive_ratio_max > content.bytes;
  if (!bomb) return;
  throw InputError(origin + ": its files shrink more than " + std::to_string(limits::archive_ratio_max) +
                   " times, which agents refuse to unpack; leave the empty data out");
}

PackedArtifact pack(ContentSource& source, const std::string& origin) {
  TemporaryFile archive(".tar.zst");
  ArchiveWriter writer(archive.descriptor(), archive.path().string());
  std::uint64_t unpacked = 0;
  for (const PackEntry& entry : source.entries()) {
    writer.write(tar_header(entry));
    if (entry.kind != EntryKind::file) continue;
    source.read(entry, [&](std::string_view piece) { writer.write(piece); });
    writer.write(tar_padding(entry.bytes));
    unpacked += entry.bytes;
  }
  writer.write(tar_end());
  protocol::ArtifactManifest content = writer.finish();
  content.unpacked_bytes = unpacked;
  content.entries = static_cast<std::uint32_t>(source.entries().size());
  check_ratio(content, origin);
  std::string manifest = protocol::encode_artifact(content);
  ReleaseId release = protocol::release_id(manifest);
  return {std::move(manifest), std::move(release), std::move(content), std::move(archive), source.entries()};
}

}  // namespace

PackedArtifact pack_directory(const std::filesystem::path& directory) {
  DirectorySource source(directory);
  return pack(source, directory.string());
}

PackedArtifact pack_tarball(const std::filesystem::path& tarball) {
  TarballSource source(tarball);
  return pack(source, tarball.string());
}

}  // namespace switchyard::artifact
