#include "agent/executors/release_fetch.hpp"

#include <unistd.h>

#include <algorithm>
#include <deque>
#include <utility>

#include "agent/executors/unpack.hpp"
#include "common/crypto.hpp"
#include "common/limits.hpp"

namespace switchyard::agent {
namespace {

std::uint64_t chunk_begin(const protocol::ArtifactManifest& manifest, std::size_t index) {
  return static_cast<std::uint64_t>(index) * manifest.chunk_bytes;
}

std::size_t chunk_size(const protocol::ArtifactManifest& manifest, std::size_t index) {
  return static_cast<std::size_t>(
      std::min<std::uint64_t>(manifest.chunk_bytes, manifest.bytes - chunk_begin(manifest, index)));
}

}  // namespace

ReleaseFetch::ReleaseFetch(BlobSource& blobs, const ReleaseId& release, const StepContext& context)
    : blobs_(blobs), release_(release), context_(context) {}

void ReleaseFetch::check_cancelled() const {
  if (context_.stop.stop_requested()) throw Cancelled("fetching the release was cancelled");
}

protocol::ArtifactManifest ReleaseFetch::manifest() {
  std::string bytes;
  for (;;) {
    check_cancelled();
    constexpr auto piece = static_cast<std::uint32_t>(limits::chunk_bytes_max);
    const std::string got = blobs_.fetch(release_, true, bytes.size(), piece, context_.deadline_boot_ms, context_.stop);
    bytes += got;
    if (bytes.size() > limits::artifact_manifest_bytes_max) {
      throw ChecksumError("the chunk list of the artifact is larger than any artifact needs");
    }
    if (got.size() < piece) break;
  }
  if (protocol::release_id(bytes) != release_) {
    throw ChecksumError("the chunk list of the artifact does not have the digest that the plan names: expected " +
                        release_.str());
  }
  return protocol::decode_artifact(bytes);
}

std::uint64_t ReleaseFetch::verified_prefix(int file, const protocol::ArtifactManifest& manifest) const {
  if (::lseek(file, 0, SEEK_SET) < 0) throw_errno("rewinding the staged archive");
  std::string buffer(manifest.chunk_bytes, '\0');
  for (std::size_t index = 0; index < manifest.chunks.size(); ++index) {
    check_cancelled();
    const std::size_t size = chunk_size(manifest, index);
    const std::size_t got = read_fully(file, buffer.data(), size, "the staged archive");
    if (got != size || sha256(std::string_view(buffer.data(), size)) != manifest.chunks[index]) {
      return chunk_begin(manifest, index);
    }
  }
  return manifest.bytes;
}

class ReleaseFetch::Ahead {
 public:
  Ahead(ReleaseFetch& fetch, const protocol::ArtifactManifest& manifest, std::size_t index)
      : fetch_(fetch), begin_(chunk_begin(manifest, index)) {
    fetch_.blobs_.begin(fetch_.release_, begin_, static_cast<std::uint32_t>(chunk_size(manifest, index)));
  }
  Ahead(const Ahead&) = delete;
  Ahead& operator=(const Ahead&) = delete;
  ~Ahead() { fetch_.blobs_.give_up(fetch_.release_, begin_); }

 private:
  ReleaseFetch& fetch_;
  std::uint64_t begin_;
};

std::string ReleaseFetch::chunk(const protocol::ArtifactManifest& manifest, std::size_t index,
                                std::unique_ptr<Ahead> ahead) {
  const std::uint64_t begin = chunk_begin(manifest, index);
  const std::size_t size = chunk_size(manifest, index);
  for (unsigned attempt = 0; attempt < limits::chunk_attempts_max; ++attempt) {
    check_cancelled();
    std::string bytes = blobs_.fetch(release_, false, begin, static_cast<std::uint32_t>(size),
                                     context_.deadline_boot_ms, context_.stop);
    // A wrong answer is not kept: it is asked for anew.
    ahead.reset();
    if (bytes.size() == size && sha256(bytes) == manifest.chunks[index]) return bytes;
  }
  throw ChecksumError("chunk " + std::to_string(index + 1) + " of " + std::to_string(manifest.chunks.size()) +
                      " arrived " + std::to_string(limits::chunk_attempts_max) +
                      " times with a wrong digest: the coordinator's copy of the artifact is damaged, pack it again");
}

std::uint64_t ReleaseFetch::complete(int file, const protocol::ArtifactManifest& manifest, std::uint64_t from) {
  if (::ftruncate(file, static_cast<off_t>(from)) != 0) throw_errno("truncating the staged archive");
  if (::lseek(file, static_cast<off_t>(from), SEEK_SET) < 0) throw_errno("positioning in the staged archive");
  std::deque<std::unique_ptr<Ahead>> window;
  auto asked = static_cast<std::size_t>(from / manifest.chunk_bytes);
  for (std::size_t index = asked; index < manifest.chunks.size(); ++index) {
    for (; asked < manifest.chunks.size() && window.size() < limits::chunks_in_flight_max; ++asked) {
      window.push_back(std::make_unique<Ahead>(*this, manifest, asked));
    }
    std::unique_ptr<Ahead> first = std::move(window.front());
    window.pop_front();
    write_fully(file, chunk(manifest, index, std::move(first)), "the staged archive");
  }
  return manifest.bytes - from;
}

}  // namespace switchyard::agent
