// libFuzzer target: an archive from a stranger. The first byte chooses: the rest is the compressed stream as it stands;
// or a tar, whose checksums are put right first so that what they guard is reached. Whatever it holds, nothing outside
// the directory that it is unpacked into may change, and what was unpacked obeys its bounds.
#include <sys/stat.h>
#include <zstd.h>

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <string>
#include <string_view>
#include <vector>

#include "agent/executors/unpack.hpp"
#include "common/ensure.hpp"
#include "tests/unit/agent_executors/scratch.hpp"

namespace {

using namespace switchyard;
namespace fs = std::filesystem;

constexpr agent::ArchiveBounds bounds{.unpacked_bytes = 64 * 1024, .entries = 64};

/// scratch/outside holds what an attacker would like to change, scratch/host/in is where archives are unpacked.
class Ground {
 public:
  Ground() {
    fs::create_directories(scratch_ / "outside" / "d");
    fs::create_directories(scratch_ / "host" / "in");
    std::ofstream(scratch_ / "outside" / "keep") << "keep";
    std::ofstream(scratch_ / "host" / "keep") << "keep";
    before_ = state();
  }
  fs::path in() const { return scratch_ / "host" / "in"; }
  void check() const { ENSURE(state() == before_); }

 private:
  /// A directory's time of change tells of everything that comes, goes or is renamed in it.
  std::vector<std::string> state() const {
    std::vector<std::string> all;
    for (const char* name : {"", "outside", "outside/d", "outside/keep", "host", "host/keep"}) {
      struct stat info {};
      ENSURE(::lstat((scratch_ / name).c_str(), &info) == 0);
      all.push_back(std::to_string(info.st_mtim.tv_sec) + "." + std::to_string(info.st_mtim.tv_nsec) + " " +
                    std::to_string(info.st_mode) + " " + std::to_string(info.st_uid) + " " +
                    std::to_string(info.st_size) + " " + std::to_string(info.st_nlink));
    }
    return all;
  }

  agent::testing::Scratch scratch_;
  std::vector<std::string> before_;
};

/// Walks the blocks as a tar reader would, and writes each header's checksum.
void repair_checksums(std::string& tar) {
  constexpr std::size_t block = 512;
  for (std::size_t at = 0; at + block <= tar.size();) {
    char* header = tar.data() + at;
    std::memset(header + 148, ' ', 8);
    unsigned sum = 0;
    for (std::size_t i = 0; i < block; ++i) sum += static_cast<unsigned char>(header[i]);
    if (sum == 8 * ' ') {  // an empty block: the end
      std::memset(header + 148, 0, 8);
      return;
    }
    std::snprintf(header + 148, 8, "%06o", sum);
    std::size_t bytes = 0;
    for (std::size_t i = 124; i < 136 && header[i] >= '0' && header[i] <= '7'; ++i)
      bytes = bytes * 8 + static_cast<std::size_t>(header[i] - '0');
    if (bytes > tar.size()) return;
    at += block + (bytes + block - 1) / block * block;
  }
}

std::string compressed(const std::string& bytes) {
  std::string out(ZSTD_compressBound(bytes.size()), '\0');
  out.resize(ZSTD_compress(out.data(), out.size(), bytes.data(), bytes.size(), 1));
  return out;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const Ground ground;
  if (size == 0) return 0;
  std::string stream(reinterpret_cast<const char*>(data) + 1, size - 1);
  if (data[0] % 4 != 0) {
    repair_checksums(stream);
    if (data[0] % 4 == 1) stream.resize((stream.size() + 511) / 512 * 512 + 1024);  // a right end
    stream = compressed(stream);
  }
  std::size_t given = 0;
  const auto source = [&](char* buffer, std::size_t wanted) {
    const std::size_t got = std::min(wanted, stream.size() - given);
    std::memcpy(buffer, stream.data() + given, got);
    given += got;
    return got;
  };
  const agent::Directory parent = agent::Directory::open(ground.in().parent_path());
  const agent::Directory into = agent::Directory::open(ground.in());
  try {
    const agent::FileList list = agent::unpack(source, into, bounds, {"log", "data/cache"}, 2, {});
    std::uint64_t bytes = 0;
    for (const auto& [path, fact] : list.files) bytes += fact.bytes;
    ENSURE(bytes <= bounds.unpacked_bytes);
  } catch (const agent::ArchiveError&) {
  } catch (const SysError&) {
  }
  ground.check();
  for (const std::string& name : into.names()) into.remove_tree(name);
  return 0;
}
