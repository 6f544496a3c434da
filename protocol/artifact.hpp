#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "common/ids.hpp"

/// What a release is made of on the wire: one archive (tar, zstd), cut into chunks of equal size (the last may be
/// shorter). The manifest lists their digests; its own digest is the release id. The packer is deterministic, so equal
/// files give an equal id.
namespace switchyard::protocol {

struct ArtifactManifest {
  std::uint64_t bytes = 0;           ///< of the archive
  std::uint64_t unpacked_bytes = 0;  ///< of all regular files
  std::uint32_t entries = 0;
  std::uint32_t chunk_bytes = 0;     ///< limits::chunk_bytes_max
  std::vector<std::string> chunks;   ///< SHA-256, 32 raw bytes each, in order
  bool operator==(const ArtifactManifest&) const = default;
};

std::string encode_artifact(const ArtifactManifest& manifest);
/// Throws DecodeError; checks that sizes and the number of chunks agree, and the limits.
ArtifactManifest decode_artifact(std::string_view bytes);
ReleaseId release_id(std::string_view encoded_manifest);

}  // namespace switchyard::protocol
