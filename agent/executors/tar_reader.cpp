#include "agent/executors/tar_reader.hpp"

#include <algorithm>
#include <charconv>
#include <utility>

#include "common/limits.hpp"

namespace switchyard::agent {
namespace {

// Fields of a ustar header: offset and length.
struct Field {
  std::size_t offset;
  std::size_t length;
};
constexpr Field name_field{0, 100};
constexpr Field mode_field{100, 8};
constexpr Field size_field{124, 12};
constexpr Field checksum_field{148, 8};
constexpr Field link_field{157, 100};
constexpr Field magic_field{257, 8};
constexpr Field prefix_field{345, 155};
constexpr std::size_t type_offset = 156;
constexpr std::uint64_t block_bytes = 512;

std::string_view raw(const std::array<char, 512>& block, Field field) {
  return std::string_view(block.data() + field.offset, field.length);
}

/// Text up to the first NUL. Bytes after it must be NUL as well, so that no name can mean two things.
std::string text_of(const std::array<char, 512>& block, Field field) {
  const std::string_view all = raw(block, field);
  const std::size_t end = std::min(all.find('\0'), all.size());
  if (all.substr(end).find_first_not_of('\0') != std::string_view::npos) {
    throw ArchiveError("a header field has bytes after its end");
  }
  return std::string(all.substr(0, end));
}

std::uint64_t octal_of(const std::array<char, 512>& block, Field field, const char* what) {
  std::string_view digits = raw(block, field);
  while (!digits.empty() && (digits.back() == '\0' || digits.back() == ' ')) digits.remove_suffix(1);
  while (!digits.empty() && digits.front() == ' ') digits.remove_prefix(1);
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value, 8);
  if (error != std::errc() || end != digits.data() + digits.size()) {
    throw ArchiveError(std::string("a header's ") + what + " is not an octal number");
  }
  return value;
}

void check_checksum(const std::array<char, 512>& block) {
  std::uint64_t sum = 0;
  for (std::size_t i = 0; i < block.size(); ++i) {
    const bool inside = i >= checksum_field.offset && i < checksum_field.offset + checksum_field.length;
    sum += inside ? std::uint64_t{' '} : static_cast<unsigned char>(block[i]);
  }
  if (sum != octal_of(block, checksum_field, "checksum")) throw ArchiveError("a header's checksum is wrong");
}

bool all_zero(std::string_view bytes) { return bytes.find_first_not_of('\0') == std::string_view::npos; }

std::uint64_t padding_of(std::uint64_t bytes) { return (block_bytes - bytes % block_bytes) % block_bytes; }

std::string_view type_name(char type) {
  switch (type) {
    case '1':
      return "a hard link";
    case '3':
    case '4':
      return "a device";
    case '6':
      return "a named pipe";
    case 'S':
      return "a sparse file";
    case 'L':
    case 'K':
      return "a GNU long name";
    default:
      return "of an unknown type";
  }
}

bool starts_with_any(std::string_view text, std::initializer_list<std::string_view> starts) {
  return std::any_of(starts.begin(), starts.end(), [&](std::string_view start) { return text.starts_with(start); });
}

}  // namespace

std::string in_quotes(std::string_view text) {
  constexpr std::size_t shown_max = 200;
  std::string shown = "'";
  for (const char c : text.substr(0, shown_max)) {
    shown += static_cast<unsigned char>(c) < 0x20 || c == 0x7f ? '?' : c;
  }
  return shown + (text.size() > shown_max ? "...'" : "'");
}

/// What a pax header says of the next entry.
struct TarReader::Extension {
  bool seen = false;
  std::optional<std::string> path;
  std::optional<std::string> target;
  std::optional<std::uint64_t> bytes;

  void take(std::string_view key, std::string_view value) {
    if (key == "path") {
      path = std::string(value);
    } else if (key == "linkpath") {
      target = std::string(value);
    } else if (key == "size") {
      std::uint64_t size = 0;
      const auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), size, 10);
      if (error != std::errc() || end != value.data() + value.size()) throw ArchiveError("a pax size is no number");
      bytes = size;
    } else if (!starts_with_any(key, {"mtime", "atime", "ctime", "uid", "gid", "uname", "gname", "comment",
                                      "LIBARCHIVE.creationtime", "SCHILY.dev", "SCHILY.ino", "SCHILY.nlink"})) {
      throw ArchiveError("a pax header has the key " + in_quotes(key) +
                         ": extended attributes, ACLs and sparse files are not allowed in a release");
    }
  }

  /// Records of the form "<length> <key>=<value>\n", where the length counts the whole record.
  void parse(std::string_view records) {
    while (!records.empty()) {
      std::size_t length = 0;
      const auto [digits_end, error] = std::from_chars(records.data(), records.data() + records.size(), length, 10);
      const auto digits = static_cast<std::size_t>(digits_end - records.data());
      if (error != std::errc() || length < digits + 3 || length > records.size() || records[digits] != ' ' ||
          records[length - 1] != '\n') {
        throw ArchiveError("a pax header is malformed");
      }
      const std::string_view pair = records.substr(digits + 1, length - digits - 2);
      const std::size_t equals = pair.find('=');
      if (equals == std::string_view::npos || equals == 0) throw ArchiveError("a pax header is malformed");
      take(pair.substr(0, equals), pair.substr(equals + 1));
      records.remove_prefix(length);
    }
  }
};

