#include "protocol/artifact.hpp"

#include "common/crypto.hpp"
#include "common/error.hpp"
#include "protocol/pack.hpp"

namespace switchyard::protocol {
namespace {

constexpr std::size_t digest_bytes = 32;

/// The digests travel as one run of bytes: a list of them would be longer than any container may be.
struct PackedManifest {
  std::uint64_t bytes = 0;
  std::uint64_t unpacked_bytes = 0;
  std::uint32_t entries = 0;
  std::uint32_t chunk_bytes = 0;
  std::string digests;
};

template <class Archive>
void fields(Archive& archive, Like<PackedManifest> auto& manifest) {
  archive(1, manifest.bytes);
  archive(2, manifest.unpacked_bytes);
  archive(3, manifest.entries);
  archive(4, manifest.chunk_bytes);
  archive.bytes(5, manifest.digests, limits::artifact_manifest_bytes_max);
}

void check(const PackedManifest& manifest) {
  if (manifest.bytes > limits::artifact_bytes_max || manifest.unpacked_bytes > limits::artifact_bytes_max) {
    throw DecodeError("an artifact is larger than " + std::to_string(limits::artifact_bytes_max) + " bytes");
  }
  if (manifest.entries > limits::archive_entries_max) {
    throw DecodeError("an artifact has more than " + std::to_string(limits::archive_entries_max) + " entries");
  }
  if (manifest.chunk_bytes == 0 || manifest.chunk_bytes > limits::chunk_bytes_max) {
    throw DecodeError("an artifact's chunk size of " + std::to_string(manifest.chunk_bytes) + " bytes is not allowed");
  }
  const std::uint64_t chunks = (manifest.bytes + manifest.chunk_bytes - 1) / manifest.chunk_bytes;
  if (manifest.digests.size() != chunks * digest_bytes) {
    throw DecodeError("an artifact of " + std::to_string(chunks) + " chunks lists " +
                      std::to_string(manifest.digests.size()) + " bytes of digests");
  }
}

}  // namespace

std::string encode_artifact(const ArtifactManifest& manifest) {
  PackedManifest packed{manifest.bytes, manifest.unpacked_bytes, manifest.entries, manifest.chunk_bytes, {}};
  for (const std::string& digest : manifest.chunks) {
    ENSURE(digest.size() == digest_bytes);
    packed.digests += digest;
  }
  return pack(packed);
}

ArtifactManifest decode_artifact(std::string_view bytes) {
  const auto packed = unpack<PackedManifest>(bytes);
  check(packed);
  ArtifactManifest manifest{packed.bytes, packed.unpacked_bytes, packed.entries, packed.chunk_bytes, {}};
  for (std::size_t at = 0; at < packed.digests.size(); at += digest_bytes) {
    manifest.chunks.push_back(packed.digests.substr(at, digest_bytes));
  }
  return manifest;
}

ReleaseId release_id(std::string_view encoded_manifest) { return ReleaseId(sha256_hex(encoded_manifest)); }

}  // namespace switchyard::protocol
