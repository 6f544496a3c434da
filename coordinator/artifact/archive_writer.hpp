#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "common/crypto.hpp"
#include "protocol/artifact.hpp"

namespace switchyard::artifact {

/// Compresses a stream (zstd, one thread, one frame) into a file and takes the digest of every chunk on the way. Equal
/// input gives equal bytes, as long as the version of libzstd is the same. One thread; throws SysError, Error.
class ArchiveWriter {
 public:
  ArchiveWriter(int descriptor, std::string name);
  ArchiveWriter(const ArchiveWriter&) = delete;
  ArchiveWriter& operator=(const ArchiveWriter&) = delete;

  void write(std::string_view bytes);
  /// Ends the frame. `bytes`, `chunk_bytes` and `chunks` of the result are set.
  protocol::ArtifactManifest finish();

 private:
  void compress(std::string_view bytes, bool last);
  void put(std::string_view bytes);
  void end_chunk();

  int descriptor_;
  std::string name_;
  std::unique_ptr<void, void (*)(void*)> stream_;  ///< ZSTD_CCtx; only the .cpp knows zstd
  std::string buffer_;
  std::optional<Sha256> chunk_;
  std::uint64_t chunk_bytes_ = 0;
  protocol::ArtifactManifest manifest_;
};

}  // namespace switchyard::artifact
