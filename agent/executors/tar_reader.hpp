#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "agent/executors/directory.hpp"
#include "common/error.hpp"

namespace switchyard::agent {

/// An archive is not what we take. what() names the entry and the rule.
struct ArchiveError : DecodeError {
  using DecodeError::DecodeError;
};

/// For messages: a hostile name must not be able to fake a line of a log or to fill a report.
std::string in_quotes(std::string_view text);

struct ArchiveEntry {
  std::string path;  ///< as it stands in the archive, without one slash at the end of a directory's name
  EntryKind kind = EntryKind::file;
  std::uint32_t mode = 0;
  std::uint64_t bytes = 0;  ///< of a file
  std::string target;       ///< of a link
};

/// Reads a tar stream entry by entry, in constant memory. It knows the formats that our packer writes (ustar, and pax
/// for long names and sizes) and refuses everything else: hard links, devices, named pipes, sparse files, GNU
/// extensions, extended attributes, ACLs, checksums that do not match, a stream without an end or with bytes after it.
/// A general library would take all of these, and would cost the agent a third of its memory budget (docs/adr). One
/// thread; throws ArchiveError, and what the source throws.
class TarReader {
 public:
  /// Fills the buffer as far as it can; less than `size` only at the end.
  using Source = std::function<std::size_t(char* buffer, std::size_t size)>;
  explicit TarReader(Source source);

  /// The next entry; what was not read of the present one is skipped. Nothing at the end of the archive.
  std::optional<ArchiveEntry> next();
  /// Bytes of the present entry's file; 0 at its end.
  std::size_t read(char* buffer, std::size_t size);

 private:
  using Block = std::array<char, 512>;
  struct Extension;

  bool read_block(Block& block);
  void skip_file();
  std::string read_extension(const Block& header);
  ArchiveEntry entry_of(const Block& header, Extension& extension);
  void expect_end();

  Source source_;
  std::uint64_t left_ = 0;     // of the present file
  std::uint64_t padding_ = 0;  // after it
  bool ended_ = false;
};

}  // namespace switchyard::agent
