#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "common/file_descriptor.hpp"
#include "common/ids.hpp"
#include "protocol/artifact.hpp"
#include "protocol/message.hpp"

namespace switchyard::fleet {

/// The bytes of the artifacts: <directory>/<release>/{manifest, archive}; `archive.partial` until every chunk is there.
/// A chunk is written only when its digest is right, and nothing is served before the whole is there and synced.
/// What lies here may be damaged later: begin() reads a complete artifact once in a process's life, again when its file
/// has changed, and again after doubt(); what it finds broken is no longer served and is asked for anew.
/// Loop thread only: every call moves at most one chunk, but for begin() on what an earlier process left behind or what
/// is doubted, which is read once. Throws DecodeError (a bad manifest), SysError.
class ArtifactStore {
 public:
  explicit ArtifactStore(std::filesystem::path directory) : directory_(std::move(directory)) {}

  enum class Wrong { digest, unknown_upload, index, incomplete };

  /// Throws DecodeError unless the manifest is well-formed and its digest is the release's id.
  static protocol::ArtifactManifest checked(const ReleaseId& release, const std::string& manifest);
  /// The indexes of the chunks that are still missing. Throws what checked() throws.
  std::vector<std::uint32_t> begin(const ReleaseId& release, const std::string& manifest);
  std::optional<Wrong> put_chunk(const ReleaseId& release, std::uint32_t index, const std::string& bytes);
  /// Durable when it returns nothing.
  std::optional<Wrong> complete(const ReleaseId& release);

  /// Only of a complete artifact.
  std::optional<protocol::ArtifactManifest> manifest(const ReleaseId& release) const;
  bool complete_here(const ReleaseId& release) const;
  /// A deployment failed, and damaged bytes may be why: everything is read again before it counts as uploaded.
  void doubt() { sound_.clear(); }
  /// From here on it is not served, and may be uploaded anew; remove_one() frees the space. Durable.
  void drop(const ReleaseId& release);
  /// Removes the files of one dropped artifact, also of one that an earlier process dropped. False: there is none.
  bool remove_one();
  /// Releases whose files were last changed longer ago than that: uploads that were given up among them.
  std::vector<ReleaseId> untouched_for(std::int64_t ms) const;

  /// A piece of the archive or of the encoded manifest; `missing` is set when there is none.
  protocol::Blob serve(const protocol::BlobGet& wish) const;

 private:
  struct Upload {
    protocol::ArtifactManifest manifest;
    FileDescriptor file;
    std::vector<bool> present;
  };
  std::filesystem::path place(const ReleaseId& release) const { return directory_ / release.str(); }
  Upload open_upload(const ReleaseId& release, protocol::ArtifactManifest manifest) const;
  /// Which file it is, and when it was last changed: as long as this is the same, it was not written to.
  struct Stamp {
    std::uint64_t inode = 0, bytes = 0;
    std::int64_t changed_s = 0, changed_ns = 0;
    bool operator==(const Stamp&) const = default;
  };
  std::optional<Stamp> stamp(const ReleaseId& release) const;
  bool is_sound(const ReleaseId& release, const protocol::ArtifactManifest& manifest);
  void reopen(const ReleaseId& release) const;

  std::filesystem::path directory_;
  std::map<ReleaseId, Upload> uploads_;
  std::map<ReleaseId, Stamp> sound_;  ///< artifacts whose archives were read, or written, by this process
};

}  // namespace switchyard::fleet
