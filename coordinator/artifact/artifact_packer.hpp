#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "coordinator/artifact/content_source.hpp"
#include "coordinator/artifact/temporary_file.hpp"
#include "protocol/artifact.hpp"

namespace switchyard::artifact {

/// An artifact that is ready to be uploaded: `archive` cut into chunks of content.chunk_bytes is what `manifest` lists.
struct PackedArtifact {
  std::string manifest;  ///< encoded
  ReleaseId release;     ///< the digest of the manifest
  protocol::ArtifactManifest content;
  TemporaryFile archive;  ///< tar, zstd; removed with this object
  std::vector<PackEntry> entries;
};

/// Equal files give an equal release id, whatever their owners, times and order, from a directory or from a tarball.
/// What agents would refuse to unpack is refused here: devices, sockets, links that lead out, names that differ in case
/// only. Throws InputError naming the file, SysError when reading or writing fails.
PackedArtifact pack_directory(const std::filesystem::path& directory);
PackedArtifact pack_tarball(const std::filesystem::path& tarball);

}  // namespace switchyard::artifact
