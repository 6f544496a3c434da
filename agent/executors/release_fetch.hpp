#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "agent/executors/checksum_error.hpp"
#include "agent/executors/directory.hpp"
#include "agent/executors/executor.hpp"
#include "protocol/artifact.hpp"

namespace switchyard::agent {

/// Fetches one artifact, chunk by chunk, into a file beneath `.staging`. Only bytes whose digest the manifest lists
/// stay in the file, so a transfer that was cut off goes on where it stopped: what is there is checked again and kept.
/// One thread, for one step. Throws ChecksumError, TransportError (from the source), SysError, Cancelled.
class ReleaseFetch {
 public:
  ReleaseFetch(BlobSource& blobs, const ReleaseId& release, const StepContext& context);

  /// Checked against the release id, which is its digest.
  protocol::ArtifactManifest manifest();
  /// How many bytes of the file are right already, chunk by chunk from its beginning.
  std::uint64_t verified_prefix(int file, const protocol::ArtifactManifest& manifest) const;
  /// Appends what is missing after `from`. Returns the number of bytes fetched.
  std::uint64_t complete(int file, const protocol::ArtifactManifest& manifest, std::uint64_t from);

 private:
  /// Under way from its construction to its end.
  class Ahead;
  std::string chunk(const protocol::ArtifactManifest& manifest, std::size_t index, std::unique_ptr<Ahead> ahead);
  void check_cancelled() const;

  BlobSource& blobs_;
  const ReleaseId& release_;
  const StepContext& context_;
};

}  // namespace switchyard::agent
