#include "coordinator/artifact/archive_writer.hpp"

#include <zstd.h>

#include <algorithm>
#include <new>
#include <utility>

#include "common/error.hpp"
#include "common/limits.hpp"
#include "coordinator/artifact/temporary_file.hpp"

namespace switchyard::artifact {

namespace {

/// Near the best of its kind in bytes per second of CPU; a higher level changes every release id.
constexpr int compression_level = 3;

ZSTD_CCtx* context(const std::unique_ptr<void, void (*)(void*)>& stream) {
  return static_cast<ZSTD_CCtx*>(stream.get());
}

void free_context(void* stream) { ZSTD_freeCCtx(static_cast<ZSTD_CCtx*>(stream)); }

void check(std::size_t result, const std::string& name) {
  if (ZSTD_isError(result)) throw Error("compressing " + name + ": " + ZSTD_getErrorName(result));
}

}  // namespace

ArchiveWriter::ArchiveWriter(int descriptor, std::string name)
    : descriptor_(descriptor),
      name_(std::move(name)),
      stream_(ZSTD_createCCtx(), free_context),
      buffer_(ZSTD_CStreamOutSize(), '\0') {
  if (!stream_) throw std::bad_alloc();
  check(ZSTD_CCtx_setParameter(context(stream_), ZSTD_c_compressionLevel, compression_level), name_);
  manifest_.chunk_bytes = static_cast<std::uint32_t>(limits::chunk_bytes_max);
}

void ArchiveWriter::write(std::string_view bytes) { compress(bytes, false); }

protocol::ArtifactManifest ArchiveWriter::finish() {
  compress({}, true);
  if (chunk_bytes_ > 0) end_chunk();
  return manifest_;
}

void ArchiveWriter::compress(std::string_view bytes, bool last) {
  ZSTD_inBuffer input{bytes.data(), bytes.size(), 0};
  while (true) {
    ZSTD_outBuffer output{buffer_.data(), buffer_.size(), 0};
    const std::size_t left =
        ZSTD_compressStream2(context(stream_), &output, &input, last ? ZSTD_e_end : ZSTD_e_continue);
    check(left, name_);
    put(std::string_view(buffer_.data(), output.pos));
    if (last ? left == 0 : input.pos == input.size) return;
  }
}

void ArchiveWriter::put(std::string_view bytes) {
  manifest_.bytes += bytes.size();
  if (manifest_.bytes > limits::artifact_bytes_max) {
    throw InputError(name_ + ": the artifact has more than " + std::to_string(limits::artifact_bytes_max) +
                     " bytes; leave some files out");
  }
  write_all(descriptor_, bytes, name_);
  while (!bytes.empty()) {
    const auto room = static_cast<std::size_t>(manifest_.chunk_bytes - chunk_bytes_);
    const std::string_view part = bytes.substr(0, room);
    if (!chunk_) chunk_.emplace();
    chunk_->update(part);
    chunk_bytes_ += part.size();
    bytes.remove_prefix(part.size());
    if (chunk_bytes_ == manifest_.chunk_bytes) end_chunk();
  }
}

void ArchiveWriter::end_chunk() {
  manifest_.chunks.push_back(chunk_->finish());
  chunk_.reset();
  chunk_bytes_ = 0;
}

}  // namespace switchyard::artifact
