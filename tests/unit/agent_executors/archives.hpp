#pragma once

#include <zstd.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <map>
#include <mutex>
#include <set>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "agent/executors/executor.hpp"
#include "common/crypto.hpp"
#include "common/error.hpp"
#include "common/limits.hpp"
#include "protocol/artifact.hpp"

namespace switchyard::agent::testing {

/// Writes tar streams byte by byte, right ones and wrong ones: no library would write most of the latter.
class Tar {
 public:
  struct Entry {
    std::string path = {};
    char type = '0';
    std::string content = {};
    std::string target = {};
    unsigned mode = 0644;
    std::string magic = std::string("ustar\00000", 8);
    std::string size_field = {};  // instead of the content's size
    bool bad_checksum = false;
  };

  Tar& add(const Entry& entry) {
    std::array<char, 512> header{};
    const auto put = [&](std::size_t at, std::size_t size, const std::string& text) {
      std::memcpy(header.data() + at, text.data(), std::min(size, text.size()));
    };
    const auto octal = [](unsigned long long value, int digits) {
      std::array<char, 32> text{};
      std::snprintf(text.data(), text.size(), "%0*llo", digits, value);
      return std::string(text.data());
    };
    put(0, 100, entry.path);
    put(100, 8, octal(entry.mode, 7));
    put(108, 8, octal(0, 7));
    put(116, 8, octal(0, 7));
    put(124, 12, entry.size_field.empty() ? octal(entry.content.size(), 11) : entry.size_field);
    put(136, 12, octal(0, 11));
    put(148, 8, "        ");
    header[156] = entry.type;
    put(157, 100, entry.target);
    put(257, 8, entry.magic);
    unsigned sum = 0;
    for (const char c : header) sum += static_cast<unsigned char>(c);
    put(148, 8, octal(sum + (entry.bad_checksum ? 1 : 0), 6) + std::string("\0 ", 2));
    bytes_.append(header.data(), header.size());
    bytes_ += entry.content;
    bytes_.append((512 - entry.content.size() % 512) % 512, '\0');
    if (entry.type != 'x' && entry.type != 'g') {
      ++entries_;
      if (entry.type == '0') unpacked_ += entry.content.size();
    }
    return *this;
  }
  Tar& file(const std::string& path, const std::string& content, unsigned mode = 0644) {
    return add({.path = path, .content = content, .mode = mode});
  }
  Tar& directory(const std::string& path, unsigned mode = 0755) {
    return add({.path = path + "/", .type = '5', .mode = mode});
  }
  Tar& link(const std::string& path, const std::string& target) {
    return add({.path = path, .type = '2', .target = target, .mode = 0777});
  }
  static std::string record(const std::string& key, const std::string& value) {
    const std::string rest = " " + key + "=" + value + "\n";
    std::size_t length = rest.size() + 1;
    while (std::to_string(length).size() + rest.size() != length) length = std::to_string(length).size() + rest.size();
    return std::to_string(length) + rest;
  }
  Tar& pax(const std::string& records, char type = 'x') {
    return add({.path = "PaxHeaders/x", .type = type, .content = records});
  }
  Tar& raw(const std::string& bytes) {
    bytes_ += bytes;
    return *this;
  }
  /// With the end mark.
  std::string finish() const { return bytes_ + std::string(1024, '\0'); }
  const std::string& unfinished() const { return bytes_; }
  std::uint32_t entries() const { return entries_; }
  std::uint64_t unpacked() const { return unpacked_; }

 private:
  std::string bytes_;
  std::uint32_t entries_ = 0;
  std::uint64_t unpacked_ = 0;
};

inline std::string compressed(const std::string& bytes, int level = 3) {
  std::string out(ZSTD_compressBound(bytes.size()), '\0');
  out.resize(ZSTD_compress(out.data(), out.size(), bytes.data(), bytes.size(), level));
  return out;
}

/// An artifact as the coordinator keeps it.
struct Artifact {
  std::string archive;
  std::string manifest;
  ReleaseId release;
  protocol::ArtifactRef ref;
};

inline Artifact make_artifact(const std::string& archive, std::uint64_t unpacked_bytes, std::uint32_t entries,
                              std::uint32_t chunk_bytes = limits::chunk_bytes_max) {
  protocol::ArtifactManifest manifest{.bytes = archive.size(),
                                      .unpacked_bytes = unpacked_bytes,
                                      .entries = entries,
                                      .chunk_bytes = chunk_bytes,
                                      .chunks = {}};
  for (std::size_t at = 0; at < archive.size(); at += chunk_bytes) {
    manifest.chunks.push_back(sha256(std::string_view(archive).substr(at, chunk_bytes)));
  }
  Artifact artifact{.archive = archive, .manifest = protocol::encode_artifact(manifest), .release = {}, .ref = {}};
  artifact.release = protocol::release_id(artifact.manifest);
  artifact.ref = {.release = artifact.release, .bytes = manifest.bytes, .unpacked_bytes = unpacked_bytes};
  return artifact;
}

inline Artifact make_artifact(const Tar& tar, std::uint32_t chunk_bytes = limits::chunk_bytes_max) {
  return make_artifact(compressed(tar.finish()), tar.unpacked(), tar.entries(), chunk_bytes);
}

/// The bulk socket's stand-in: serves artifacts, counts, and fails as told.
class FakeBlobs final : public BlobSource {
 public:
  std::string fetch(const ReleaseId& release, bool manifest, std::uint64_t offset, std::uint32_t length, std::int64_t,
                    const std::stop_token&) override {
    if (!manifest && left_until_cut_ == 0) throw TransportError("the coordinator cannot be reached");
    if (!manifest && left_until_cut_ > 0) --left_until_cut_;
    const auto found = artifacts_.find(release);
    if (found == artifacts_.end()) throw TransportError("the coordinator has no such artifact");
    const std::string& all = manifest ? found->second.manifest : found->second.archive;
    std::string bytes = offset < all.size() ? all.substr(static_cast<std::size_t>(offset), length) : std::string();
    if (!manifest) {
      ++chunks_fetched;
      if (damaged_ > 0 && !bytes.empty()) {
        --damaged_;
        bytes[bytes.size() / 2] = static_cast<char>(bytes[bytes.size() / 2] ^ 1);
      }
    }
    return bytes;
  }
  void begin(const ReleaseId&, std::uint64_t offset, std::uint32_t) override {
    begun.insert(offset);
    most_begun = std::max(most_begun, begun.size());
  }
  void give_up(const ReleaseId&, std::uint64_t offset) override { begun.erase(begun.find(offset)); }
  void add(const Artifact& artifact) { artifacts_[artifact.release] = artifact; }
  Artifact& artifact(const ReleaseId& release) { return artifacts_[release]; }
  void cut_after(int chunks) { left_until_cut_ = chunks; }
  void damage_next(int chunks) { damaged_ = chunks; }

  int chunks_fetched = 0;
  std::multiset<std::uint64_t> begun;  ///< and not yet given up
  std::size_t most_begun = 0;

 private:
  std::map<ReleaseId, Artifact> artifacts_;
  int left_until_cut_ = -1;
  int damaged_ = 0;
};

}  // namespace switchyard::agent::testing
