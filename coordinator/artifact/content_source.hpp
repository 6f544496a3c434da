#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace switchyard::artifact {

enum class EntryKind : std::uint8_t { directory, file, link };

/// One thing that a release will contain. Owner, time and exact mode are left behind: equal content gives an equal id.
struct PackEntry {
  std::string path;  ///< relative, without `./`
  EntryKind kind = EntryKind::file;
  bool executable = false;
  std::uint64_t bytes = 0;  ///< of a file
  std::string target;       ///< of a link
  std::uint64_t token = 0;  ///< where the source finds a file's content
};

/// Where an artifact's content comes from: a directory, or a tarball. Throws InputError for what a release cannot hold,
/// SysError when reading fails.
class ContentSource {
 public:
  virtual ~ContentSource() = default;
  /// All entries, directories included, sorted by path.
  virtual const std::vector<PackEntry>& entries() const = 0;
  /// Hands the file's content over, piece by piece: exactly entry.bytes.
  virtual void read(const PackEntry& entry, const std::function<void(std::string_view)>& piece) = 0;
};

/// Reads `bytes` of the descriptor from `offset`. Throws InputError when there are fewer or more (`exact`): then the
/// file changed while it was packed.
void read_range(int descriptor, std::uint64_t offset, std::uint64_t bytes, bool exact, const std::string& what,
                const std::function<void(std::string_view)>& piece);

}  // namespace switchyard::artifact
