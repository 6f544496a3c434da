#include "agent/executors/zstd_reader.hpp"

#include <zstd.h>

#include <utility>

#include "agent/executors/tar_reader.hpp"
#include "common/limits.hpp"

namespace switchyard::agent {
namespace {

ZSTD_DStream* stream_of(void* stream) { return static_cast<ZSTD_DStream*>(stream); }

}  // namespace

ZstdReader::ZstdReader(Source source, std::uint64_t expanded_bytes_max)
    : source_(std::move(source)),
      left_(expanded_bytes_max),
      stream_(ZSTD_createDStream()),
      input_(limits::file_buffer_bytes, '\0') {
  if (stream_ == nullptr) throw ArchiveError("no memory for the decompressor");
  const std::size_t set =
      ZSTD_DCtx_setParameter(stream_of(stream_), ZSTD_d_windowLogMax, limits::archive_window_log_max);
  if (ZSTD_isError(set)) {
    ZSTD_freeDStream(stream_of(stream_));
    throw ArchiveError(std::string("the decompressor takes no limit: ") + ZSTD_getErrorName(set));
  }
}

ZstdReader::~ZstdReader() { ZSTD_freeDStream(stream_of(stream_)); }

bool ZstdReader::refill() {
  if (input_used_ < input_filled_) return true;
  input_filled_ = source_(input_.data(), input_.size());
  input_used_ = 0;
  return input_filled_ > 0;
}

std::size_t ZstdReader::read(char* buffer, std::size_t size) {
  std::size_t filled = 0;
  while (filled < size && !frame_done_) {
    const bool more = refill();
    ZSTD_inBuffer in{input_.data(), input_filled_, input_used_};
    ZSTD_outBuffer out{buffer, size, filled};
    const std::size_t hint = ZSTD_decompressStream(stream_of(stream_), &out, &in);
    if (ZSTD_isError(hint)) {
      throw ArchiveError(std::string("the archive cannot be decompressed: ") + ZSTD_getErrorName(hint));
    }
    const std::size_t made = out.pos - filled;
    if (made > left_) throw ArchiveError("the archive expands beyond the size declared");
    left_ -= made;
    const bool progress = made > 0 || in.pos > input_used_;
    input_used_ = in.pos;
    filled = out.pos;
    if (hint == 0) {
      frame_done_ = true;
      if (refill()) throw ArchiveError("bytes follow the compressed archive");
    } else if (!more && !progress) {
      throw ArchiveError("the compressed archive is cut off");
    }
  }
  return filled;
}

}  // namespace switchyard::agent