TarReader::TarReader(Source source) : source_(std::move(source)) {}

bool TarReader::read_block(Block& block) {
  const std::size_t got = source_(block.data(), block.size());
  if (got != 0 && got != block.size()) throw ArchiveError("the archive is cut off");
  return got != 0;
}

void TarReader::skip_file() {
  std::array<char, 4096> buffer;
  for (std::uint64_t skip = left_ + padding_; skip > 0;) {
    const auto piece = static_cast<std::size_t>(std::min<std::uint64_t>(skip, buffer.size()));
    if (source_(buffer.data(), piece) != piece) throw ArchiveError("the archive is cut off");
    skip -= piece;
  }
  left_ = 0;
  padding_ = 0;
}

std::string TarReader::read_extension(const Block& header) {
  const std::uint64_t size = octal_of(header, size_field, "size");
  if (size > limits::archive_header_bytes_max) throw ArchiveError("a pax header is larger than allowed");
  const std::uint64_t padded = size + padding_of(size);
  std::string bytes(static_cast<std::size_t>(padded), '\0');
  if (source_(bytes.data(), bytes.size()) != bytes.size()) throw ArchiveError("the archive is cut off");
  bytes.resize(static_cast<std::size_t>(size));
  return bytes;
}

ArchiveEntry TarReader::entry_of(const Block& header, Extension& extension) {
  ArchiveEntry entry;
  entry.path = text_of(header, name_field);
  const std::string prefix = text_of(header, prefix_field);
  if (!prefix.empty()) entry.path = prefix + "/" + entry.path;
  if (extension.path) entry.path = *extension.path;
  if (entry.path.find('\0') != std::string::npos) throw ArchiveError("a name holds a NUL byte");
  entry.mode = static_cast<std::uint32_t>(octal_of(header, mode_field, "mode"));
  entry.bytes = extension.bytes.value_or(octal_of(header, size_field, "size"));
  const char type = header[type_offset];
  if (type == '0' || type == '\0') {
    entry.kind = EntryKind::file;
  } else if (type == '5') {
    entry.kind = EntryKind::directory;
    if (entry.path.size() > 1 && entry.path.ends_with('/')) entry.path.pop_back();
  } else if (type == '2') {
    entry.kind = EntryKind::link;
    entry.target = extension.target ? *extension.target : text_of(header, link_field);
  } else {
    throw ArchiveError(in_quotes(entry.path) + " is " + std::string(type_name(type)) +
                       ", which is not allowed in a release");
  }
  if (entry.kind != EntryKind::file && entry.bytes != 0) {
    throw ArchiveError(in_quotes(entry.path) + " has content but is no file");
  }
  return entry;
}

std::optional<ArchiveEntry> TarReader::next() {
  if (ended_) return std::nullopt;
  skip_file();
  Extension extension;
  // At most one header for all entries and one for this entry may come before it.
  for (unsigned extensions = 0;; ++extensions) {
    Block header;
    if (!read_block(header)) throw ArchiveError("the archive is cut off: it has no end mark");
    if (all_zero(std::string_view(header.data(), header.size()))) {
      if (extension.seen) throw ArchiveError("the archive ends after a pax header");
      expect_end();
      return std::nullopt;
    }
    check_checksum(header);
    if (raw(header, magic_field) != std::string_view("ustar\00000", 8)) {
      throw ArchiveError("a header is not of the ustar format");
    }
    const char type = header[type_offset];
    if (type != 'x' && type != 'g') {
      ArchiveEntry entry = entry_of(header, extension);
      left_ = entry.kind == EntryKind::file ? entry.bytes : 0;
      padding_ = padding_of(left_);
      return entry;
    }
    if (extensions == 2) throw ArchiveError("an entry has more than two pax headers");
    // A header for all entries may carry a comment (git writes the commit), but must not rename or resize anything.
    Extension parsed;
    parsed.parse(read_extension(header));
    if (type == 'x') {
      extension = std::move(parsed);
      extension.seen = true;
    } else if (parsed.path || parsed.target || parsed.bytes) {
      throw ArchiveError("a global pax header sets a path or a size");
    }
  }
}

std::size_t TarReader::read(char* buffer, std::size_t size) {
  const auto wanted = static_cast<std::size_t>(std::min<std::uint64_t>(size, left_));
  if (wanted == 0) return 0;
  if (source_(buffer, wanted) != wanted) throw ArchiveError("the archive is cut off");
  left_ -= wanted;
  return wanted;
}

void TarReader::expect_end() {
  ended_ = true;
  Block block;
  bool second = false;
  for (std::uint64_t padding = 0; read_block(block); padding += block_bytes) {
    second = true;
    if (!all_zero(std::string_view(block.data(), block.size()))) throw ArchiveError("bytes follow the archive's end");
    if (padding > limits::archive_padding_bytes_max) throw ArchiveError("too much padding follows the archive's end");
  }
  if (!second) throw ArchiveError("the archive is cut off: its end mark is half");
}

}  // namespace switchyard::agent
