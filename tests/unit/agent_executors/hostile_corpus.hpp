#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "tests/unit/agent_executors/archives.hpp"

/// Archives that somebody made to do harm, built here byte by byte. Shared by the tests of unpacking.
namespace switchyard::agent::testing {

/// What shall become of it. In either case nothing outside of the place of unpacking may change.
enum class Fate { refused, harmless };

struct Hostile {
  std::string name;
  std::string tar;  ///< the whole stream; compressed by the test, unless `raw`
  std::uint64_t unpacked = 1 << 20;
  std::uint32_t entries = 100;
  std::vector<std::string> shared = {};
  Fate fate = Fate::refused;
  bool raw = false;          ///< `tar` is the compressed stream itself, or what claims to be one
  bool by_checksum = false;  ///< it is the header's checksum that gives it away, on purpose
};

std::vector<Hostile> hostile_corpus();

/// A directory of this process, outside of every host of a test: absolute names in the corpus lead there.
const std::filesystem::path& bait();

// Parts of the corpus.
void add_classic_tricks(std::vector<Hostile>& corpus);
void add_more_tricks(std::vector<Hostile>& corpus);

inline Hostile whole(const std::string& name, const Tar& tar) {
  Hostile hostile;
  hostile.name = name;
  hostile.tar = tar.finish();
  return hostile;
}

}  // namespace switchyard::agent::testing
