#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>

namespace switchyard::agent {

/// Expands one zstd frame while it is read, in bounded memory, and stops at a bound on what comes out. Bytes after the
/// frame are refused. The only class of the agent that knows zstd. One thread; throws ArchiveError, and what the source
/// throws.
class ZstdReader {
 public:
  using Source = std::function<std::size_t(char* buffer, std::size_t size)>;
  /// `expanded_bytes_max`: one byte more is an ArchiveError.
  ZstdReader(Source source, std::uint64_t expanded_bytes_max);
  ~ZstdReader();
  ZstdReader(const ZstdReader&) = delete;
  ZstdReader& operator=(const ZstdReader&) = delete;

  /// Fills the buffer as far as the frame goes; less than `size` only at its end.
  std::size_t read(char* buffer, std::size_t size);

 private:
  bool refill();

  Source source_;
  std::uint64_t left_;  // until the bound
  void* stream_;
  std::string input_;
  std::size_t input_used_ = 0;
  std::size_t input_filled_ = 0;
  bool frame_done_ = false;
};

}  // namespace switchyard::agent
